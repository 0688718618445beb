/** What the world answers to a session's actions. */
import type { Maildrop } from './maildrop.ts';
import { NO_MARKS } from './marks.ts';
import * as say from './replies.ts';
import { close, fresh, reply, type Session, type Step } from './session.ts';

/**
 * Why a maildrop did not open. `auth`: unknown user or wrong password, never told apart. `disabled`: right password, but the
 * account may not use POP3. `throttled`: too many failed logins lately. `in-use`: another session holds the lock.
 * `temp`: our own trouble.
 */
export const MAILDROP_REFUSALS = ['auth', 'disabled', 'throttled', 'in-use', 'temp'] as const;
export type MaildropRefusal = (typeof MAILDROP_REFUSALS)[number];

export type MaildropAnswer =
  { readonly kind: 'open'; readonly drop: Maildrop } | { readonly kind: 'refused'; readonly why: MaildropRefusal };

/** RFC 3206: [AUTH] makes a client ask its user for another password, so faults of ours must not say it. */
const REFUSALS: Readonly<Record<MaildropRefusal, string>> = {
  auth: say.err('[AUTH] invalid user name or password'),
  disabled: say.err('[SYS/PERM] this account may not use POP3'),
  throttled: say.err('[SYS/TEMP] too many failed logins, try again later'),
  'in-use': say.err('[IN-USE] maildrop is open in another session'),
  temp: say.err('[SYS/TEMP] cannot open the maildrop now, try again later'),
};

/** The answer to `open-maildrop`. */
export function onMaildrop(session: Session, answer: MaildropAnswer): Step {
  const { bad, passwords } = session;
  if (answer.kind === 'refused') return reply(fresh(session), REFUSALS[answer.why]);
  const { drop } = answer;
  return reply(
    { phase: 'transaction', drop, marks: NO_MARKS, bad, passwords },
    say.ok(say.messages(drop.count, drop.octets)),
  );
}

/** `gone`: expunged by someone else meanwhile. `temp`: cannot be read now. `damaged`: cannot be read at all. */
export type MessageFailure = 'gone' | 'temp' | 'damaged';

const FAILURES: Readonly<Record<MessageFailure, string>> = {
  gone: say.NO_SUCH_MESSAGE,
  temp: say.err('[SYS/TEMP] cannot read the message now, try again later'),
  damaged: say.err('[SYS/PERM] the message cannot be read'),
};

/** The answer to `send-message` when nothing was sent; a message that was sent needs no answer. */
export const onMessageFailed = (session: Session, failure: MessageFailure): Step => reply(session, FAILURES[failure]);

/** The answer to `expunge`: RFC 1939 6. Either way the session is over. */
export const onExpunged = (session: Session, outcome: 'removed' | 'failed'): Step =>
  close(session, outcome === 'removed' ? say.BYE : say.err('[SYS/TEMP] some deleted messages not removed'));
