/** Has come what a held or deferred delivery waits for? Pure, from the same facts that RCPT and delivery are answered from. */
import type { CanonicalAddress } from './address.ts';
import type { DomainId, MailboxId, TenantId } from './ids.ts';
import { hasRoom, judgeRecipient } from './recipient-policy.ts';
import type { ExpansionWorld } from './expand.ts';
import { judgeWay } from './way.ts';
import { resolve, type DirectoryFacts, type MailboxFacts } from './resolution.ts';

/**
 * `directory`: that the address leads to the mailbox of RCPT again, and both take mail. `room`: that this mailbox has room. `postmaster`:
 * that there is a mailbox for it.
 */
export type WaitsFor = 'directory' | 'room' | 'postmaster';

/** Rows of one recipient and one mailbox that wait. */
export interface WaitingGroup {
  readonly tenantId: TenantId;
  readonly recipient: string;
  readonly waitsFor: WaitsFor;
  readonly domainId: DomainId | undefined;
  readonly mailboxId: MailboxId | undefined;
  /** Of the smallest of the first messages that wait, and its reverse-path. */
  readonly octets: number;
  readonly reversePath: string;
}

/**
 * @param octets that delivery would put into the mailbox for the smallest message, its trace fields counted in: with room for it at least one
 * mail is delivered, so that nothing wakes in vain for ever
 */
export function mayGoOn(
  group: WaitingGroup,
  octets: number,
  address: CanonicalAddress,
  facts: DirectoryFacts,
): boolean {
  const { mailboxId, waitsFor, domainId } = group;
  if (mailboxId === undefined) {
    if (waitsFor !== 'postmaster') return false;
    // The host's own postmaster belongs to no domain until its name is hosted.
    if (domainId !== undefined && facts.domain?.id !== domainId) return false;
    const verdict = judgeRecipient(resolve(address, facts), octets, 0);
    return verdict.accept && verdict.disposition.kind !== 'hold';
  }
  const mailbox = mailboxStill(mailboxId, address, facts);
  if (mailbox === undefined || mailbox.state === 'disabled') return false;
  return waitsFor !== 'room' || hasRoom(mailbox, octets);
}

/** As `mayGoOn`, and mail for a postmaster whose alias leads nowhere waits on: what is let go on would be held again. */
export async function goesOn(
  group: WaitingGroup,
  octets: number,
  address: CanonicalAddress,
  facts: DirectoryFacts,
  world: ExpansionWorld,
): Promise<boolean> {
  if (!mayGoOn(group, octets, address, facts)) return false;
  if (group.waitsFor !== 'postmaster') return true;
  const verdict = await judgeWay(address, resolve(address, facts), { octets, accepted: 0 }, world);
  return verdict.accept && verdict.disposition.kind !== 'hold';
}

/** The mailbox of RCPT, where the address still leads to it. */
export function mailboxStill(
  mailboxId: MailboxId,
  address: CanonicalAddress,
  facts: DirectoryFacts | undefined,
): MailboxFacts | undefined {
  const resolution = facts && resolve(address, facts);
  if (resolution?.kind !== 'row') return undefined;
  for (const target of resolution.row.targets)
    if ('mailbox' in target && target.mailbox.id === mailboxId) return target.mailbox;
  return undefined;
}
