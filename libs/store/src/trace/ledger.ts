/**
 * Promise 8: every accepted recipient is in exactly one state. Messages and deliveries are read in the order of their keys, page by page, and held against
 * each other, in one transaction of one snapshot: mail under way does not blur it, and no statement of it is long.
 */
import {
  DELIVERY_STATES,
  MAX_LEDGER_FAULTS,
  type DeliveryState,
  type Ledger,
  type LedgerFault,
  type MessageId,
  type TenantId,
} from '#domain';
import { sql } from 'kysely';
import type { Act } from '../directory/act.ts';
import { PagedRows, rangesOf, ROWS_PER_PAGE, ZERO_ID, type TenantRange } from './pages.ts';

interface Key {
  readonly tenant_id: TenantId;
  readonly message_id: MessageId;
}

interface MessageRow extends Key {
  readonly recipients: number;
  readonly deliveries: number;
  /** That somebody sent: it has recipients. */
  readonly sent: boolean;
  readonly pending: boolean;
}

interface DeliveryRow extends Key {
  readonly ordinal: number;
  readonly state: DeliveryState;
  readonly expanded: boolean;
}

/** @param page rows of one statement */
export async function readLedger(act: Act, principal: TenantId, page = ROWS_PER_PAGE): Promise<Ledger> {
  // A page is short; what it waits for need not be.
  await sql`set local statement_timeout = 0`.execute(act);
  const tally = new Tally();
  for await (const range of rangesOf(act, principal, page)) await readRange(act, tally, range, page);
  return tally.ledger();
}

async function readRange(act: Act, tally: Tally, range: TenantRange, page: number): Promise<void> {
  const messages = new PagedRows<MessageRow>(page, (after) => readMessages(act, tally, range, after, page));
  const deliveries = new PagedRows<DeliveryRow>(page, (after) => readDeliveries(act, tally, range, after, page));
  for (;;) {
    // Row by row there is nothing to wait for.
    if (messages.isEmpty) await messages.fill();
    if (deliveries.isEmpty) await deliveries.fill();
    const [message, delivery] = [messages.head, deliveries.head];
    if (message && !(delivery && isBefore(delivery, message))) {
      tally.addMessage(message);
      messages.next();
    } else if (delivery) {
      tally.addDelivery(delivery);
      deliveries.next();
    } else return tally.endMessage();
  }
}

/** As the database sorts them: UUIDs in lower case. */
const isBefore = (one: Key, other: Key): boolean =>
  one.tenant_id === other.tenant_id ? one.message_id < other.message_id : one.tenant_id < other.tenant_id;

async function readMessages(
  act: Act,
  tally: Tally,
  { first, last }: TenantRange,
  after: MessageRow | undefined,
  page: number,
): Promise<MessageRow[]> {
  const { rows } = await sql<MessageRow>`
    select tenant_id, id as message_id, recipients, deliveries, origin = 'smtp' as sent, state = 'pending' as pending
      from message
     where tenant_id <= ${last}::uuid and (tenant_id, id) > (${after?.tenant_id ?? first}::uuid, ${after?.message_id ?? ZERO_ID}::uuid)
     order by tenant_id, id limit ${sql.lit(page)}`.execute(act);
  await lookForTenants(act, tally, rows);
  return rows;
}

async function readDeliveries(
  act: Act,
  tally: Tally,
  { first, last }: TenantRange,
  after: DeliveryRow | undefined,
  page: number,
): Promise<DeliveryRow[]> {
  const { rows } = await sql<DeliveryRow>`
    select tenant_id, message_id, ordinal, state, parent is not null as expanded
      from delivery
     where tenant_id <= ${last}::uuid
       and (tenant_id, message_id, ordinal) > (${after?.tenant_id ?? first}::uuid, ${after?.message_id ?? ZERO_ID}::uuid, ${after?.ordinal ?? -1}::int)
     order by tenant_id, message_id, ordinal limit ${sql.lit(page)}`.execute(act);
  await lookForTenants(act, tally, rows);
  return rows;
}

