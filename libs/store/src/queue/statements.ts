/** The queue's statements. Every update sets came_from = state, so that the table's check refuses an illegal move. */
import type { HotStatement } from '../hot-connection.ts';

/** Milliseconds that a batch waits for rows that others hold; then it goes on without them. */
const LOCK_PATIENCE = 1_000;
export const BOUND_LOCKS = `set local lock_timeout = ${LOCK_PATIENCE}`;

/** Waits for rows that others hold, or leaves them out. */
export type Locking = 'wait' | 'skip locked';
const suffix = (locking: Locking): string => (locking === 'wait' ? '' : ` ${locking}`);
const named = (name: string, locking: Locking): string => (locking === 'wait' ? name : `${name}_skipping`);

/** Locks what the batch will change ($1 tenants, $2 mailboxes, each once), in the order every writer keeps: folders by id, then usage by mailbox. */
export const lockInboxes = (locking: Locking): HotStatement => ({
  name: named('queue_lock_inboxes', locking),
  text: `
select f.tenant_id, f.mailbox_id, f.id, f.uidnext, f.highestmodseq
  from unnest($1::uuid[], $2::uuid[]) as t (tenant_id, mailbox_id)
  join folder f on f.tenant_id = t.tenant_id and f.mailbox_id = t.mailbox_id and f.name = 'INBOX'
 order by f.id
   for update of f${suffix(locking)}`,
});

export const lockUsage = (locking: Locking): HotStatement => ({
  name: named('queue_lock_usage', locking),
  text: `
select u.tenant_id, u.mailbox_id, u.octets, u.messages, m.quota_octets, m.quota_messages, m.state
  from unnest($1::uuid[], $2::uuid[]) as t (tenant_id, mailbox_id)
  join mailbox_usage u on u.tenant_id = t.tenant_id and u.mailbox_id = t.mailbox_id
  join mailbox m on m.tenant_id = u.tenant_id and m.id = u.mailbox_id
 order by u.mailbox_id
   for update of u${suffix(locking)}`,
});

/** Which rows are still ours, and which mailboxes have the message already. Read under the folder locks: a fresh snapshot. */
export const LOCK_LEASES: HotStatement = {
  name: 'queue_lock_leases',
  text: `
select t.at,
       exists (select from delivery o
                where o.tenant_id = t.tenant_id and o.message_id = t.message_id and o.mailbox_id = t.mailbox_id
                  and o.state = 'delivered' and not o.duplicate) as already
  from unnest($1::uuid[], $2::uuid[], $3::int[], $4::uuid[], $5::uuid[]) with ordinality
         as t (tenant_id, message_id, ordinal, mailbox_id, lease, at)
  join delivery d on d.tenant_id = t.tenant_id and d.message_id = t.message_id and d.ordinal = t.ordinal
 where d.state = 'leased' and d.lease_owner = t.lease
 order by d.message_id, d.ordinal
   for update of d`,
};

/**
 * $1.. columns of new folder rows (trace cut from one parameter), folder and usage counters, settled deliveries with events.
 * The rows are locked, so the counters may be written as plain values.
 */
export const SETTLE_PLACED: HotStatement = {
  name: 'queue_settle_placed',
  text: `
with placed as (
  insert into folder_message (tenant_id, folder_id, uid, mailbox_id, message_id, modseq, octets, trace)
  select tenant_id, folder_id, uid, mailbox_id, message_id, modseq, octets, substring($1::bytea from trace_at for trace_octets)
    from unnest($2::uuid[], $3::uuid[], $4::bigint[], $5::uuid[], $6::uuid[], $7::bigint[], $8::bigint[], $9::int[], $10::int[])
      as t (tenant_id, folder_id, uid, mailbox_id, message_id, modseq, octets, trace_at, trace_octets)
), counted as (
  update folder f
     set uidnext = t.uidnext, highestmodseq = t.modseq, messages = f.messages + t.messages, unseen = f.unseen + t.messages,
         octets = f.octets + t.octets
    from unnest($11::uuid[], $12::uuid[], $13::bigint[], $14::bigint[], $15::bigint[], $16::bigint[])
      as t (tenant_id, id, uidnext, modseq, messages, octets)
   where f.tenant_id = t.tenant_id and f.id = t.id
), used as (
  update mailbox_usage u set octets = u.octets + t.octets, messages = u.messages + t.messages
    from unnest($11::uuid[], $17::uuid[], $15::bigint[], $16::bigint[]) as t (tenant_id, mailbox_id, messages, octets)
   where u.tenant_id = t.tenant_id and u.mailbox_id = t.mailbox_id
), settled as (
  update delivery d
     set came_from = d.state, state = 'delivered', mailbox_id = t.mailbox_id, duplicate = t.duplicate, settled_at = now(),
         lease_owner = null, lease_until = null, reply = t.reply
    from unnest($18::uuid[], $19::uuid[], $20::int[], $21::uuid[], $22::boolean[], $23::text[])
      as t (tenant_id, message_id, ordinal, mailbox_id, duplicate, reply)
   where d.tenant_id = t.tenant_id and d.message_id = t.message_id and d.ordinal = t.ordinal and d.state = 'leased'
)
insert into event (tenant_id, message_id, kind, ordinal, detail)
select tenant_id, message_id, case when duplicate then 'duplicate' else 'delivered' end, ordinal, reply
  from unnest($18::uuid[], $19::uuid[], $20::int[], $22::boolean[], $23::text[])
    as t (tenant_id, message_id, ordinal, duplicate, reply)`,
};

