/** Faults of ours as replies: what may pass, and what will not. */
import { LoginsBusy } from '#auth';
import { errorCode } from '#runtime';
import { SERVER_BUG, UNAVAILABLE, type Reply } from './reply.ts';

/** A literal was announced and cannot be completed: the connection has lost its framing and must end. */
export class CutShort extends Error {
  override readonly name = 'CutShort';
}

/** SQLSTATE classes of statements that can never succeed: data, constraints, SQL, what the database calls its own bugs. */
const LASTING = /^(22|23|42|XX)[0-9A-Z]{3}$/;
const OUR_MISTAKES = [TypeError, RangeError, ReferenceError, SyntaxError];

/** True: no retry helps, somebody must look at the log. When in doubt it may pass. */
export function isBug(error: unknown): boolean {
  return LASTING.test(errorCode(error) ?? '') || OUR_MISTAKES.some((kind) => error instanceof kind);
}

export const replyToFault = (error: unknown): Reply => (isBug(error) ? SERVER_BUG : UNAVAILABLE);

/** Nothing is wrong with us: there are more logins than can be served. */
export const isOverload = (error: unknown): boolean => error instanceof LoginsBusy;
