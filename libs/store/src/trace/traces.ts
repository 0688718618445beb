import {
  showId,
  type DeliveryState,
  type MailboxId,
  type MessageId,
  type MessageTrace,
  type TenantId,
  type TracedDelivery,
  type TracedEvent,
  type TracedMessage,
} from '#domain';
import { sql } from 'kysely';
import type { Act } from '../directory/act.ts';

export interface MessageKey {
  readonly tenant_id: TenantId;
  readonly id: MessageId;
}

/** Deliveries and events one message shows: a list of 5,000 must not fill a terminal or a process. */
const MAX_ROWS = 1000;

/** One trace for each key, newest message first. */
export async function readTraces(act: Act, keys: readonly MessageKey[]): Promise<MessageTrace[]> {
  const newest = [...keys].sort((a, b) => (a.id < b.id ? 1 : -1));
  const traces: MessageTrace[] = [];
  for (const key of newest) traces.push(await readTrace(act, key));
  return traces;
}

async function readTrace(act: Act, { tenant_id: tenantId, id }: MessageKey): Promise<MessageTrace> {
  const { rows: tenants } = await sql<{ name: string }>`select name from tenant where id = ${tenantId}`.execute(act);
  return {
    tenantId,
    tenant: tenants[0]?.name ?? showId('ten', tenantId),
    messageId: id,
    message: await readMessage(act, tenantId, id),
    deliveries: await readDeliveries(act, tenantId, id),
    events: await readEvents(act, tenantId, id),
  };
}

async function readMessage(act: Act, tenantId: TenantId, id: MessageId): Promise<TracedMessage | undefined> {
  const row = await act
    .selectFrom('message')
    .select([
      'state',
      'origin',
      'reverse_path as reversePath',
      'helo',
      'remote_address as remoteAddress',
      'octets',
      'recipients',
      'header_message_id',
      'received_at as receivedAt',
    ])
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .executeTakeFirst();
  if (!row) return undefined;
  const { header_message_id, ...facts } = row;
  return { ...facts, headerMessageId: header_message_id ?? undefined };
}

async function readDeliveries(act: Act, tenantId: TenantId, id: MessageId): Promise<TracedDelivery[]> {
  const { rows } = await sql<{
    ordinal: number;
    parent: number | null;
    recipient: string;
    mailbox_id: MailboxId | null;
    mailbox: string | null;
    lane: string;
    state: DeliveryState;
    attempt: number;
    next_attempt_at: Date;
    reply: string | null;
    settled_at: Date | null;
  }>`
    select ordinal, parent, recipient, mailbox_id, mailbox.name as mailbox, lane, delivery.state, attempt, next_attempt_at, reply, settled_at
      from delivery left join mailbox on mailbox.tenant_id = delivery.tenant_id and mailbox.id = mailbox_id
     where delivery.tenant_id = ${tenantId} and message_id = ${id} order by ordinal limit ${MAX_ROWS}`.execute(act);
  return rows.map((row) => ({
    ordinal: row.ordinal,
    parent: row.parent ?? undefined,
    recipient: row.recipient,
    mailboxId: row.mailbox_id ?? undefined,
    mailbox: row.mailbox ?? undefined,
    lane: row.lane,
    state: row.state,
    attempt: row.attempt,
    nextAttemptAt: row.state === 'queued' ? row.next_attempt_at : undefined,
    reply: row.reply ?? undefined,
    settledAt: row.settled_at ?? undefined,
  }));
}

async function readEvents(act: Act, tenantId: TenantId, id: MessageId): Promise<TracedEvent[]> {
  const rows = await act
    .selectFrom('event')
    .select(['at', 'kind', 'ordinal', 'detail'])
    .where('tenant_id', '=', tenantId)
    .where('message_id', '=', id)
    .orderBy('at')
    .orderBy('id')
    .limit(MAX_ROWS)
    .execute();
  return rows.map(({ at, kind, ordinal, detail }) => ({
    at,
    kind,
    ordinal: ordinal ?? undefined,
    detail: detail ?? undefined,
  }));
}
