/** Promise 8: every accepted recipient is in exactly one state. Runs on a snapshot, so that mail under way does not blur it. */
import {
  DELIVERY_STATES,
  MAX_LEDGER_FAULTS,
  type DeliveryState,
  type Ledger,
  type MessageId,
  type TenantId,
} from '#domain';
import { sql } from 'kysely';
import type { Act } from '../directory/act.ts';

interface StateRow {
  state: DeliveryState;
  envelope: number;
  expanded: number;
}

interface FaultRow {
  tenant_id: TenantId;
  message_id: MessageId;
  recipients: number | null;
  deliveries: number | null;
  envelope: number;
  total: number;
  tenant_gone: boolean;
  faulty: number;
}

const BOTH_SIDES = sql`
  (select tenant_id, message_id, count(*) as total, count(*) filter (where parent is null) as envelope
     from delivery group by tenant_id, message_id) d
  full join (select tenant_id, id, recipients, deliveries from message
              where state <> 'pending' and (origin = 'smtp' or tenant_id not in (select id from tenant))) m
    on m.tenant_id = d.tenant_id and m.id = d.message_id`;

export async function readLedger(act: Act): Promise<Ledger> {
  // The whole queue and its history are read: this may take longer than a statement of the mail path.
  await sql`set local statement_timeout = 0`.execute(act);
  const states = await sql<StateRow>`
    select state, count(*) filter (where parent is null) as envelope, count(*) filter (where parent is not null) as expanded
      from delivery group by state`.execute(act);
  const totals = await sql<{ messages: number; accepted: number }>`
    select count(*) as messages, coalesce(sum(recipients), 0)::bigint as accepted
      from message where state <> 'pending' and origin = 'smtp'`.execute(act);
  const faults = await sql<FaultRow>`
    select coalesce(m.tenant_id, d.tenant_id) as tenant_id, coalesce(m.id, d.message_id) as message_id, m.recipients, m.deliveries,
           coalesce(d.envelope, 0) as envelope, coalesce(d.total, 0) as total, t.id is null as tenant_gone, count(*) over () as faulty
      from ${BOTH_SIDES}
      left join tenant t on t.id = coalesce(m.tenant_id, d.tenant_id)
     where t.id is null or (m.recipients, m.deliveries) is distinct from (coalesce(d.envelope, 0), coalesce(d.total, 0))
     order by message_id limit ${MAX_LEDGER_FAULTS}`.execute(act);
  const { messages = 0, accepted = 0 } = totals.rows[0] ?? {};
  const counted = countsOf(states.rows, ({ envelope }) => envelope);
  const sum = DELIVERY_STATES.reduce((total, state) => total + counted[state], 0);
  return {
    messages,
    accepted,
    states: counted,
    expandedStates: countsOf(states.rows, ({ expanded }) => expanded),
    faultyMessages: faults.rows[0]?.faulty ?? 0,
    faults: faults.rows.map((row) => ({
      tenantId: row.tenant_id,
      messageId: row.message_id,
      accepted: row.recipients ?? undefined,
      envelopeRows: row.envelope,
      expectedRows: row.deliveries ?? undefined,
      rows: row.total,
      tenantGone: row.tenant_gone,
    })),
    balanced: faults.rows.length === 0 && sum === accepted,
  };
}

function countsOf(rows: readonly StateRow[], pick: (row: StateRow) => number): Record<DeliveryState, number> {
  const counts: Record<DeliveryState, number> = {
    queued: 0,
    leased: 0,
    delivered: 0,
    forwarded: 0,
    held: 0,
    bounced: 0,
    discarded: 0,
  };
  for (const row of rows) counts[row.state] = pick(row);
  return counts;
}
