/** The maildrop's statements. Leases are judged by the database clock alone. */
import { escaped } from '../body/escaped.ts';
import { PACKED_OCTETS, PACKED_UIDS } from '../folder/compact.ts';
import type { HotStatement } from '../hot-connection.ts';

/** 16 octets a message. */
const PACKED_IDS = `string_agg(uuid_send(message_id), ''::bytea)`;
/** 12 octets a copy: the message's number in the maildrop, and the copy's own. */
const PACKED_COPIES = `string_agg(int4send(number::int) || int8send(copy_number), ''::bytea)`;

/**
 * $1 tenant, $2 mailbox, $3 session, $4 seconds: a row when the lease is ours now. All logins share the connection, so that this must not
 * wait for the holder's deletions: a lease whose row is locked is in use.
 */
export const TAKE_LEASE: HotStatement = {
  name: 'maildrop_take_lease',
  text: `
with held as (
  select 1 from maildrop_lock where tenant_id = $1::uuid and mailbox_id = $2::uuid
), free as (
  select 1 from maildrop_lock
   where tenant_id = $1::uuid and mailbox_id = $2::uuid and (lease_until < now() or session_id = $3::uuid)
     for update skip locked
)
insert into maildrop_lock as held (tenant_id, mailbox_id, session_id, lease_until)
select $1::uuid, $2::uuid, $3::uuid, now() + make_interval(secs => $4)
 where not exists (select from held) or exists (select from free)
on conflict (tenant_id, mailbox_id) do update set session_id = excluded.session_id, lease_until = excluded.lease_until
 where held.lease_until < now() or held.session_id = excluded.session_id
returning true`,
};

/** The same parameters: a row while the lease is ours. One whose row is locked, by its own session's deletions, is left as it is. */
export const RENEW: HotStatement = {
  name: 'maildrop_renew',
  text: `
with ours as (
  select 1 from maildrop_lock where tenant_id = $1::uuid and mailbox_id = $2::uuid and session_id = $3::uuid
), free as (
  select 1 from maildrop_lock where tenant_id = $1::uuid and mailbox_id = $2::uuid and session_id = $3::uuid for update skip locked
), renewed as (
  update maildrop_lock set lease_until = now() + make_interval(secs => $4)
   where tenant_id = $1::uuid and mailbox_id = $2::uuid and session_id = $3::uuid and exists (select from free)
)
select true from ours`,
};

export const RELEASE: HotStatement = {
  name: 'maildrop_release',
  text: 'delete from maildrop_lock where tenant_id = $1::uuid and mailbox_id = $2::uuid and session_id = $3::uuid',
};

/** $1 tenant, $2 mailbox, $3 INBOX, $4 session: the maildrop, to the holder of its lease only. RFC 1939 11: sizes are what RETR sends. */
export const LISTING: HotStatement = {
  name: 'maildrop_listing',
  text: `
select f.id, l.*
  from folder f, lateral (
    select ${PACKED_UIDS} as uids, ${PACKED_OCTETS} as octets, ${PACKED_IDS} as ids,
           ${PACKED_COPIES} filter (where copy_number is not null) as copies,
           json_agg(json_build_array(number, uidl)) filter (where uidl is not null) as imported
      from (select uid, octets + case when lacks_final_crlf then 2 else 0 end as octets, message_id, copy_number, uidl,
                   row_number() over (order by uid) as number
              from folder_message where tenant_id = $1::uuid and folder_id = f.id order by uid) as m) as l
 where f.tenant_id = $1::uuid and f.mailbox_id = $2::uuid and f.name = $3
   and exists (select from maildrop_lock where tenant_id = $1::uuid and mailbox_id = $2::uuid and session_id = $4::uuid)`,
};

/** $1 tenant, $2 mailbox, $3 folder, $4 UIDs. */
export const READ: HotStatement = {
  name: 'maildrop_read',
  text: `
select m.uid, m.message_id, m.trace, b.octets, ${escaped('b.body')} as body
  from folder_message m join message b on b.tenant_id = m.tenant_id and b.id = m.message_id
 where m.tenant_id = $1::uuid and m.mailbox_id = $2::uuid and m.folder_id = $3::uuid and m.uid = any ($4::bigint[])
 order by m.uid`,
};
