/** Mail that waits. */
import type { Pool } from 'pg';

/** In one statement. */
const ROWS = 100_000;

/**
 * So many deliveries, due one after the other, to all mailboxes in turn; ids in the order of time, as an intake makes them (`newId`).
 * `owner` is that of the database, of PostgreSQL 18.
 */
export async function addBacklog(owner: Pool, count: number, lane: string): Promise<void> {
  for (let left = count; left > 0; left -= ROWS)
    await owner.query(
      `with box as (
         select row_number() over (order by id) as number, count(*) over () as boxes, tenant_id, domain_id, id, name from mailbox
       ), made as materialized (
         select uuidv7(n * interval '1 ms' - interval '1 hour') as message_id, b.*, n
           from generate_series(1, $1::int) n join box b on b.number = 1 + n % b.boxes
       ), stored as (
         insert into message (tenant_id, id, state, origin, reverse_path, helo, remote_address, octets, header_octets, recipients,
                              deliveries, envelope, body_structure, mime_index)
         select tenant_id, message_id, 'accepted', 'smtp', 'a@b.example', 'h', 'r', 1000, 0, 1, 1, '', '', '' from made)
       insert into delivery (tenant_id, message_id, ordinal, recipient, lane, state, domain_id, mailbox_id, next_attempt_at)
       select tenant_id, message_id, 0, name, $2, 'queued', domain_id, id, now() - interval '1 hour' + n * interval '1 ms' from made`,
      [Math.min(left, ROWS), lane],
    );
  // What this wrote is not written out beside what is measured.
  if (count > 1) await owner.query('checkpoint');
}
