/**
 * The format of test/transcripts/pop3/*.pop3, so that the same files play against the pure machine and over a socket.
 *
 *     # comment; the first one names the rule
 *     #! maildrop 120 4096     sizes of the messages in the maildrop, in order; none: an empty one
 *     #! refuse in-use         the first login ends with this MaildropRefusal (only 'in-use' can be played over a socket)
 *     #! expunge failed        QUIT cannot remove the messages (not playable over a socket)
 *     #! passwords no          the connection may not carry passwords (not playable over a socket)
 *     C: line to send          consecutive C lines are sent in one write
 *     S: line to expect
 *     C! hang up               the client drops the connection
 *     C! connect               and comes back, to the same account
 *
 * In C lines `<x*300>` stands for 300 times x. In S lines `<message 1>` stands for message 1 dot-stuffed, `<top 1 3>` for its
 * header and three lines (both without the closing dot line), `<uidl 1>` for the unique-id of message 1 inside a line.
 * The account is alice@example.org, its password `correct horse`.
 */
import { MAILDROP_REFUSALS, type MaildropRefusal } from './world.ts';

export const USER = 'alice@example.org';
export const PASSWORD = 'correct horse';

export interface TranscriptWorld {
  readonly sizes: readonly number[];
  readonly refuse: MaildropRefusal | undefined;
  readonly expunge: 'removed' | 'failed';
  readonly passwords: boolean;
}

export interface TranscriptStep {
  readonly who: 'client' | 'server' | 'connection';
  readonly text: string;
  /** Line number in the file, from 1. */
  readonly at: number;
}

export interface Transcript {
  readonly world: TranscriptWorld;
  readonly steps: readonly TranscriptStep[];
  /** False when the world of this transcript can only be played by a fake. */
  readonly overSocket: boolean;
}

const PLAIN_WORLD: TranscriptWorld = { sizes: [], refuse: undefined, expunge: 'removed', passwords: true };

/** Throws on a line that is not of the format: a transcript is code. */
export function parseTranscript(text: string): Transcript {
  const world = { ...PLAIN_WORLD };
  const steps: TranscriptStep[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const mark = line.slice(0, 2);
    const rest = line.slice(3);
    if (mark === '#!') Object.assign(world, directive(rest));
    else if (mark === 'C:') steps.push({ who: 'client', text: repeated(rest), at: index + 1 });
    else if (mark === 'S:') steps.push({ who: 'server', text: rest, at: index + 1 });
    else if (mark === 'C!' && (rest === 'hang up' || rest === 'connect')) {
      steps.push({ who: 'connection', text: rest, at: index + 1 });
    } else if (line !== '' && !line.startsWith('#'))
      throw new Error(`line ${index + 1} is none of C: S: C! #: ${line}`);
  }
  const { refuse, expunge, passwords } = world;
  return { world, steps, overSocket: (refuse ?? 'in-use') === 'in-use' && expunge === 'removed' && passwords };
}

function directive(text: string): Partial<TranscriptWorld> {
  const [name, ...values] = text.split(' ');
  const refuse = MAILDROP_REFUSALS.find((refusal) => refusal === values[0]);
  if (name === 'maildrop') return { sizes: values.map(Number) };
  if (name === 'refuse' && refuse) return { refuse };
  if (name === 'expunge' && values[0] === 'failed') return { expunge: 'failed' };
  if (name === 'passwords' && values[0] === 'no') return { passwords: false };
  throw new Error(`unknown directive: ${text}`);
}

const repeated = (text: string): string =>
  text.replace(/<(.)\*(\d+)>/g, (_, character: string, times: string) => character.repeat(Number(times)));
