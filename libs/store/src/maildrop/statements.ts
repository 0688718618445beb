/** The maildrop's statements. Leases are judged by the database clock alone. */
import { escaped } from '../body/escaped.ts';
import { PACKED_OCTETS, PACKED_UIDS } from '../folder/compact.ts';
import type { HotStatement } from '../hot-connection.ts';

/** Messages of a maildrop that come with its lease, in the same round trip; and of each page behind them, over connections of their own. */
export const FIRST_PAGE = 1_000;
export const NEXT_PAGE = 5_000;

/** 16 octets a message. */
const PACKED_IDS = `string_agg(uuid_send(message_id), ''::bytea)`;
/** 12 octets a copy: the message's number in the maildrop, and the copy's own. */
const PACKED_COPIES = `string_agg(int4send(number::int) || int8send(copy_number), ''::bytea)`;

/**
 * The process that holds the lease has no session on this server any more, and it had one since the server started. Shared, so that many may
 * ask at once; the holder's own lock is not, and whoever waits for it counts as well.
 */
const ABANDONED = 'proved_on = pg_postmaster_start_time() and pg_try_advisory_xact_lock_shared(incarnation)';

/** Ran out, or ours, or of a former self of this house: a house that runs has no second one. */
const FREE = 'lease_until < now() or session_id = $3::uuid or (house = $6::uuid and incarnation <> $5::bigint)';

const PROVED_ON = 'case when $7::boolean then pg_postmaster_start_time() end';

/**
 * $1 tenant, $2 mailbox, $3 session, $4 seconds, $5 our number, $6 our house or null, $7 whether our proof of life stands, $8 the session
 * that was found abandoned before, or null. One row: whether the lease is ours now; if it is not, the session that holds it where it looks
 * abandoned. A process that lives may have lost its session just now, and gets it back at once, so that it takes two looks to take from it.
 * All logins share the connection, so that this must not wait for the holder's deletions: a lease whose row is locked is in use.
 */
export const TAKE_LEASE: HotStatement = {
  name: 'maildrop_take_lease',
  text: `
with held as (
  select session_id, case when ${FREE} then false else ${ABANDONED} end as abandoned
    from maildrop_lock where tenant_id = $1::uuid and mailbox_id = $2::uuid
), free as (
  select 1 from maildrop_lock
   where tenant_id = $1::uuid and mailbox_id = $2::uuid and (${FREE} or (session_id = $8::uuid and ${ABANDONED}))
     for update skip locked
), taken as (
  insert into maildrop_lock as held (tenant_id, mailbox_id, session_id, lease_until, incarnation, house, proved_on)
  select $1::uuid, $2::uuid, $3::uuid, now() + make_interval(secs => $4), $5::bigint, $6::uuid, ${PROVED_ON}
   where not exists (select from held) or exists (select from free)
  on conflict (tenant_id, mailbox_id) do update
     set session_id = excluded.session_id, lease_until = excluded.lease_until, incarnation = excluded.incarnation,
         house = excluded.house, proved_on = excluded.proved_on
   where held.lease_until < now() or held.session_id = excluded.session_id or exists (select from free)
  returning true
)
select exists (select from taken) as taken, (select session_id from held where abandoned) as abandoned`,
};

/** $1 to $4 the same, $5 whether our proof of life stands: a row while the lease is ours. One whose row is locked, by its own session's deletions, is left as it is. */
export const RENEW: HotStatement = {
  name: 'maildrop_renew',
  text: `
with ours as (
  select 1 from maildrop_lock where tenant_id = $1::uuid and mailbox_id = $2::uuid and session_id = $3::uuid
), free as (
  select 1 from maildrop_lock where tenant_id = $1::uuid and mailbox_id = $2::uuid and session_id = $3::uuid for update skip locked
), renewed as (
  update maildrop_lock
     set lease_until = now() + make_interval(secs => $4), proved_on = case when $5::boolean then pg_postmaster_start_time() end
   where tenant_id = $1::uuid and mailbox_id = $2::uuid and session_id = $3::uuid and exists (select from free)
)
select true from ours`,
};

/** $1 tenant, $2 mailbox, $3 session. A row that is locked goes with what locks it: the removal of its mailbox. */
export const RELEASE: HotStatement = {
  name: 'maildrop_release',
  text: `
with free as (
  select 1 from maildrop_lock where tenant_id = $1::uuid and mailbox_id = $2::uuid and session_id = $3::uuid for update skip locked
)
delete from maildrop_lock
 where tenant_id = $1::uuid and mailbox_id = $2::uuid and session_id = $3::uuid and exists (select from free)`,
};

/** $1 our number: our proof of life stands, on this start of the server. Those that are locked hear of it at their next renewal. */
export const RESTAMP = `
with ours as (
  select tenant_id, mailbox_id, session_id from maildrop_lock where incarnation = $1::bigint for update skip locked
)
update maildrop_lock l set proved_on = pg_postmaster_start_time() from ours o
 where l.tenant_id = o.tenant_id and l.mailbox_id = o.mailbox_id and l.session_id = o.session_id`;

/**
 * $1 tenant, $2 mailbox, $3 INBOX, $4 session, $5 the UID behind which, $6 how many messages lie before: a page of the maildrop, to the holder
 * of its lease only. RFC 1939 11: sizes are what RETR sends.
 * @param page messages of it: a literal, so that the planner sees the bound
 */
export const listing = (page: number): HotStatement => ({
  name: `maildrop_listing_${page}`,
  text: `
select f.id, l.*
  from folder f, lateral (
    select ${PACKED_UIDS} as uids, ${PACKED_OCTETS} as octets, ${PACKED_IDS} as ids,
           ${PACKED_COPIES} filter (where copy_number is not null) as copies,
           json_agg(json_build_array(number, uidl)) filter (where uidl is not null) as imported
      from (select uid, octets + case when lacks_final_crlf then 2 else 0 end as octets, message_id, copy_number, uidl,
                   $6::bigint + row_number() over (order by uid) as number
              from (select * from folder_message where tenant_id = $1::uuid and folder_id = f.id and uid > $5::bigint
                     order by uid limit ${page}) as page
             order by uid) as m) as l
 where f.tenant_id = $1::uuid and f.mailbox_id = $2::uuid and f.name = $3
   and exists (select from maildrop_lock where tenant_id = $1::uuid and mailbox_id = $2::uuid and session_id = $4::uuid)`,
});

/** $1 tenant, $2 mailbox, $3 folder, $4 UIDs. */
export const READ: HotStatement = {
  name: 'maildrop_read',
  text: `
select m.uid, m.message_id, m.trace, b.octets, ${escaped('b.body')} as body
  from folder_message m, lateral (select octets, body from message where tenant_id = $1::uuid and id = m.message_id limit 1) as b
 where m.tenant_id = $1::uuid and m.mailbox_id = $2::uuid and m.folder_id = $3::uuid and m.uid = any ($4::bigint[])
 order by m.uid`,
};
