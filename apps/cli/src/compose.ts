/** A small message for probes and `send`. RFC 5322. */
import { randomBytes } from 'node:crypto';

export interface Letter {
  readonly from: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
}

/** @returns the message with CRLF line ends */
export function compose({ from, to, subject, text }: Letter): Buffer {
  const host = from.slice(from.lastIndexOf('@') + 1) || 'localhost';
  const fields = [
    `From: <${from}>`,
    `To: ${to.map((address) => `<${address}>`).join(',\r\n ')}`,
    `Subject: ${encodeWords(subject)}`,
    `Date: ${new Date().toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: <${randomBytes(16).toString('hex')}@${host}>`,
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: 8bit',
  ];
  return Buffer.from(`${fields.join('\r\n')}\r\n\r\n${text}`, 'utf8');
}

/** RFC 2047: 45 octets give 60 characters of base64, within the 75 a word may have. */
const WORD_OCTETS = 45;

function encodeWords(text: string): string {
  if (Array.from(text).every((character) => character >= ' ' && character <= '~') && text.length < 900) return text;
  const words: string[] = [];
  let word = '';
  for (const character of text) {
    if (Buffer.byteLength(word + character) > WORD_OCTETS) {
      words.push(word);
      word = '';
    }
    word += character;
  }
  return [...words, word].map((part) => `=?UTF-8?B?${Buffer.from(part, 'utf8').toString('base64')}?=`).join('\r\n ');
}

/** The field by which a composed letter is found again, whatever else of it was changed on the way. */
export const messageIdField = (letter: Buffer): string =>
  /^Message-ID: .*$/m.exec(letter.toString('latin1'))?.[0] ?? '';

/**
 * A message from an mbox file begins with a line that is the mailbox's and no field (RFC 4155): what follows it, where that is a message. A text
 * that begins with the word stays as it is.
 */
export function withoutMboxLine(content: Buffer): Buffer {
  const end = content.subarray(0, 1_000).indexOf('\n');
  if (end < 0 || content.subarray(0, 5).toString('latin1') !== 'From ') return content;
  const rest = content.subarray(end + 1);
  return beginsWithHeader(rest) ? rest : content;
}

/** Whether the text begins with a header field: then it is a whole message, else only its words. */
export const beginsWithHeader = (message: Buffer): boolean =>
  /^[!-9;-~]{1,76}:/.test(message.subarray(0, 80).toString('latin1'));
