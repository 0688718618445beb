/** Has a message been here before? By our own Delivered-To, compared as the directory compares (R-10.1, requirements 1.1). */
import { domainToASCII } from 'node:url';
import { canonicalLocal, resolve, soleMailbox, type CanonicalAddress, type IntakeStore, type MailboxId } from '#domain';
import { deliveredToAddresses } from '#smtp';
import type { AcceptedRecipient } from './smtp-session.ts';

export interface Looping {
  /** Named by a Delivered-To field as they are named in the envelope. */
  readonly named: ReadonlySet<AcceptedRecipient>;
  /** Their mailbox is where another address of a Delivered-To field leads. */
  readonly known: ReadonlySet<AcceptedRecipient>;
}

const NONE: Looping = { named: new Set(), known: new Set() };

/** Rejects when the directory does not answer: it is asked only where a Delivered-To names something. */
export async function findLoops(
  store: IntakeStore,
  recipients: readonly AcceptedRecipient[],
  deliveredTo: readonly string[],
): Promise<Looping> {
  const before = distinct(deliveredToAddresses(deliveredTo, domainToASCII).map(canonical));
  if (before.size === 0) return NONE;
  const named = new Set(recipients.filter(({ path }) => before.has(keyOf(canonical(path)))));
  const mailboxes = await mailboxesOf(store, [...before.values()]);
  const known = new Set(
    recipients.filter((to) => !named.has(to) && to.mailboxId !== undefined && mailboxes.has(to.mailboxId)),
  );
  return { named, known };
}

async function mailboxesOf(store: IntakeStore, addresses: readonly CanonicalAddress[]): Promise<Set<MailboxId>> {
  const facts = await store.directoryFacts(addresses);
  const found = addresses.map((address, at) => {
    const resolution = resolve(address, facts[at] ?? { domain: undefined, rows: [] });
    // An alias for many delivers under its targets' names, never under its own.
    return resolution.kind === 'row' ? soleMailbox(resolution.row)?.id : undefined;
  });
  return new Set(found.filter((id) => id !== undefined));
}

const canonical = ({ local, domain }: Pick<CanonicalAddress, 'local' | 'domain'>): CanonicalAddress => ({
  local: canonicalLocal(local),
  domain: domain.toLowerCase(),
});
const keyOf = ({ local, domain }: CanonicalAddress): string => `${local}@${domain}`;
const distinct = (addresses: readonly CanonicalAddress[]): Map<string, CanonicalAddress> =>
  new Map(addresses.map((address) => [keyOf(address), address]));
