import { MessageScanner, type MessageIndex } from './index.ts';

export const crlf = (text: string): Buffer => Buffer.from(text.replaceAll('\n', '\r\n'), 'latin1');

/** The index of a message that comes in chunks of `step` octets. */
export function scan(message: Buffer, step = message.length || 1): MessageIndex {
  const scanner = new MessageScanner();
  for (let at = 0; at < message.length; at += step) scanner.write(message.subarray(at, at + step));
  return scanner.end();
}

/** Headers that open something. */
export const outer = 'Content-Type: multipart/mixed; boundary=out\n\n';
export const inner = 'Content-Type: multipart/alternative; boundary="in"\n\n';
export const rfc822 = 'Content-Type: message/rfc822\n\n';
