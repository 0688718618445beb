import { domainToASCII } from 'node:url';
import {
  checkAliasName,
  checkForwardPath,
  checkReachable,
  checkText,
  DirectoryRefusal,
  MAX_ALIAS_TARGETS,
  resolve,
  showRowName,
  type AliasView,
  type CanonicalAddress,
  type DirectoryScope,
  type MailboxId,
  type Page,
  type PageRequest,
  type RowKind,
  type RowName,
} from '#domain';
import { sql } from 'kysely';
import type { Act } from './act.ts';
import { actFacts } from './act-facts.ts';
import { findDomain, findTenant, mailboxAt, type FoundDomain } from './find.ts';
import { pageLimit, toPage } from './pages.ts';
import { requireFree } from './taken.ts';
import { requireWays } from './ways.ts';

export interface AliasKey {
  readonly tenant_id: FoundDomain['tenantId'];
  readonly domain_id: FoundDomain['id'];
  readonly local: string;
  readonly kind: RowName['kind'];
}

const keyOf = (domain: FoundDomain, { local, kind }: RowName): AliasKey => ({
  tenant_id: domain.tenantId,
  domain_id: domain.id,
  local,
  kind,
});

export async function addAlias(
  act: Act,
  scope: DirectoryScope,
  text: string,
  targets: readonly string[],
): Promise<AliasView> {
  const name = checkReachable(text, checkAliasName(text, domainToASCII), 'alias');
  const domain = await findDomain(act, scope, name.domain, { lock: true });
  await requireFree(act, domain, name.kind, name.local);
  const key = keyOf(domain, name);
  await act.insertInto('address').values(key).execute();
  await writeTargets(act, domain, key, targets);
  await requireWays(act, domain, key, showRowName(name));
  return viewAlias(act, domain, name);
}

export async function setAlias(
  act: Act,
  scope: DirectoryScope,
  text: string,
  targets: readonly string[],
): Promise<AliasView> {
  const name = checkAliasName(text, domainToASCII);
  const domain = await findDomain(act, scope, name.domain, { lock: true });
  await viewAlias(act, domain, name);
  const key = keyOf(domain, name);
  await act
    .deleteFrom('address_target')
    .where((eb) => eb.and({ ...key }))
    .execute();
  await writeTargets(act, domain, key, targets);
  await requireWays(act, domain, key, showRowName(name));
  return viewAlias(act, domain, name);
}

export async function removeAlias(act: Act, scope: DirectoryScope, text: string): Promise<void> {
  const name = checkAliasName(text, domainToASCII);
  const domain = await findDomain(act, scope, name.domain, { lock: true });
  await viewAlias(act, domain, name);
  await act
    .deleteFrom('address')
    .where((eb) => eb.and({ ...keyOf(domain, name) }))
    .execute();
}

export async function showAlias(act: Act, scope: DirectoryScope, text: string): Promise<AliasView> {
  const name = checkAliasName(text, domainToASCII);
  return viewAlias(act, await findDomain(act, scope, name.domain), name);
}

async function writeTargets(act: Act, domain: FoundDomain, key: AliasKey, targets: readonly string[]): Promise<void> {
  if (targets.length === 0) throw new DirectoryRefusal('bad-input', 'target', 'an alias needs at least one target');
  if (targets.length > MAX_ALIAS_TARGETS) {
    throw new DirectoryRefusal(
      'bad-input',
      'target',
      `an alias has at most ${MAX_ALIAS_TARGETS} targets, not ${targets.length}`,
    );
  }
  const checked = targets.map((target) => checkForwardPath(target, domainToASCII));
  const unique = [...new Map(checked.map((target) => [target.path, target])).values()];
  const rows = await Promise.all(unique.map(({ path, address }) => toTarget(act, domain, path, address)));
  const seen = new Map(rows.map((row) => [row.mailbox_id ?? row.forward_path, row]));
  const values = [...seen.values()].map((row, position) => ({ ...key, position, ...row }));
  for (let at = 0; at < values.length; at += TARGET_BATCH) {
    await act
      .insertInto('address_target')
      .values(values.slice(at, at + TARGET_BATCH))
      .execute();
  }
}

/** Rows in one statement: 7 parameters each, and a statement has at most 65,535. */
const TARGET_BATCH = 1000;

