/** The grouped commit of ingress: one statement, one round trip, one transaction for all messages that waited. */
import type { HotStatement } from '../hot-connection.ts';

const DELIVERIES = (first: number): string => `
  select tenant_id, message_id, ordinal, domain_id, mailbox_id, recipient, 'local',
         case when hold is null then 'queued' else 'held' end, hold, dsn_notify, dsn_orcpt
    from unnest($${first}::uuid[], $${first + 1}::uuid[], $${first + 2}::int[], $${first + 3}::uuid[], $${first + 4}::uuid[],
                $${first + 5}::text[], $${first + 6}::text[], $${first + 7}::text[], $${first + 8}::text[])
      as t (tenant_id, message_id, ordinal, domain_id, mailbox_id, recipient, hold, dsn_notify, dsn_orcpt)`;

const DELIVERY_COLUMNS =
  'tenant_id, message_id, ordinal, domain_id, mailbox_id, recipient, lane, state, reply, dsn_notify, dsn_orcpt';

/** $1 is all bodies in a row; body_at and body_octets cut it. */
export const COMMIT: HotStatement = {
  name: 'intake_commit',
  text: `
with stored as (
  insert into message (tenant_id, id, state, origin, reverse_path, helo, remote_address, body_type, smtputf8, dsn_ret, dsn_envid,
                       octets, header_octets, recipients, deliveries, header_message_id, envelope, body_structure, mime_index, body)
  select tenant_id, id, 'accepted', 'smtp', reverse_path, helo, remote_address, body_type, smtputf8, dsn_ret, dsn_envid,
         body_octets, header_octets, recipients, recipients, header_message_id, envelope, body_structure, mime_index,
         substring($1::bytea from body_at for body_octets)
    from unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::boolean[], $9::text[], $10::text[],
                $11::int[], $12::int[], $13::int[], $14::int[], $15::text[], $16::text[], $17::text[], $18::text[])
      as t (tenant_id, id, reverse_path, helo, remote_address, body_type, smtputf8, dsn_ret, dsn_envid,
            body_at, body_octets, header_octets, recipients, header_message_id, envelope, body_structure, mime_index)
), queued as (
  insert into delivery (${DELIVERY_COLUMNS}) ${DELIVERIES(19)}
)
insert into event (tenant_id, message_id, kind)
select tenant_id, id, 'accepted' from unnest($2::uuid[], $3::uuid[]) as t (tenant_id, id)`,
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

/** Gives back the tenants whose pending row is still there: a chunk of a message that was swept would belong to nothing. */
export const APPEND_CHUNK: HotStatement = {
  name: 'intake_append_chunk',
  text: `
insert into message_chunk (tenant_id, message_id, number, octets)
select m.tenant_id, m.id, $3::int, $4::bytea
  from message m where m.id = $2::uuid and m.tenant_id = any ($1::uuid[]) and m.state = 'pending'
returning tenant_id`,
};

/** Flips every tenant's pending row and queues its deliveries, where the row is still there; gives back the tenants flipped. */
export const COMMIT_LARGE: HotStatement = {
  name: 'intake_commit_large',
  text: `
with flipped as (
  update message
     set state = 'accepted', octets = $3, header_octets = $4, header_message_id = $5, envelope = $6, body_structure = $7, mime_index = $8
   where id = $2::uuid and tenant_id = any ($1::uuid[]) and state = 'pending'
  returning tenant_id
), queued as (
  insert into delivery (${DELIVERY_COLUMNS}) ${DELIVERIES(9)}
   where tenant_id in (select tenant_id from flipped)
), noted as (
  insert into event (tenant_id, message_id, kind) select tenant_id, $2::uuid, 'accepted' from flipped
)
select tenant_id from flipped`,
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
