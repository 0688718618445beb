/** What the address book says, for many addresses in one round trip. Shared by RCPT, delivery and explain. */
import {
  candidateLocals,
  type AddressRow,
  type AskedMailbox,
  type CanonicalAddress,
  type DirectoryFacts,
  type DomainFacts,
  type DomainId,
  type MailboxFacts,
  type MailboxId,
  type MailboxState,
  type RowKind,
  type Target,
  type TenantId,
} from '#domain';
import type { HotConnection, HotStatement } from '../hot-connection.ts';

const factsOf = (asked: string, targets: string): string => `
select w.request, d.tenant_id, d.id as domain_id, d.name as domain, d.state as domain_state, t.state as tenant_state, d.separators,
       a.kind, a.local, g.position, g.forward_path, g.mailbox_id,
       m.state as mailbox_state, m.quota_octets, m.quota_messages, u.octets as used_octets, u.messages as used_messages
  from ${asked}
  join domain d on d.name = w.domain
  join tenant t on t.id = d.tenant_id
  left join lateral (
    select tenant_id, domain_id, kind, local from address
     where tenant_id = d.tenant_id and domain_id = d.id and local = w.local offset 0) a on true
  left join ${targets}
  left join mailbox m on m.tenant_id = g.tenant_id and m.id = g.mailbox_id
  left join mailbox_usage u on u.tenant_id = m.tenant_id and u.mailbox_id = m.id
 order by w.request, a.local, a.kind, g.position`;

/**
 * $1 request number, $2 domain, $3 local part: one row for each local part that may matter to a request. A key whose columns come from two
 * tables is looked up behind OFFSET 0, with all of them at once: else a plan may enter the index by the columns of one and filter by the other's.
 */
export const DIRECTORY_FACTS: HotStatement = {
  name: 'directory_facts',
  text: factsOf(
    'unnest($1::int[], $2::text[], $3::text[]) as w (request, domain, local)',
    'address_target g on g.tenant_id = a.tenant_id and g.domain_id = a.domain_id and g.local = a.local and g.kind = a.kind',
  ),
};

/**
 * The same, with $4 a mailbox: of the targets of each row that mailbox alone. A mail to an alias of thousands is thousands of deliveries, each of
 * which asks for the alias again. The tenant is left out of the look-up, so that the index of mailboxes is the only one for it.
 */
const MAILBOX_FACTS: HotStatement = {
  name: 'mailbox_facts',
  text: factsOf(
    'unnest($1::int[], $2::text[], $3::text[], $4::uuid[]) as w (request, domain, local, mailbox_id)',
    `lateral (
    select tenant_id, position, forward_path, mailbox_id from address_target
     where mailbox_id = w.mailbox_id and domain_id = a.domain_id and local = a.local and kind = a.kind offset 0) g on g.tenant_id = a.tenant_id`,
  ),
};

export interface DirectoryFactsRow {
  request: number;
  tenant_id: TenantId;
  domain_id: DomainId;
  domain: string;
  domain_state: DomainFacts['state'];
  tenant_state: DomainFacts['tenantState'];
  separators: string;
  kind: RowKind | null;
  local: string | null;
  position: number | null;
  forward_path: string | null;
  mailbox_id: MailboxId | null;
  mailbox_state: MailboxState | null;
  quota_octets: number | null;
  quota_messages: number | null;
  used_octets: number | null;
  used_messages: number | null;
}

/** Facts for each address, in order. */
export async function readDirectoryFacts(
  connection: HotConnection,
  addresses: readonly CanonicalAddress[],
): Promise<DirectoryFacts[]> {
  const rows = await connection.query<DirectoryFactsRow>(DIRECTORY_FACTS, directoryFactsValues(addresses));
  return toDirectoryFacts(rows, addresses.length);
}

/** Facts for each address, in order; each row of the address book with the mailbox asked for as its target, or with none. */
export async function readMailboxFacts(
  connection: HotConnection,
  asked: readonly AskedMailbox[],
): Promise<DirectoryFacts[]> {
  const mailboxes = asked.flatMap(({ address, mailboxId }) => candidateLocals(address.local).map(() => mailboxId));
  const values = [...directoryFactsValues(asked.map(({ address }) => address)), mailboxes];
  const rows = await connection.query<DirectoryFactsRow>(MAILBOX_FACTS, values);
  return toDirectoryFacts(rows, asked.length);
}

export function directoryFactsValues(addresses: readonly CanonicalAddress[]): unknown[] {
  const requests: number[] = [];
  const domains: string[] = [];
  const locals: string[] = [];
  for (const [request, { local, domain }] of addresses.entries()) {
    for (const candidate of candidateLocals(local)) {
      requests.push(request);
      domains.push(domain);
      locals.push(candidate);
    }
  }
  return [requests, domains, locals];
}

/** Folds joined rows, which come ordered by request, row and position, into `count` answers. */
export function toDirectoryFacts(rows: readonly DirectoryFactsRow[], count: number): DirectoryFacts[] {
  const answers: { domain: DomainFacts | undefined; rows: (AddressRow & { targets: Target[] })[] }[] = [];
  for (let request = 0; request < count; request++) answers.push({ domain: undefined, rows: [] });
  for (const row of rows) {
    const answer = answers[row.request];
    if (!answer) continue;
    answer.domain ??= toDomain(row);
    if (row.kind === null || row.local === null) continue;
    let last = answer.rows.at(-1);
    if (!last || last.kind !== row.kind || last.local !== row.local) {
      last = { kind: row.kind, local: row.local, targets: [] };
      answer.rows.push(last);
    }
    const target = toTarget(row);
    if (target) last.targets.push(target);
  }
  return answers;
}

const toDomain = (row: DirectoryFactsRow): DomainFacts => ({
  tenantId: row.tenant_id,
  id: row.domain_id,
  name: row.domain,
  state: row.domain_state,
  tenantState: row.tenant_state,
  separators: row.separators,
});

function toTarget(row: DirectoryFactsRow): Target | undefined {
  if (row.forward_path !== null) return { forwardPath: row.forward_path };
  if (row.mailbox_id === null || row.mailbox_state === null) return undefined;
  const mailbox: MailboxFacts = {
    id: row.mailbox_id,
    state: row.mailbox_state,
    quotaOctets: row.quota_octets ?? undefined,
    quotaMessages: row.quota_messages ?? undefined,
    usedOctets: row.used_octets ?? 0,
    usedMessages: row.used_messages ?? 0,
  };
  return { mailbox };
}
