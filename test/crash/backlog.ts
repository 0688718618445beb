/** Mail that waits in its thousands, due before all other mail: as after hours in which no worker ran. */
import type { CrashHouse } from './crash-house.ts';

/** Ids are made of numbers, so that a statement whose answer was lost is refused the second time. */
const FILL = `
with box as (
  select row_number() over (order by b.id) - 1 as number, b.tenant_id, b.domain_id, b.id, b.name from mailbox b where b.name = any ($2)
), made as materialized (
  select md5('backlog ' || n)::uuid as message_id, b.*, n
    from generate_series(1, $1::int) n join box b on b.number = n % cardinality($2::text[])
), stored as (
  insert into message (tenant_id, id, state, origin, reverse_path, helo, remote_address, octets, header_octets, recipients,
                       deliveries, envelope, body_structure, mime_index, header_message_id)
  select tenant_id, message_id, 'accepted', 'smtp', 'sender@elsewhere.test', 'crash.test', '192.0.2.1', 1000, 0, 1, 1, '', '', '',
         '<backlog-' || n || '@crash.test>'
    from made)
insert into delivery (tenant_id, message_id, ordinal, recipient, lane, state, domain_id, mailbox_id, next_attempt_at)
select tenant_id, message_id, 0, name, 'local', 'queued', domain_id, id, now() - interval '1 hour' from made`;

/** @param backlog takes what was stored: id -> recipient. Throws when that is not what was asked for, or nothing of it waits. */
export async function fillBacklog(house: CrashHouse, messages: number, backlog: Map<string, string>): Promise<void> {
  const before = await waiting(house);
  await house.query(FILL, [messages, house.addresses]);
  const stored = await house.query<{ id: string; recipient: string }>(
    `select m.header_message_id as id, d.recipient from message m join delivery d on d.tenant_id = m.tenant_id and d.message_id = m.id
      where m.header_message_id like '<backlog-%'`,
  );
  for (const { id, recipient } of stored) backlog.set(id.slice(1, id.indexOf('@')), recipient);
  const after = await waiting(house);
  if (backlog.size !== messages || after <= before)
    throw new Error(`a backlog of ${messages}: ${backlog.size} stored, ${after} wait`);
}

async function waiting(house: CrashHouse): Promise<number> {
  const [row] = await house.query<{ waiting: number }>(
    "select count(*)::int as waiting from delivery where state = 'queued'",
  );
  return row?.waiting ?? 0;
}
