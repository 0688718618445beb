/** How a command ends: the tagged line, or a question to the client first. */
import type { BareCode, ResponseCode, Status } from '#imap';

export interface Reply {
  readonly status: Status;
  readonly text: string;
  readonly code?: ResponseCode;
}

/** The client has the word: its next line goes to `answer`. */
export interface Question {
  /** What follows `+ `. */
  readonly ask: string;
  readonly answer: (line: Buffer) => Reply | Promise<Reply>;
  /** It waits in IDLE: tell it what happens. */
  readonly idle?: true;
}

export type Answer = Reply | Question;

export const ok = (text: string, code?: ResponseCode): Reply =>
  code === undefined ? { status: 'OK', text } : { status: 'OK', text, code };
export const no = (code: BareCode | undefined, text: string): Reply =>
  code === undefined ? { status: 'NO', text } : { status: 'NO', text, code: { code } };
export const bad = (text: string): Reply => ({ status: 'BAD', text });

export const NO_SUCH_FOLDER = no('NONEXISTENT', 'no such folder');
/** Removed under the session, which ends when it hears of it. */
export const NO_SUCH_MAILBOX = no('NONEXISTENT', 'the mailbox was removed');
/** RFC 3501 6.3.11, 6.4.7 */
export const TRY_CREATE = no('TRYCREATE', 'no such folder');
export const OVER_QUOTA = no('OVERQUOTA', 'not enough room in the mailbox');
export const IMPOSSIBLE_NAME = no('CANNOT', 'no folder can have this name');
export const TOO_MANY_KEYWORDS = no('LIMIT', 'too many keywords on a message');
export const TOO_MANY_FOLDERS = no('LIMIT', 'too many folders');
/** RFC 5530 3: the client may not know yet that they are gone. */
const ISSUED = { code: 'EXPUNGEISSUED' } as const;
/** The rest was done: RFC 2180 4.1.2, 4.2.2 leave the choice, and clients take NO for a failure of all of it. */
export const doneButForTheGone = (text: string): Reply => ok(`${text}, some of the messages are gone`, ISSUED);
/** Nothing was done. */
export const SOME_ARE_GONE: Reply = { status: 'NO', text: 'some of the messages are gone', code: ISSUED };
export const TOO_MANY_SESSIONS = no('LIMIT', 'too many sessions of this account');
export const OUT_OF_RANGE = bad('no such message number');
/** Of ours, and it may pass: the client may try again. */
export const UNAVAILABLE = no('UNAVAILABLE', 'temporary failure, try again later');
export const SERVER_BUG = no('SERVERBUG', 'internal error');
