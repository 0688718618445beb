/** RCPT TO judged from facts alone. The app turns a refusal into its reply; no reply codes here. */
import { soleMailbox, type DomainFacts, type MailboxFacts, type Resolution, type Target } from './resolution.ts';
import type { MailboxId } from './ids.ts';

/** RFC 5321 4.5.3.1.8 asks for at least 100. */
export const MAX_RECIPIENTS = 1000;

const POSTMASTER_WITHOUT_MAILBOX = 'postmaster has no mailbox';
/** Why mail for bare postmaster is held where the name of the host is no hosted domain. */
export const HOST_POSTMASTER = 'mail for the postmaster of this host';

export type Refusal =
  'relaying-denied' | 'no-such-user' | 'disabled' | 'over-quota' | 'too-many-places' | 'too-many-recipients';

/** What the first delivery row of an accepted recipient will be. */
export type Disposition =
  | { readonly kind: 'mailbox'; readonly mailboxId: MailboxId }
  | { readonly kind: 'expand' }
  | { readonly kind: 'hold'; readonly reason: string };

export type RecipientVerdict =
  | {
      readonly accept: true;
      readonly domain: DomainFacts;
      readonly disposition: Disposition;
      /** Octets that there was room for, in one of the places at least. */
      readonly room: number;
      /** That it is expanded to: addresses and mailboxes on the way. 0: it is not expanded. Undefined: not known until they are counted. */
      readonly places: number | undefined;
    }
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
      return hold(resolution.domain, POSTMASTER_WITHOUT_MAILBOX);
    case 'row':
      return judgeTargets(resolution, declaredOctets);
  }
}

function judgeTargets(resolution: Row, declaredOctets: number): RecipientVerdict {
  const { domain, row } = resolution;
  const obstacle = obstacleOfAll(row.targets, declaredOctets);
  if (obstacle) return judgeObstacle(resolution, obstacle);
  const mailbox = soleMailbox(row);
  return {
    accept: true,
    domain,
    disposition: mailbox ? { kind: 'mailbox', mailboxId: mailbox.id } : { kind: 'expand' },
    room: mailbox ? roomIn(mailbox) : Infinity,
    places: mailbox ? 0 : undefined,
  };
}

/** RFC 5321 4.5.1: not even its own mailbox's state is a reason to refuse mail for postmaster. */
export const judgeObstacle = (resolution: Row, obstacle: Obstacle): RecipientVerdict =>
  isPostmaster(resolution) ? hold(resolution.domain, POSTMASTER_HELD[obstacle]) : refuse(obstacle);

type Row = Extract<Resolution, { kind: 'row' }>;
export type Obstacle = Extract<Refusal, 'no-such-user' | 'disabled' | 'over-quota' | 'too-many-places'>;

const POSTMASTER_HELD: Readonly<Record<Obstacle, string>> = {
  'no-such-user': 'the address of postmaster leads nowhere',
  disabled: 'the mailbox of postmaster is disabled',
  'over-quota': 'the mailbox of postmaster is full',
  'too-many-places': 'the address of postmaster leads to too many places',
};

/** Why mail for a postmaster is held from birth, until there is a mailbox for it. */
export const POSTMASTER_HOLDS: ReadonlySet<string> = new Set([
  POSTMASTER_WITHOUT_MAILBOX,
  HOST_POSTMASTER,
  ...Object.values(POSTMASTER_HELD),
]);

const isPostmaster = ({ row, detail }: Row): boolean => row.local === 'postmaster' && detail === undefined;

/** What keeps each of them from taking the mail; one that leads on to an address is found out at delivery. Fullness may pass: it is said first. */
function obstacleOfAll(targets: readonly Target[], declaredOctets: number): Obstacle | undefined {
  if (targets.length === 0) return 'no-such-user';
  const obstacles = targets.map((target) =>
    'mailbox' in target ? obstacleOf(target.mailbox, declaredOctets) : undefined,
  );
  if (obstacles.includes(undefined)) return undefined;
  return obstacles.includes('over-quota') ? 'over-quota' : obstacles[0];
}

export function obstacleOf(mailbox: MailboxFacts, declaredOctets: number): Obstacle | undefined {
  if (mailbox.state === 'disabled') return 'disabled';
  return hasRoom(mailbox, declaredOctets) ? undefined : 'over-quota';
}

/** Nothing is reserved: the counter is checked again, under lock, at delivery. */
export const hasRoom = (mailbox: MailboxFacts, octets: number): boolean =>
  (mailbox.quotaOctets === undefined || mailbox.usedOctets + octets <= mailbox.quotaOctets) &&
  (mailbox.quotaMessages === undefined || mailbox.usedMessages < mailbox.quotaMessages);

/** Octets that there is room for. */
export const roomIn = ({ quotaOctets, usedOctets }: MailboxFacts): number => (quotaOctets ?? Infinity) - usedOctets;

const hold = (domain: DomainFacts, reason: string): RecipientVerdict => ({
  accept: true,
  domain,
  disposition: { kind: 'hold', reason },
  room: Infinity,
  places: 0,
});
const refuse = (refusal: Refusal): RecipientVerdict => ({ accept: false, refusal });
