/**
 * The format of test/transcripts/imap/*.imap.
 *
 *     # comment; the first one names the rule
 *     #! inbox 3             so many small messages in INBOX
 *     #! mime                one multipart message more
 *     #! quota 400           octets of the mailbox
 *     #! plaintext never     the setting POSTHOUSE_PLAINTEXT_AUTH
 *     C: line to send        consecutive C lines are sent in one write
 *     S: line to expect
 *     S! closed              the server closes the connection
 *
 * `<user>` is the address of the mailbox, `<user:octets>` its length, `<plain>` and `<plain:other>` SASL PLAIN messages. The password
 * is `correct horse`. Folders have the UIDVALIDITY of their place in the list, from 1.
 */
import { PASSWORD, type ImapHouse, type Mailbox } from './imap.spec-helper.ts';

export interface TranscriptWorld {
  readonly inbox: number;
  readonly mime: boolean;
  readonly quota: number | undefined;
  readonly plaintext: string;
}

export interface TranscriptStep {
  readonly who: 'client' | 'server' | 'closed';
  readonly text: string;
  /** Line number in the file, from 1. */
  readonly at: number;
}

export interface Transcript {
  readonly world: TranscriptWorld;
  readonly steps: readonly TranscriptStep[];
}

/** Throws on a line that is not of the format: a transcript is code. */
export function parseTranscript(text: string): Transcript {
  const world: TranscriptWorld = { inbox: 0, mime: false, quota: undefined, plaintext: 'loopback' };
  const steps: TranscriptStep[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const at = index + 1;
    const mark = line.slice(0, 2);
    const rest = line.slice(3);
    if (mark === '#!') Object.assign(world, directive(rest));
    else if (mark === 'C:') steps.push({ who: 'client', text: rest, at });
    else if (mark === 'S:') steps.push({ who: 'server', text: rest, at });
    else if (line === 'S! closed') steps.push({ who: 'closed', text: '', at });
    else if (line !== '' && !line.startsWith('#')) throw new Error(`line ${at} is none of C: S: S! #: ${line}`);
  }
  return { world, steps };
}

function directive(text: string): Partial<TranscriptWorld> {
  const [word = '', value = ''] = text.split(' ', 2);
  if (word === 'inbox') return { inbox: Number(value) };
  if (word === 'mime') return { mime: true };
  if (word === 'quota') return { quota: Number(value) };
  if (word === 'plaintext') return { plaintext: value };
  throw new Error(`no such directive: ${text}`);
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** What the client really sends. */
export const filled = (text: string, { address }: Mailbox): string =>
  text
    .replaceAll('<user>', address)
    .replaceAll('<user:octets>', String(address.length))
    .replaceAll('<plain>', base64(`\0${address}\0${PASSWORD}`))
    .replaceAll('<plain:other>', base64(`somebody@example.org\0${address}\0${PASSWORD}`));

const PLAIN = (number: number): string =>
  `From: Bob <bob@example.net>\r\nTo: alice@example.org\r\nSubject: message ${number}\r\n` +
  `Date: Mon, 2 Jan 2006 15:04:05 -0700\r\nMessage-ID: <${number}@example.net>\r\n\r\nbody of ${number}\r\n`;

const MIME = [
  'From: carol@example.net',
  'Subject: parts',
  'MIME-Version: 1.0',
  'Content-Type: multipart/mixed; boundary=b',
  '',
  'preamble',
  '--b',
  'Content-Type: text/plain; charset=utf-8',
  '',
  'the first part',
  '--b',
  'Content-Type: message/rfc822',
  '',
  'From: dave@example.net',
  'Subject: inside',
  '',
  'the message inside',
  '--b--',
  '',
].join('\r\n');

/** A mailbox of its own as the transcript wants it. */
export async function prepare(house: ImapHouse, { inbox, mime, quota }: TranscriptWorld): Promise<Mailbox> {
  const mailbox = await house.mailbox(undefined, quota === undefined ? {} : { quotaOctets: quota });
  for (let number = 1; number <= inbox; number++) {
    await house.put(mailbox, PLAIN(number), { date: '2020-01-02T03:04:05Z' });
  }
  if (mime) await house.put(mailbox, MIME, { date: '2021-12-31T23:59:59Z' });
  return mailbox;
}
