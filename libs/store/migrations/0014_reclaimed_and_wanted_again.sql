-- A mail that two tenants have may be wanted again by an alias of the other after this one's body is gone, even at the moment it goes.

-- Lies in no folder, and did not within expunged_days; nothing of it waits or is held.
create function lies_nowhere(of_tenant uuid, of_message uuid, expunged_days int) returns boolean
language sql stable set search_path = public, pg_temp as $$
  select not exists (select from folder_message f where f.tenant_id = of_tenant and f.message_id = of_message)
     and not exists (select from delivery d where d.tenant_id = of_tenant and d.message_id = of_message and d.state in ('queued', 'leased', 'held'))
     and not exists (select from tombstone t where t.tenant_id = of_tenant and t.message_id = of_message
                        and t.gone_at >= now() - greatest(make_interval(days => expunged_days), interval '1 hour'))
$$;
revoke execute on function lies_nowhere from public;

-- As before, in two steps: what seems to lie nowhere is locked, and then looked at again by a snapshot that begins behind the lock. A delivery
-- that deliver_across adds meanwhile either holds the lock, and the message is passed by, or comes later and finds it reclaimed.
create or replace function sweep_messages(batch int, expunged_days int, trace_days int, rest_seconds int)
returns table (reclaimed int, forgotten int, more boolean)
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  walk retention_walk;
  looked int;
  next_tenant uuid;
  next_message uuid;
  tenants uuid[];
  messages uuid[];
begin
  select * into walk from retention_walk w where w.rest_until <= now() for update skip locked;
  if not found then
    return query select 0, 0, false;
    return;
  end if;
  with page as (
    select m.tenant_id, m.id, m.state, m.received_at
      from message m
     where (m.tenant_id, m.id) > (walk.last_tenant, walk.last_message)
     order by m.tenant_id, m.id
     limit batch
  ), locked as (
    select m.tenant_id, m.id
      from page p join message m on m.tenant_id = p.tenant_id and m.id = p.id
     where p.state <> 'pending'
       and p.received_at < now() - greatest(make_interval(days => expunged_days), interval '1 hour')
       and lies_nowhere(p.tenant_id, p.id, expunged_days)
       for update of m skip locked
  ), last as (
    select p.tenant_id, p.id from page p order by p.tenant_id desc, p.id desc limit 1
  )
  select (select count(*) from page), (select tenant_id from last), (select id from last), array_agg(l.tenant_id), array_agg(l.id)
    into looked, next_tenant, next_message, tenants, messages
    from locked l;
  with orphan as (
    select m.tenant_id, m.id, m.received_at
      from unnest(tenants, messages) l (tenant_id, id) join message m on m.tenant_id = l.tenant_id and m.id = l.id
     where lies_nowhere(m.tenant_id, m.id, expunged_days)
  ), gone as (
    delete from message m using orphan o
     where m.tenant_id = o.tenant_id and m.id = o.id and o.received_at < now() - make_interval(days => trace_days)
    returning m.tenant_id, m.id
  ), emptied as (
    update message m set state = 'reclaimed', body = null from orphan o
     where m.tenant_id = o.tenant_id and m.id = o.id and m.state = 'accepted'
       and o.received_at >= now() - make_interval(days => trace_days)
    returning m.tenant_id, m.id
  ), chunks as (
    delete from message_chunk c using (select * from gone union all select * from emptied) x
     where c.tenant_id = x.tenant_id and c.message_id = x.id
  ), deliveries as (
    delete from delivery d using gone g where d.tenant_id = g.tenant_id and d.message_id = g.id
  ), events as (
    delete from event e using gone g where e.tenant_id = g.tenant_id and e.message_id = g.id
  )
  select (select count(*) from emptied), (select count(*) from gone) into reclaimed, forgotten;
  more := looked = batch;
  if more then
    update retention_walk set last_tenant = next_tenant, last_message = next_message;
  else
    update retention_walk
       set last_tenant = default, last_message = default, rest_until = now() + make_interval(secs => rest_seconds);
  end if;
  return next;
end $$;

-- As before, and a message whose body is gone at the target's tenant gets it from where it comes.
create or replace function deliver_across(from_tenant uuid, of_message uuid, to_tenant uuid, to_recipient text, to_domain uuid, to_mailbox uuid,
                                          to_notify text default null, to_orcpt text default null)
returns void language plpgsql security definer set search_path = public, pg_temp as $$
declare
  next_ordinal int;
begin
  insert into message as here (tenant_id, id, state, origin, reverse_path, helo, remote_address, body_type, smtputf8, dsn_ret, dsn_envid, octets,
                               header_octets, recipients, deliveries, header_message_id, envelope, body_structure, mime_index, body)
  select to_tenant, id, state, origin, reverse_path, helo, remote_address, body_type, smtputf8, dsn_ret, dsn_envid, octets,
         header_octets, 0, 0, header_message_id, envelope, body_structure, mime_index, body
    from message where tenant_id = from_tenant and id = of_message and state = 'accepted'
  on conflict (tenant_id, id) do update set state = excluded.state, body = excluded.body where here.state = 'reclaimed';
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
