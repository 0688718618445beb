/** RCPT TO judged from facts alone. The app turns a refusal into its reply; no reply codes here. */
import type { DomainFacts, MailboxFacts, Resolution } from './resolution.ts';
import type { MailboxId } from './ids.ts';

/** RFC 5321 4.5.3.1.8 asks for at least 100. */
export const MAX_RECIPIENTS = 1000;

export type Refusal = 'relaying-denied' | 'no-such-user' | 'disabled' | 'over-quota' | 'too-many-recipients';

/** What the first delivery row of an accepted recipient will be. */
export type Disposition =
  | { readonly kind: 'mailbox'; readonly mailboxId: MailboxId }
  | { readonly kind: 'expand' }
  | { readonly kind: 'hold'; readonly reason: string };

export type RecipientVerdict =
  | { readonly accept: true; readonly domain: DomainFacts; readonly disposition: Disposition }
  | { readonly accept: false; readonly refusal: Refusal };

export function judgeRecipient(resolution: Resolution, declaredOctets: number, accepted: number): RecipientVerdict {
  if (accepted >= MAX_RECIPIENTS) return refuse('too-many-recipients');
  switch (resolution.kind) {
    case 'not-hosted':
      return refuse('relaying-denied');
    case 'domain-disabled':
      return refuse('disabled');
    case 'no-such-user':
      return refuse('no-such-user');
    case 'postmaster':
      return {
        accept: true,
        domain: resolution.domain,
        disposition: { kind: 'hold', reason: 'postmaster has no mailbox' },
      };
    case 'row':
      return judgeTargets(resolution, declaredOctets);
  }
}

function judgeTargets({ domain, row }: Extract<Resolution, { kind: 'row' }>, declaredOctets: number): RecipientVerdict {
  const [only] = row.targets;
  if (!only) return refuse('no-such-user');
  if (row.targets.length > 1 || !('mailbox' in only)) return { accept: true, domain, disposition: { kind: 'expand' } };
  if (only.mailbox.state === 'disabled') return refuse('disabled');
  if (!hasRoom(only.mailbox, declaredOctets)) return refuse('over-quota');
  return { accept: true, domain, disposition: { kind: 'mailbox', mailboxId: only.mailbox.id } };
}

/** Nothing is reserved: the counter is checked again, under lock, at delivery. */
export const hasRoom = (mailbox: MailboxFacts, octets: number): boolean =>
  (mailbox.quotaOctets === undefined || mailbox.usedOctets + octets <= mailbox.quotaOctets) &&
  (mailbox.quotaMessages === undefined || mailbox.usedMessages < mailbox.quotaMessages);

const refuse = (refusal: Refusal): RecipientVerdict => ({ accept: false, refusal });
