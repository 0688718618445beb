-- What RCPT was answered from may have changed by the end of the data. The commit looks again, inside its own statement.

-- Ids of the messages of which a recipient's answer does not stand any more: the domain is not there, or not of that tenant; it or the tenant
-- takes no mail; the row of the address book that won is gone, leads elsewhere, has no target that takes mail, or an exact address now comes before
-- it. A null kind rests on the domain alone, and postmaster on no state (RFC 5321 4.5.1). A null domain: the host's own postmaster.
-- The domains are locked against removal to the end of the transaction, so that none goes while its mail is being stored. Nothing is waited
-- for: a domain that is being removed just now counts as one that cannot be told.
-- plpgsql: volatile, so that it sees what was committed after the caller's statement began; and its plan is kept.
create function overtaken_messages(of_tenants uuid[], of_messages uuid[], of_domains uuid[], of_mailboxes uuid[], of_kinds text[], of_rows text[],
                                   of_locals text[])
returns setof uuid language plpgsql security definer set search_path = public, pg_temp rows 1 as $$
begin
  return query
  with standing as materialized (
    select d.tenant_id, d.id, d.state = 'active' and t.state = 'active' as takes_mail
      from domain d join tenant t on t.id = d.tenant_id
     where d.id = any (of_domains)
     order by d.id
       for key share of d skip locked
  )
  select distinct r.message_id
    from unnest(of_tenants, of_messages, of_domains, of_mailboxes, of_kinds, of_rows, of_locals)
           as r (tenant_id, message_id, domain_id, mailbox_id, kind, row_local, local)
    left join standing s on s.id = r.domain_id and s.tenant_id = r.tenant_id
   where r.domain_id is not null
     and case
           when s.id is null then true
           when r.kind is null then false
           when not s.takes_mail and r.local <> 'postmaster' then true
           when (r.kind <> 'address' or r.row_local <> r.local)
                and exists (select from address a
                             where a.tenant_id = r.tenant_id and a.domain_id = r.domain_id and a.local = r.local
                               and a.kind in ('address', 'alias') and (a.kind, a.local) <> (r.kind, r.row_local)) then true
           else not exists (
             select from address_target g left join mailbox m on m.tenant_id = g.tenant_id and m.id = g.mailbox_id
              where g.tenant_id = r.tenant_id and g.domain_id = r.domain_id and g.local = r.row_local and g.kind = r.kind
                and (r.mailbox_id is null or g.mailbox_id = r.mailbox_id)
                and (g.mailbox_id is null or m.state <> 'disabled'))
         end;
end $$;
revoke execute on function overtaken_messages from public;
grant execute on function overtaken_messages to posthouse_ingress;

-- In two steps: what seems abandoned is locked, and looked at again by a snapshot that begins behind the lock. A chunk holds its message while it is
-- written (for key share), so that it comes either before that second look, and the message stays, or finds the message gone.
create function sweep_pending(silent_seconds float8, batch int) returns int
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  tenants uuid[];
  messages uuid[];
  swept int;
begin
  select array_agg(l.tenant_id), array_agg(l.id) into tenants, messages
    from (select m.tenant_id, m.id from message m
           where m.state = 'pending' and m.received_at < now() - make_interval(secs => silent_seconds)
             and not exists (select from message_chunk c
                              where c.tenant_id = m.tenant_id and c.message_id = m.id
                                and c.stored_at >= now() - make_interval(secs => silent_seconds))
           order by m.received_at
           limit batch
             for update of m skip locked) l;
  if messages is null then
    return 0;
  end if;
  with gone as (
    delete from message m using unnest(tenants, messages) l (tenant_id, id)
     where m.tenant_id = l.tenant_id and m.id = l.id and m.state = 'pending'
       and not exists (select from message_chunk c
                        where c.tenant_id = m.tenant_id and c.message_id = m.id
                          and c.stored_at >= now() - make_interval(secs => silent_seconds))
    returning m.tenant_id, m.id
  ), chunks as (
    delete from message_chunk c using gone g where c.tenant_id = g.tenant_id and c.message_id = g.id
  )
  select count(*)::int into swept from gone;
  return swept;
end $$;
revoke execute on function sweep_pending from public;
grant execute on function sweep_pending to posthouse_worker;

-- A message whose tenant is gone belongs to no subtree. The operator sees it all the same: in the ledger, where it is a fault, and by trace.
do $$
declare
  shown text;
begin
  foreach shown in array array['message', 'delivery', 'event']
  loop
    execute format($policy$create policy operator_sees_all on %I for select to posthouse_api
      using (current_setting('posthouse.principal', true) = '00000000-0000-7000-8000-000000000000')$policy$, shown);
  end loop;
end $$;