/** Rows back into the queue: $1 tenant, $2 message, $3 ordinal, $4 lease, $5 seconds from birth, $6 reply, $7 what may come before that. */
export const DEFER: HotStatement = {
  name: 'queue_defer',
  text: `
with moved as (
  update delivery d
     set came_from = d.state, state = 'queued', deferred = true, lease_owner = null, lease_until = null, reply = t.reply, waits_for = t.waits_for,
         next_attempt_at = d.queued_at + make_interval(secs => t.after)
    from unnest($1::uuid[], $2::uuid[], $3::int[], $4::uuid[], $5::float8[], $6::text[], $7::text[])
      as t (tenant_id, message_id, ordinal, lease, after, reply, waits_for)
   where d.tenant_id = t.tenant_id and d.message_id = t.message_id and d.ordinal = t.ordinal
     and d.state = 'leased' and d.lease_owner = t.lease
  returning d.tenant_id, d.message_id, d.ordinal, d.reply
)
insert into event (tenant_id, message_id, kind, ordinal, detail)
select tenant_id, message_id, 'deferred', ordinal, reply from moved`,
};

/** $1 tenant, $2 message, $3 ordinal, $4 lease, $5 reason, $6 what it waits for. */
export const HOLD: HotStatement = {
  name: 'queue_hold',
  text: `
with moved as (
  update delivery d
     set came_from = d.state, state = 'held', lease_owner = null, lease_until = null, reply = t.reason, waits_for = t.waits_for
    from unnest($1::uuid[], $2::uuid[], $3::int[], $4::uuid[], $5::text[], $6::text[])
      as t (tenant_id, message_id, ordinal, lease, reason, waits_for)
   where d.tenant_id = t.tenant_id and d.message_id = t.message_id and d.ordinal = t.ordinal
     and d.state = 'leased' and d.lease_owner = t.lease
  returning d.tenant_id, d.message_id, d.ordinal, d.reply
)
insert into event (tenant_id, message_id, kind, ordinal, detail)
select tenant_id, message_id, 'held', ordinal, reply from moved`,
};

/**
 * $1 tenant, $2 message, $3 ordinal, $4 lease, $5 lease seconds, $6 whether these are the last targets, $7 targets of all steps, $8 rows the
 * message may have; $9.. targets: recipient, lane, domain, mailbox, hold.
 */
export const EXPAND: HotStatement = {
  name: 'queue_expand',
  text: `
select expand_delivery($1::uuid, $2::uuid, $3::int, $4::uuid, $5::float8, $6::boolean, $7::int, $8::int,
                       $9::text[], $10::text[], $11::uuid[], $12::uuid[], $13::text[]) as outcome`,
};

/** $1 tenant, $2 message, $3 ordinal, $4 domains of the targets: targets that were made by steps before, here and at other tenants. */
export const EXPANDED: HotStatement = {
  name: 'queue_expanded',
  text: `
select d.recipient, d.mailbox_id from delivery d where d.tenant_id = $1::uuid and d.message_id = $2::uuid and d.parent = $3::int
union all
select d.recipient, d.mailbox_id
  from (select distinct tenant_id from domain where id = any ($4::uuid[]) and tenant_id <> $1::uuid) t
  join delivery d on d.tenant_id = t.tenant_id and d.message_id = $2::uuid
 where d.depth > 0`,
};

/** Due at once, behind what is due already. */
export const RELEASE_EXPIRED: HotStatement = {
  name: 'queue_release_expired',
  text: `
with moved as (
  update delivery d
     set came_from = d.state, state = 'queued', lease_owner = null, lease_until = null, next_attempt_at = now()
    from (select tenant_id, message_id, ordinal from delivery
           where state = 'leased' and lease_until < now() order by lease_until limit 1000 for update skip locked) e
   where d.tenant_id = e.tenant_id and d.message_id = e.message_id and d.ordinal = e.ordinal
  returning d.tenant_id, d.message_id, d.ordinal
), noted as (
  insert into event (tenant_id, message_id, kind, ordinal, detail)
  select tenant_id, message_id, 'lease-expired', ordinal, 'the worker that held it is gone; due again' from moved
)
select count(*)::int as count from moved`,
};

/** Lanes looked at in one sweep at most; the next sweep looks at those behind them. */
export const LANES_PER_SWEEP = 1000;

/** $1 lane behind which to begin, $2 lanes at most. Skip scan over lanes with queued rows that wait for nothing, our own lanes always among them. */
export const DUE_LANES: HotStatement = {
  name: 'queue_due_lanes',
  text: `
with recursive lanes (lane, number, due) as (
  (select lane, 1, next_attempt_at <= now() from delivery where state = 'queued' and not deferred and lane > $1 order by lane limit 1)
  union all
  (select n.lane, lanes.number + 1, n.due
     from lanes cross join lateral (
       select d.lane, d.next_attempt_at <= now() as due
         from delivery d where d.state = 'queued' and not d.deferred and d.lane > lanes.lane order by d.lane limit 1) n
    where lanes.number < $2::int)
)
select lane, number,
       case when due then true
            else coalesce((select true from delivery d where d.state = 'queued' and not d.deferred and d.lane = l.lane and d.next_attempt_at <= now() limit 1), false)
       end as due
  from (select 'local' as lane, 0 as number, false as due union all select 'expand', 0, false union all select lane, number, due from lanes) l`,
};

/** Unfinished messages that one statement removes; the rest has its turn in the next sweep. */
export const PENDING_PER_SWEEP = 100;

/** $1 seconds since the last chunk of a pending message, or since it was begun. */
export const SWEEP_PENDING: HotStatement = {
  name: 'queue_sweep_pending',
  text: `select sweep_pending($1, ${PENDING_PER_SWEEP}) as count`,
};
