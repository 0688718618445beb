/** Mailboxes in batches: the good ones of a batch are made in a handful of statements, the others get their refusal. */
import { domainToASCII } from 'node:url';
import {
  checkAddress,
  checkQuota,
  checkReachable,
  DirectoryRefusal,
  MAX_MAILBOX_BATCH,
  showAddress,
  type CanonicalAddress,
  type DirectoryScope,
  type MailboxId,
  type NewMailbox,
} from '#domain';
import { defaultFolders } from '../folder/default-folders.ts';
import { newId } from '../new-id.ts';
import type { Act } from './act.ts';
import { findDomain, type FoundDomain } from './find.ts';
import { takenAmong, takenBy } from './taken.ts';

interface Candidate {
  readonly at: number;
  readonly id: MailboxId;
  readonly input: NewMailbox;
  readonly address: CanonicalAddress;
  readonly domain: FoundDomain;
}

export interface NewMailboxes {
  /** In order of the input: the refusal, or undefined for a mailbox that was made. */
  readonly refusals: readonly (DirectoryRefusal | undefined)[];
  readonly made: readonly { readonly id: MailboxId; readonly domain: FoundDomain }[];
}

export async function makeMailboxes(
  act: Act,
  scope: DirectoryScope,
  inputs: readonly NewMailbox[],
): Promise<NewMailboxes> {
  if (inputs.length > MAX_MAILBOX_BATCH)
    throw new DirectoryRefusal('bad-input', 'mailboxes', `at most ${MAX_MAILBOX_BATCH} in one call`);
  const refusals: (DirectoryRefusal | undefined)[] = inputs.map(() => undefined);
  const checked = inputs.map((input, at) => attempt(refusals, at, () => check(input)));
  const domains = await lockDomains(act, scope, checked);
  const candidates: Candidate[] = [];
  for (const [at, address] of checked.entries()) {
    const input = inputs[at];
    const domain = address && domains.get(address.domain);
    if (domain instanceof DirectoryRefusal) refusals[at] = domain;
    else if (domain && address && input) candidates.push({ at, id: newId() as MailboxId, input, address, domain });
  }
  const made = await withoutTaken(act, candidates, refusals);
  if (made.length > 0) await insert(act, made);
  return { refusals, made };
}

function check({ address, quotaOctets, quotaMessages }: NewMailbox): CanonicalAddress {
  if (quotaOctets !== undefined) checkQuota('quota', quotaOctets);
  if (quotaMessages !== undefined) checkQuota('message quota', quotaMessages);
  return checkReachable(address, checkAddress(address, domainToASCII));
}

function attempt<T>(refusals: (DirectoryRefusal | undefined)[], at: number, work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof DirectoryRefusal)) throw error;
    refusals[at] = error;
    return undefined;
  }
}

/** In name order, so that two batches never wait for each other. */
async function lockDomains(
  act: Act,
  scope: DirectoryScope,
  addresses: readonly (CanonicalAddress | undefined)[],
): Promise<Map<string, FoundDomain | DirectoryRefusal>> {
  const names = new Set(addresses.flatMap((address) => (address ? [address.domain] : [])));
  const found = new Map<string, FoundDomain | DirectoryRefusal>();
  for (const name of [...names].sort()) {
    try {
      found.set(name, await findDomain(act, scope, name, { lock: true }));
    } catch (error) {
      if (!(error instanceof DirectoryRefusal)) throw error;
      found.set(name, error);
    }
  }
  return found;
}

const keyOf = ({ domain, address }: Candidate): string => `${domain.id} ${address.local}`;

async function withoutTaken(
  act: Act,
  candidates: readonly Candidate[],
  refusals: (DirectoryRefusal | undefined)[],
): Promise<Candidate[]> {
  const taken = await takenAmong(
    act,
    candidates.map(({ domain }) => domain.id),
    candidates.map(({ address }) => address.local),
  );
  return candidates.filter((candidate) => {
    const by = taken.get(keyOf(candidate));
    if (by === undefined) {
      taken.set(keyOf(candidate), 'address'); // the same address further down is a conflict
      return true;
    }
    refusals[candidate.at] = takenBy(by, { kind: 'address', ...candidate.address });
    return false;
  });
}

async function insert(act: Act, made: readonly Candidate[]): Promise<void> {
  await act
    .insertInto('mailbox')
    .values(
      made.map(({ id, domain, address, input }) => ({
        tenant_id: domain.tenantId,
        id,
        domain_id: domain.id,
        name: showAddress(address),
        quota_octets: input.quotaOctets ?? null,
        quota_messages: input.quotaMessages ?? null,
      })),
    )
    .execute();
  const owned = made.map(({ id, domain }) => defaultFolders({ tenantId: domain.tenantId, mailboxId: id }));
  await act
    .insertInto('mailbox_usage')
    .values(owned.map(({ usage }) => usage))
    .execute();
  await act
    .insertInto('folder')
    .values(owned.flatMap(({ folders }) => folders))
    .execute();
  await act
    .insertInto('subscription')
    .values(owned.flatMap(({ subscriptions }) => subscriptions))
    .execute();
  const credentials = made.flatMap(({ id, domain, input }) =>
    input.passwordHash === undefined ? [] : [{ tenant_id: domain.tenantId, mailbox_id: id, hash: input.passwordHash }],
  );
  if (credentials.length > 0) await act.insertInto('credential').values(credentials).execute();
  const rows = made.map(({ domain, address }) => ({
    tenant_id: domain.tenantId,
    domain_id: domain.id,
    local: address.local,
    kind: 'address' as const,
  }));
  await act.insertInto('address').values(rows).execute();
  await act
    .insertInto('address_target')
    .values(rows.map((row, at) => ({ ...row, position: 0, mailbox_id: made[at]?.id ?? null, forward_path: null })))
    .execute();
}