/** A mailbox of the same tenant by its id, so that it may be renamed; anything else as it was typed. */
async function toTarget(
  act: Act,
  domain: FoundDomain,
  path: string,
  address: CanonicalAddress,
): Promise<{ mailbox_id: MailboxId | null; forward_path: string | null }> {
  const hosted = await act
    .selectFrom('domain')
    .select(['id', 'name', 'tenant_id as tenantId'])
    .where('name', '=', address.domain)
    .where('tenant_id', '=', domain.tenantId)
    .executeTakeFirst();
  if (!hosted) return { mailbox_id: null, forward_path: path };
  const mailbox = await mailboxAt(act, hosted, address);
  if (mailbox) return { mailbox_id: mailbox.id, forward_path: null };
  const [facts] = await actFacts(act, [address]);
  if (facts && resolve(address, facts).kind === 'no-such-user') {
    throw new DirectoryRefusal(
      'not-found',
      'target',
      `target ${address.local}@${address.domain} does not exist: add it first`,
    );
  }
  return { mailbox_id: null, forward_path: path };
}

interface AliasRow {
  tenant: string;
  domain: string;
  domain_id: string;
  local: string;
  kind: Exclude<RowKind, 'address'>;
  created_at: Date;
  targets: string[] | null;
}

const toView = ({ tenant, domain, local, kind, created_at, targets }: AliasRow): AliasView => ({
  tenant,
  name: showRowName({ kind, local, domain }),
  kind,
  targets: targets ?? [],
  createdAt: created_at,
});

const SELECT = sql`
  select t.name as tenant, d.name as domain, a.domain_id, a.local, a.kind, a.created_at,
         (select array_agg(coalesce(m.name, g.forward_path) order by g.position)
            from address_target g left join mailbox m on m.tenant_id = g.tenant_id and m.id = g.mailbox_id
           where g.tenant_id = a.tenant_id and g.domain_id = a.domain_id and g.local = a.local and g.kind = a.kind) as targets
    from address a join domain d on d.id = a.domain_id join tenant t on t.id = a.tenant_id`;

async function viewAlias(act: Act, domain: FoundDomain, { kind, local }: RowName): Promise<AliasView> {
  const { rows } = await sql<AliasRow>`
    ${SELECT} where a.tenant_id = ${domain.tenantId} and a.domain_id = ${domain.id} and a.local = ${local} and a.kind = ${kind}`.execute(
    act,
  );
  const [row] = rows;
  if (row) return toView(row);
  throw new DirectoryRefusal(
    'not-found',
    'alias',
    `there is no alias ${showRowName({ kind, local, domain: domain.name })}`,
  );
}

export async function listAliases(act: Act, scope: DirectoryScope, page: PageRequest): Promise<Page<AliasView>> {
  const limit = pageLimit(page);
  const tenant = await findTenant(act, scope.tenant);
  const [afterDomain, afterLocal, afterKind] = readCursor(page.after);
  const only =
    page.domain === undefined ? sql`true` : sql`a.domain_id = ${(await findDomain(act, scope, page.domain)).id}`;
  const { rows } = await sql<AliasRow>`
    ${SELECT}
     where a.tenant_id = ${tenant.id} and a.kind <> 'address' and ${only}
       and (a.domain_id, a.local, a.kind) > (${afterDomain}::uuid, ${afterLocal}::text, ${afterKind}::text)
     order by a.domain_id, a.local, a.kind limit ${limit + 1}`.execute(act);
  const { items, next } = toPage(rows, limit, ({ domain_id, local, kind }) => `${domain_id}:${kind}:${local}`);
  return { items: items.map(toView), next };
}

const CURSOR = /^([0-9a-f-]{36}):([a-z-]{5,9}):(.{0,64})$/u;

function readCursor(after: string | undefined): [string, string, string] {
  if (after === undefined) return ['00000000-0000-0000-0000-000000000000', '', ''];
  const [, domain, kind, local] = CURSOR.exec(checkText('cursor', after)) ?? [];
  if (domain === undefined || kind === undefined || local === undefined) {
    throw new DirectoryRefusal('bad-input', 'cursor', 'the cursor is not one of this list');
  }
  return [domain, local, kind];
}
