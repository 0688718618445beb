/** Rows that wait for something the directory says: found by recipient, however many there are of each. */
import type { DomainId, MailboxId, TenantId, WaitingGroup, WaitsFor } from '#domain';
import { columns } from '../columns.ts';
import type { HotConnection, HotStatement } from '../hot-connection.ts';

/** Recipients looked at in one step; the next step looks at those behind them. */
export const WAITING_PER_STEP = 200;
/** Rows of one recipient among which the smallest message is looked for. */
export const WAITING_SAMPLE = 20;
/** Rows of one recipient that one step lets go on. */
export const GO_ON_PER_STEP = 1000;
const NO_MAILBOX = '00000000-0000-0000-0000-000000000000';
const KEY = `coalesce(mailbox_id, '${NO_MAILBOX}'::uuid)`;

/** $1 tenant, $2 recipient, $3 mailbox behind which to begin, $4 recipients. A skip scan: the first row of each, and the smallest message of a few. */
const WAITING: HotStatement = {
  name: 'queue_waiting',
  text: `
with recursive walk as (
  (select tenant_id, recipient, ${KEY} as key, message_id, ordinal, 1 as number
     from delivery
    where waits_for is not null and (tenant_id, recipient, ${KEY}) > ($1::uuid, $2::text, $3::uuid)
    order by tenant_id, recipient, ${KEY}, message_id, ordinal limit 1)
  union all
  select n.tenant_id, n.recipient, n.key, n.message_id, n.ordinal, walk.number + 1
    from walk cross join lateral (
      select tenant_id, recipient, ${KEY} as key, message_id, ordinal
        from delivery
       where waits_for is not null and (tenant_id, recipient, ${KEY}) > (walk.tenant_id, walk.recipient, walk.key)
       order by tenant_id, recipient, ${KEY}, message_id, ordinal limit 1) n
   where walk.number < $4::int
)
select w.tenant_id, w.recipient, w.key, d.waits_for, d.domain_id, d.mailbox_id, m.octets, m.reverse_path
  from walk w
  join delivery d on d.tenant_id = w.tenant_id and d.message_id = w.message_id and d.ordinal = w.ordinal
 cross join lateral (
   select m.octets, m.reverse_path
     from (select tenant_id, message_id from delivery
            where waits_for is not null
              and (tenant_id, recipient, ${KEY}) >= (w.tenant_id, w.recipient, w.key) and (tenant_id, recipient, ${KEY}) <= (w.tenant_id, w.recipient, w.key)
            order by tenant_id, recipient, ${KEY}, message_id, ordinal limit ${WAITING_SAMPLE}) few
     join message m on m.tenant_id = few.tenant_id and m.id = few.message_id
    order by m.octets limit 1) m
 order by w.number`,
};

/**
 * $1 tenants, $2 recipients, $3 mailboxes: their rows are due now. Held ones are queued again; those that are in somebody's hands are passed by.
 * Compared as rows, so that one index alone has the order: with equality the primary key has it too, and would be read for all of the tenant.
 */
const GO_ON: HotStatement = {
  name: 'queue_go_on',
  text: `
with chosen as materialized (
  select d.tenant_id, d.message_id, d.ordinal, d.state
    from unnest($1::uuid[], $2::text[], $3::uuid[]) as w (tenant_id, recipient, key)
   cross join lateral (
     select tenant_id, message_id, ordinal, state from delivery
      where waits_for is not null
        and (tenant_id, recipient, ${KEY}) >= (w.tenant_id, w.recipient, w.key) and (tenant_id, recipient, ${KEY}) <= (w.tenant_id, w.recipient, w.key)
      order by tenant_id, recipient, ${KEY}, message_id, ordinal limit ${GO_ON_PER_STEP} for update skip locked) d
), freed as (
  update delivery d
     set came_from = d.state, state = 'queued', waits_for = null, deferred = false, next_attempt_at = now(), reply = null
    from chosen c
   where c.state = 'held' and d.tenant_id = c.tenant_id and d.message_id = c.message_id and d.ordinal = c.ordinal
  returning d.tenant_id, d.message_id, d.ordinal
), woken as (
  update delivery d set waits_for = null, deferred = false, next_attempt_at = now()
    from chosen c
   where c.state = 'queued' and d.tenant_id = c.tenant_id and d.message_id = c.message_id and d.ordinal = c.ordinal
  returning 1
), noted as (
  insert into event (tenant_id, message_id, kind, ordinal, detail)
  select tenant_id, message_id, 'released', ordinal, 'what it waited for has come' from freed
)
select (select count(*)::int from freed) + (select count(*)::int from woken) as count`,
};

interface WaitingRow {
  tenant_id: TenantId;
  recipient: string;
  key: string;
  waits_for: WaitsFor;
  domain_id: DomainId | null;
  mailbox_id: MailboxId | null;
  octets: number;
  reverse_path: string;
}

const START = { tenantId: NO_MAILBOX, recipient: '', key: NO_MAILBOX };

export class Waiting {
  readonly #connection: HotConnection;
  #after: { tenantId: string; recipient: string; key: string } = START;

  constructor(connection: HotConnection) {
    this.#connection = connection;
  }

  /** The next recipients; behind the last one it begins with the first again. */
  async next(): Promise<WaitingGroup[]> {
    const { tenantId, recipient, key } = this.#after;
    const rows = await this.#connection.query<WaitingRow>(WAITING, [tenantId, recipient, key, WAITING_PER_STEP]);
    const last = rows.at(-1);
    this.#after =
      last && rows.length === WAITING_PER_STEP
        ? { tenantId: last.tenant_id, recipient: last.recipient, key: last.key }
        : START;
    return rows.map((row) => ({
      tenantId: row.tenant_id,
      recipient: row.recipient,
      waitsFor: row.waits_for,
      domainId: row.domain_id ?? undefined,
      mailboxId: row.mailbox_id ?? undefined,
      octets: row.octets,
      reversePath: row.reverse_path,
    }));
  }

  async goOn(groups: readonly WaitingGroup[]): Promise<number> {
    if (groups.length === 0) return 0;
    const values = columns(
      groups,
      ({ tenantId }) => tenantId,
      ({ recipient }) => recipient,
      ({ mailboxId }) => mailboxId ?? NO_MAILBOX,
    );
    const [row] = await this.#connection.query<{ count: number }>(GO_ON, values);
    return row?.count ?? 0;
  }
}
