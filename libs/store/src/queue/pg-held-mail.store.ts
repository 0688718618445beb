import {
  HeldMailStore,
  MAX_STUCK_PAGE,
  showId,
  type DeliveryKey,
  type MessageId,
  type StuckDelivery,
  type StuckFilter,
  type TenantId,
} from '#domain';
import { Injectable } from '@nestjs/common';
import { sql, type RawBuilder } from 'kysely';
import { Database } from '../database.ts';
import { actAs, type Act } from '../directory/act.ts';

interface StuckRow {
  tenant_id: TenantId;
  message_id: MessageId;
  ordinal: number;
  tenant: string | null;
  recipient: string;
  lane: string;
  reverse_path: string;
  octets: number;
  queued_at: Date;
  next_attempt_at: Date;
  attempt: number;
  reply: string | null;
}

const ZERO = '00000000-0000-0000-0000-000000000000';
/** Each has an index in the order of the list (`delivery_held`, `delivery_put_off`). */
const STATES: Readonly<Record<StuckDelivery['state'], RawBuilder<unknown>>> = {
  held: sql`d.state = 'held'`,
  deferred: sql`d.state = 'queued' and d.deferred`,
};

/** Under the api role; the changes are functions of the owner, which check the principal. */
@Injectable()
export class PgHeldMailStore extends HeldMailStore {
  readonly #database: Database;

  constructor(database: Database) {
    super();
    this.#database = database;
  }

  override list(
    principal: TenantId,
    filter: StuckFilter,
    after?: DeliveryKey,
    limit = MAX_STUCK_PAGE,
  ): Promise<StuckDelivery[]> {
    return actAs(this.#database, principal, async (act) => {
      const { rows } = await stuck(filter, after, Math.min(limit, MAX_STUCK_PAGE)).execute(act);
      return rows.map((row) => viewOf(row, filter.state));
    });
  }

  override release(principal: TenantId, keys: readonly DeliveryKey[]): Promise<number> {
    return this.#move('release_deliveries', principal, keys);
  }

  override discard(principal: TenantId, keys: readonly DeliveryKey[]): Promise<number> {
    return this.#move('discard_deliveries', principal, keys);
  }

  #move(by: 'release_deliveries' | 'discard_deliveries', principal: TenantId, keys: readonly DeliveryKey[]) {
    return actAs(this.#database, principal, (act) => move(act, by, keys.slice(0, MAX_STUCK_PAGE)));
  }
}

/** Whatever is looked for, no more is read than the rows of the state; a message is found by its key. */
function stuck(filter: StuckFilter, after: DeliveryKey | undefined, limit: number) {
  const { state, tenant, recipient, reason, messageId, ordinal } = filter;
  const conditions = [
    STATES[state],
    sql`(d.tenant_id, d.message_id, d.ordinal) > (${after?.tenantId ?? ZERO}::uuid, ${after?.messageId ?? ZERO}::uuid, ${after?.ordinal ?? -1}::int)`,
    ...(tenant === undefined ? [] : [sql`d.tenant_id = (select id from tenant where name = ${clean(tenant)}::text)`]),
    ...(recipient === undefined ? [] : [byRecipient(clean(recipient))]),
    ...(reason === undefined ? [] : [sql`strpos(lower(d.reply), lower(${clean(reason)}::text)) > 0`]),
    ...(messageId === undefined ? [] : [sql`d.message_id = ${messageId}::uuid`]),
    ...(ordinal === undefined ? [] : [sql`d.ordinal = ${ordinal}::int`]),
  ];
  return sql<StuckRow>`
    select d.tenant_id, d.message_id, d.ordinal, d.recipient, d.lane, d.queued_at, d.next_attempt_at, d.attempt, d.reply,
           (select t.name from tenant t where t.id = d.tenant_id) as tenant,
           coalesce((select m.reverse_path from message m where m.tenant_id = d.tenant_id and m.id = d.message_id), '') as reverse_path,
           coalesce((select m.octets from message m where m.tenant_id = d.tenant_id and m.id = d.message_id), 0) as octets
      from delivery d where ${sql.join(conditions, sql` and `)}
     order by d.tenant_id, d.message_id, d.ordinal limit ${sql.lit(limit)}`;
}

/** NUL is in no text of the database. */
const clean = (text: string): string => text.replaceAll('\0', '');

const byRecipient = (recipient: string): RawBuilder<unknown> =>
  recipient.startsWith('@')
    ? sql`right(lower(d.recipient), length(${recipient}::text)) = lower(${recipient}::text)`
    : sql`lower(d.recipient) = lower(${recipient}::text)`;

const viewOf = (row: StuckRow, state: StuckDelivery['state']): StuckDelivery => ({
  tenantId: row.tenant_id,
  messageId: row.message_id,
  ordinal: row.ordinal,
  tenant: row.tenant ?? showId('ten', row.tenant_id),
  state,
  recipient: row.recipient,
  lane: row.lane,
  reversePath: row.reverse_path,
  octets: row.octets,
  queuedAt: row.queued_at,
  nextAttemptAt: state === 'deferred' ? row.next_attempt_at : undefined,
  attempt: row.attempt,
  reason: row.reply ?? undefined,
});

async function move(
  act: Act,
  by: 'release_deliveries' | 'discard_deliveries',
  keys: readonly DeliveryKey[],
): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count
      from ${sql.raw(by)}(${keys.map(({ tenantId }) => tenantId)}::uuid[], ${keys.map(({ messageId }) => messageId)}::uuid[], ${keys.map(({ ordinal }) => ordinal)}::int[])`.execute(
    act,
  );
  return rows[0]?.count ?? 0;
}
