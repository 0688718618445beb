-- RFC 3461 5.2.7: an alias passes on what the sender asked for, into another tenant's domain as well. The two new parameters have defaults,
-- so that a worker of the release before finds the function it knows.

drop function deliver_across(uuid, uuid, uuid, text, uuid, uuid);

create function deliver_across(from_tenant uuid, of_message uuid, to_tenant uuid, to_recipient text, to_domain uuid, to_mailbox uuid,
                               to_notify text default null, to_orcpt text default null)
returns void language plpgsql security definer set search_path = public, pg_temp as $$
declare
  next_ordinal int;
begin
  insert into message (tenant_id, id, state, origin, reverse_path, helo, remote_address, body_type, smtputf8, dsn_ret, dsn_envid, octets,
                       header_octets, recipients, deliveries, header_message_id, envelope, body_structure, mime_index, body)
  select to_tenant, id, state, origin, reverse_path, helo, remote_address, body_type, smtputf8, dsn_ret, dsn_envid, octets,
         header_octets, 0, 0, header_message_id, envelope, body_structure, mime_index, body
    from message where tenant_id = from_tenant and id = of_message and state = 'accepted'
  on conflict do nothing;
  if found then
    insert into message_chunk (tenant_id, message_id, number, octets)
    select to_tenant, message_id, number, octets from message_chunk where tenant_id = from_tenant and message_id = of_message;
    insert into event (tenant_id, message_id, kind, detail) values (to_tenant, of_message, 'accepted', 'by an alias of another tenant');
  end if;
  update message set recipients = recipients + 1, deliveries = deliveries + 1
   where tenant_id = to_tenant and id = of_message
  returning deliveries - 1 into strict next_ordinal;
  insert into delivery (tenant_id, message_id, ordinal, depth, domain_id, mailbox_id, recipient, lane, state, dsn_notify, dsn_orcpt)
  values (to_tenant, of_message, next_ordinal, 1, to_domain, to_mailbox, to_recipient, 'local', 'queued', to_notify, to_orcpt);
end $$;

revoke execute on function deliver_across from public;
grant execute on function deliver_across to posthouse_worker;