async function lookForTenants(act: Act, tally: Tally, rows: readonly Key[]): Promise<void> {
  const unknown = tally.unknownTenants(rows);
  if (unknown.length === 0) return;
  const { rows: living } = await sql<{ id: TenantId }>`
    select t.id from unnest(${unknown}::uuid[]) as w (id), lateral (select id from tenant where id = w.id limit 1) t`.execute(
    act,
  );
  tally.noteTenants(unknown, new Set(living.map(({ id }) => id)));
}

interface Current extends Key {
  message: MessageRow | undefined;
  envelope: number;
  total: number;
}

const noDeliveries = (): Record<DeliveryState, number> => ({
  queued: 0,
  leased: 0,
  delivered: 0,
  forwarded: 0,
  held: 0,
  bounced: 0,
  discarded: 0,
});

class Tally {
  readonly #states = noDeliveries();
  readonly #expandedStates = noDeliveries();
  /** Of each that was met: whether it is gone. */
  readonly #tenants = new Map<TenantId, boolean>();
  #messages = 0;
  #accepted = 0;
  #faultyMessages = 0;
  #faults: LedgerFault[] = [];
  /** Whose rows are being met. */
  #current: Current | undefined;

  unknownTenants(rows: readonly Key[]): TenantId[] {
    const unknown = new Set<TenantId>();
    for (const { tenant_id } of rows) if (!this.#tenants.has(tenant_id)) unknown.add(tenant_id);
    return [...unknown];
  }

  noteTenants(asked: readonly TenantId[], living: ReadonlySet<TenantId>): void {
    for (const tenant of asked) this.#tenants.set(tenant, !living.has(tenant));
  }

  addMessage(message: MessageRow): void {
    const { tenant_id, recipients, sent, pending } = message;
    if (pending) return;
    if (sent) {
      this.#messages++;
      this.#accepted += recipients;
    }
    // What was appended has no recipients, and counts where nobody owns it any more.
    if (sent || this.#isGone(tenant_id)) this.#of(message).message = message;
  }

  addDelivery(delivery: DeliveryRow): void {
    const current = this.#of(delivery);
    current.total++;
    if (!delivery.expanded) current.envelope++;
    (delivery.expanded ? this.#expandedStates : this.#states)[delivery.state]++;
  }

  #isGone(tenant: TenantId): boolean {
    return this.#tenants.get(tenant) === true;
  }

  #of({ tenant_id, message_id }: Key): Current {
    const current = this.#current;
    if (current && current.message_id === message_id && current.tenant_id === tenant_id) return current;
    this.endMessage();
    return (this.#current = { tenant_id, message_id, message: undefined, envelope: 0, total: 0 });
  }

  /** There are no more rows of the message in hand. */
  endMessage(): void {
    const current = this.#current;
    this.#current = undefined;
    if (!current) return;
    const { tenant_id, message_id, message, envelope, total } = current;
    const tenantGone = this.#isGone(tenant_id);
    if (!tenantGone && message?.recipients === envelope && message.deliveries === total) return;
    this.#faultyMessages++;
    this.#faults.push({
      tenantId: tenant_id,
      messageId: message_id,
      accepted: message?.recipients,
      envelopeRows: envelope,
      expectedRows: message?.deliveries,
      rows: total,
      tenantGone,
    });
    if (this.#faults.length >= 2 * MAX_LEDGER_FAULTS) this.#faults = firstOf(this.#faults);
  }

  ledger(): Ledger {
    const sum = DELIVERY_STATES.reduce((total, state) => total + this.#states[state], 0);
    return {
      messages: this.#messages,
      accepted: this.#accepted,
      states: this.#states,
      expandedStates: this.#expandedStates,
      faultyMessages: this.#faultyMessages,
      faults: firstOf(this.#faults),
      balanced: this.#faultyMessages === 0 && sum === this.#accepted,
    };
  }
}

/** By message, of which the oldest comes first. */
const firstOf = (faults: readonly LedgerFault[]): LedgerFault[] =>
  [...faults].sort((a, b) => (a.messageId < b.messageId ? -1 : 1)).slice(0, MAX_LEDGER_FAULTS);
