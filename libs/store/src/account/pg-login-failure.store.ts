import { domainToASCII } from 'node:url';
import {
  checkAddress,
  DirectoryRefusal,
  LoginFailureStore,
  loginKey,
  MAX_LOGIN_FAILURES,
  parseId,
  quoted,
  remoteKey,
  showId,
  type LoginFailure,
  type LoginSubject,
  type MailboxId,
  type TenantId,
  type Unlocked,
} from '#domain';
import { sql } from 'kysely';
import { Database } from '../database.ts';
import { actAs, type Act } from '../directory/act.ts';

interface Counted {
  readonly key: string;
  readonly failures: number;
  readonly until: Date;
}

interface Named extends Counted {
  readonly mailbox_id: MailboxId | null;
  readonly mailbox: string | null;
  readonly tenant: string | null;
}

/** What counts its failures. */
interface Subject {
  readonly name: string;
  readonly tenantId: TenantId | null;
  readonly mailboxId: MailboxId | null;
  readonly tenant: string | null;
  /** Keys that are no mailbox's. */
  readonly others: readonly string[];
}

/** Under the api role; functions of the owner read the throttle's table, and check the principal. */
export class PgLoginFailureStore extends LoginFailureStore {
  readonly #database: Database;

  constructor(database: Database) {
    super();
    this.#database = database;
  }

  override list(principal: TenantId, of?: LoginSubject): Promise<LoginFailure[]> {
    return actAs(this.#database, principal, async (act) => {
      if (of) return listOf(act, await subjectOf(act, of));
      const { rows } = await sql<Named>`select * from login_failures(${MAX_LOGIN_FAILURES}::int)`.execute(act);
      return rows.map((row) => viewOf(row, { name: row.mailbox, mailboxId: row.mailbox_id, tenant: row.tenant }));
    });
  }

  override unlock(principal: TenantId, of: LoginSubject): Promise<Unlocked> {
    return actAs(this.#database, principal, async (act) => {
      const subject = await subjectOf(act, of);
      const { name, tenantId, mailboxId, others } = subject;
      const { rows } = await sql<{ forgotten: number }>`
        select unlock_login(${tenantId}::uuid, ${mailboxId}::uuid, ${others}::text[]) as forgotten`.execute(act);
      const forgotten = rows[0]?.forgotten ?? 0;
      if (forgotten === 0 && mailboxId === null && 'login' in of)
        throw new DirectoryRefusal('not-found', 'login', `there is no mailbox ${name}, and no failed login of it`);
      return { name, mailboxId: mailboxId ?? undefined, forgotten };
    });
  }
}

async function listOf(act: Act, subject: Subject): Promise<LoginFailure[]> {
  const { tenantId, mailboxId, others } = subject;
  const { rows } = await sql<Counted>`
    select * from login_failures_of(${tenantId}::uuid, ${mailboxId}::uuid, ${others}::text[])`.execute(act);
  return rows.map((row) => viewOf(row, subject));
}

/** `mailbox:<id>`, with a network behind it or not; `login:<address>`; `remote:<network>`. */
const KEY = /^(?:(mailbox):([^ ]*)(?: (.*))?|(login|remote):(.*))$/s;

function viewOf(
  { key, failures, until }: Counted,
  { name, mailboxId, tenant }: { name: string | null; mailboxId: MailboxId | null; tenant: string | null },
): LoginFailure {
  const [, isMailbox, id = '', known, kind, rest] = KEY.exec(key) ?? [];
  // A mailbox that was removed since has no name.
  const login = isMailbox ? (name ?? showId('mbx', id)) : rest;
  return {
    login: kind === 'remote' ? undefined : login,
    mailboxId: mailboxId ?? undefined,
    tenant: tenant ?? undefined,
    network: kind === 'remote' ? rest : known,
    failures,
    until,
  };
}

async function subjectOf(act: Act, of: LoginSubject): Promise<Subject> {
  if ('network' in of)
    return { name: of.network, tenantId: null, mailboxId: null, tenant: null, others: [remoteKey(of.network)] };
  const id = parseId('mbx', of.login);
  const address = id === undefined ? checkAddress(of.login, domainToASCII) : undefined;
  const { rows } = await (
    address
      ? sql<FoundRow>`
          ${FOUND} join domain o on o.tenant_id = g.tenant_id and o.id = g.domain_id
          where o.name = ${address.domain} and g.local = ${address.local} and g.kind = 'address' limit 1`
      : sql<FoundRow>`${FOUND} where g.mailbox_id = ${id ?? null}::uuid limit 1`
  ).execute(act);
  const [row] = rows;
  if (row) return { name: row.name, tenantId: row.tenant_id, mailboxId: row.id, tenant: row.tenant, others: [] };
  if (address)
    return {
      name: `${address.local}@${address.domain}`,
      tenantId: null,
      mailboxId: null,
      tenant: null,
      others: [loginKey(address)],
    };
  throw new DirectoryRefusal('not-found', 'login', `there is no mailbox ${quoted(of.login)}`);
}

interface FoundRow {
  readonly id: MailboxId;
  readonly name: string;
  readonly tenant_id: TenantId;
  readonly tenant: string;
}

/** Any mailbox of the house by what names it, whatever its tenant: a login has none. */
const FOUND = sql`
  select m.id, m.name, m.tenant_id, t.name as tenant
    from address_target g
    join mailbox m on m.tenant_id = g.tenant_id and m.id = g.mailbox_id
    join tenant t on t.id = m.tenant_id`;
