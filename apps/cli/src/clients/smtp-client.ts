/** Hands one message to an SMTP server, as any mail program would. RFC 5321. */
import { LineClient, refused, type Endpoint } from './line-client.ts';

export interface Outgoing {
  /** '' is the null reverse-path. */
  readonly from: string;
  readonly to: readonly string[];
  /** The whole message; any line ends. */
  readonly message: Buffer;
}

export interface Sent {
  /** The last reply, `250 2.0.0 queued as msg_..`. */
  readonly reply: string;
  readonly dialogue: readonly string[];
}

/** Throws CommandFailure with the server's words when it takes less than everything. */
export async function sendMail(endpoint: Endpoint, { from, to, message }: Outgoing): Promise<Sent> {
  const client = await LineClient.connect('SMTP', endpoint);
  try {
    await expectReply(client, '220');
    await client.say('EHLO localhost');
    const features = await expectReply(client, '250');
    const data = toCrlf(message);
    await client.say(`MAIL FROM:<${from}>${parameters([from, ...to], data, features)}`);
    await expectReply(client, '250');
    for (const recipient of to) {
      await client.say(`RCPT TO:<${recipient}>`);
      await expectReply(client, '250');
    }
    await client.say('DATA');
    await expectReply(client, '354');
    client.dialogue.push(`C: (${data.length} octets)`, 'C: .');
    await client.send(stuffed(data));
    const lines = await expectReply(client, '250');
    await client.say('QUIT');
    await expectReply(client, '221');
    return { reply: lines.at(-1) ?? '', dialogue: client.dialogue };
  } finally {
    client.close();
  }
}

/** All lines of one reply. RFC 5321 4.2.1: a hyphen behind the code means that more follow. */
async function expectReply(client: LineClient, code: string): Promise<string[]> {
  const lines: string[] = [];
  do lines.push(await client.line());
  while (lines.at(-1)?.charAt(3) === '-' && lines.length < MAX_REPLY_LINES);
  const last = lines.at(-1) ?? '';
  if (!last.startsWith(code)) throw refused('SMTP', last);
  return lines;
}

const MAX_REPLY_LINES = 100;

const isAscii = (text: string): boolean =>
  Array.from(text).every((character) => (character.codePointAt(0) ?? 0) < 0x80);

function parameters(paths: readonly string[], data: Buffer, features: readonly string[]): string {
  const offers = (name: string): boolean => features.some((line) => line.slice(4).toUpperCase().split(' ')[0] === name);
  const size = offers('SIZE') ? ` SIZE=${data.length}` : '';
  const body = offers('8BITMIME') && data.some((octet) => octet > 0x7f) ? ' BODY=8BITMIME' : '';
  const utf8 = offers('SMTPUTF8') && !paths.every(isAscii) ? ' SMTPUTF8' : '';
  return size + body + utf8;
}

/** Every line end becomes CRLF, and the last line has one. */
export function toCrlf(message: Buffer): Buffer {
  const text = message.toString('latin1').replace(/\r\n|\r|\n/g, '\r\n');
  return Buffer.from(text.endsWith('\r\n') ? text : `${text}\r\n`, 'latin1');
}

/** RFC 5321 4.5.2, with the final dot. */
function stuffed(data: Buffer): Buffer {
  const text = data.toString('latin1').replace(/^\./, '..').replaceAll('\r\n.', '\r\n..');
  return Buffer.from(`${text}.\r\n`, 'latin1');
}
