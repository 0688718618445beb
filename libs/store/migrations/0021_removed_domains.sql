-- A domain that is being removed takes no mail, not even for its postmaster: it is marked before it is gone (0017).
create or replace function overtaken_messages(of_tenants uuid[], of_messages uuid[], of_domains uuid[], of_mailboxes uuid[], of_kinds text[], of_rows text[],
                                   of_locals text[])
returns setof uuid language plpgsql security definer set search_path = public, pg_temp rows 1 as $$
begin
  return query
  with standing as materialized (
    select d.tenant_id, d.id, d.state = 'active' and t.state = 'active' as takes_mail
      from domain d join tenant t on t.id = d.tenant_id
     where d.id = any (of_domains) and d.removed_at is null
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
