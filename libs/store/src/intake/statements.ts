/** The grouped commit of ingress: one statement, one round trip, one transaction for all messages that waited. */
import { EXPAND_LANE, LOCAL_LANE } from '#domain';
import type { HotStatement } from '../hot-connection.ts';

/** Ids of messages that the directory has overtaken since RCPT, from the columns of the delivery rows and the three behind them. */
const OVERTAKEN = (first: number): string => `
overtaken as materialized (
  select o.id from overtaken_messages($${first}::uuid[], $${first + 1}::uuid[], $${first + 3}::uuid[], $${first + 4}::uuid[],
                                      $${first + 9}::text[], $${first + 10}::text[], $${first + 11}::text[]) as o (id)
)`;

const DELIVERIES = (first: number): string => `
  select tenant_id, message_id, ordinal, domain_id, mailbox_id, recipient, case when mailbox_id is null then '${EXPAND_LANE}' else '${LOCAL_LANE}' end,
         case when hold is null then 'queued' else 'held' end, hold, waits_for, dsn_notify, dsn_orcpt
    from unnest($${first}::uuid[], $${first + 1}::uuid[], $${first + 2}::int[], $${first + 3}::uuid[], $${first + 4}::uuid[],
                $${first + 5}::text[], $${first + 6}::text[], $${first + 7}::text[], $${first + 8}::text[], $${first + 12}::text[])
      as t (tenant_id, message_id, ordinal, domain_id, mailbox_id, recipient, hold, dsn_notify, dsn_orcpt, waits_for)`;

const DELIVERY_COLUMNS =
  'tenant_id, message_id, ordinal, domain_id, mailbox_id, recipient, lane, state, reply, waits_for, dsn_notify, dsn_orcpt';

/**
 * $1 is all bodies in a row; body_at and body_octets cut it. Of a message that was overtaken nothing is stored; gives back the ids of these.
 */
export const COMMIT: HotStatement = {
  name: 'intake_commit',
  text: `
with ${OVERTAKEN(19)}, stored as (
  insert into message (tenant_id, id, state, origin, reverse_path, helo, remote_address, body_type, smtputf8, dsn_ret, dsn_envid,
                       octets, header_octets, recipients, deliveries, header_message_id, envelope, body_structure, mime_index, body)
  select tenant_id, id, 'accepted', 'smtp', reverse_path, helo, remote_address, body_type, smtputf8, dsn_ret, dsn_envid,
         body_octets, header_octets, recipients, recipients, header_message_id, envelope, body_structure, mime_index,
         substring($1::bytea from body_at for body_octets)
    from unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::boolean[], $9::text[], $10::text[],
                $11::int[], $12::int[], $13::int[], $14::int[], $15::text[], $16::text[], $17::text[], $18::text[])
      as t (tenant_id, id, reverse_path, helo, remote_address, body_type, smtputf8, dsn_ret, dsn_envid,
            body_at, body_octets, header_octets, recipients, header_message_id, envelope, body_structure, mime_index)
   where id <> all (array(select o.id from overtaken o))
), queued as (
  insert into delivery (${DELIVERY_COLUMNS}) ${DELIVERIES(19)}
   where message_id <> all (array(select o.id from overtaken o))
), noted as (
  insert into event (tenant_id, message_id, kind)
  select tenant_id, id, 'accepted' from unnest($2::uuid[], $3::uuid[]) as t (tenant_id, id)
   where id <> all (array(select o.id from overtaken o))
)
select id from overtaken`,
};

/** A pending row for a large message, one per tenant; nobody reads it until it is flipped. */
export const BEGIN_LARGE: HotStatement = {
  name: 'intake_begin_large',
  text: `
insert into message (tenant_id, id, state, origin, reverse_path, helo, remote_address, body_type, smtputf8, dsn_ret, dsn_envid,
                     octets, header_octets, recipients, deliveries, envelope, body_structure, mime_index)
select tenant_id, $2::uuid, 'pending', 'smtp', $4, $5, $6, $7, $8, $9, $10, 0, 0, recipients, recipients, '', '', ''
  from unnest($1::uuid[], $3::int[]) as t (tenant_id, recipients)`,
};

/**
 * Gives back the tenants whose pending row is still there: a chunk of a message that was swept would belong to nothing. The lock keeps it from
 * being swept meanwhile.
 */
export const APPEND_CHUNK: HotStatement = {
  name: 'intake_append_chunk',
  text: `
insert into message_chunk (tenant_id, message_id, number, octets)
select m.tenant_id, m.id, $3::int, $4::bytea
  from (select tenant_id, id from message
         where id = $2::uuid and tenant_id = any ($1::uuid[]) and state = 'pending'
         order by tenant_id for key share) m
returning tenant_id`,
};

/**
 * Flips the pending rows of all its tenants and queues its deliveries: of all of them or of none. Gives back one row: whether the directory has
 * overtaken it, and of how many tenants it was stored.
 */
export const COMMIT_LARGE: HotStatement = {
  name: 'intake_commit_large',
  text: `
with ${OVERTAKEN(9)}, pending as materialized (
  select tenant_id from message
   where id = $2::uuid and tenant_id = any ($1::uuid[]) and state = 'pending'
   order by tenant_id for update
), flipped as (
  update message
     set state = 'accepted', octets = $3, header_octets = $4, header_message_id = $5, envelope = $6, body_structure = $7, mime_index = $8
   where id = $2::uuid and tenant_id in (select p.tenant_id from pending p) and state = 'pending'
     and (select count(*) from pending) = cardinality($1::uuid[]) and not exists (select from overtaken)
  returning tenant_id
), queued as (
  insert into delivery (${DELIVERY_COLUMNS}) ${DELIVERIES(9)}
   where tenant_id in (select tenant_id from flipped)
), noted as (
  insert into event (tenant_id, message_id, kind) select tenant_id, $2::uuid, 'accepted' from flipped
)
select exists (select from overtaken) as overtaken, (select count(*)::int from flipped) as stored`,
};

export const ABANDON_LARGE: HotStatement = {
  name: 'intake_abandon_large',
  text: `
with gone as (
  delete from message where id = $2::uuid and tenant_id = any ($1::uuid[]) and state = 'pending' returning tenant_id
)
delete from message_chunk where message_id = $2::uuid and tenant_id in (select tenant_id from gone)`,
};

export const RECORD_REFUSALS: HotStatement = {
  name: 'intake_record_refusals',
  text: `
insert into event (tenant_id, message_id, kind, detail)
select tenant_id, message_id, kind, detail from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[])
  as t (tenant_id, message_id, kind, detail)`,
};
