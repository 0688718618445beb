-- UIDVALIDITYs come from one sequence since 0025: no mailbox has to remember its highest, and a removed one that is empty need not stay until the clock
-- has passed it.
delete from removed_mailbox where emptied;
drop index removed_mailbox_age;
alter table removed_mailbox drop column uidvalidity, drop column emptied;
alter table mailbox_usage drop column uidvalidity;
create index removed_mailbox_age on removed_mailbox (removed_at);

create or replace function mark_removed(of_tenant uuid, wanted uuid[], patient boolean)
returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  gone uuid[];
begin
  if patient then
    perform pg_advisory_xact_lock(7305013, h.key)
       from (select distinct hashtext(w::text) as key from unnest(wanted) w order by 1) h;
    perform from mailbox_usage where tenant_id = of_tenant and mailbox_id = any (wanted) order by mailbox_id for update;
    gone := wanted;
  else
    select array_agg(u.mailbox_id) into gone
      from (select mailbox_id from mailbox_usage
             where tenant_id = of_tenant and mailbox_id = any (wanted)
               and pg_try_advisory_xact_lock(7305013, hashtext(mailbox_id::text))
             order by mailbox_id for update skip locked) u;
  end if;
  with moved as (
    insert into removed_mailbox (tenant_id, id, domain, name, state, quota_octets, quota_messages, created_at)
    select m.tenant_id, m.id, coalesce(d.removed_name, d.name), m.name, m.state, m.quota_octets, m.quota_messages, m.created_at
      from mailbox m join domain d on d.id = m.domain_id
     where m.tenant_id = of_tenant and m.id = any (gone)
    returning id
  )
  insert into removed_address (tenant_id, mailbox_id, domain, local, kind)
  select distinct of_tenant, g.mailbox_id, coalesce(d.removed_name, d.name), g.local, g.kind
    from moved
   cross join lateral (select * from address_target where mailbox_id = moved.id offset 0) g
    join domain d on d.id = g.domain_id
   where g.tenant_id = of_tenant;
  -- Rows of the address book that lead only to them; the others lose a target with the mailbox.
  -- The caller holds the directory's lock: no row of it moves between the look and the deletion.
  delete from address where ctid = any (array(
    select a.ctid
      from unnest(gone) as w (id)
     cross join lateral (select * from address_target where mailbox_id = w.id offset 0) g
     cross join lateral (
       select ctid from address where tenant_id = of_tenant and domain_id = g.domain_id and local = g.local and kind = g.kind offset 0) a
     where g.tenant_id = of_tenant
       and not coalesce((
             select true from address_target o
              where o.tenant_id = of_tenant and o.domain_id = g.domain_id and o.local = g.local and o.kind = g.kind
                and (o.mailbox_id is null or o.mailbox_id <> all (gone)) limit 1), false)));
  delete from mailbox_usage where tenant_id = of_tenant and mailbox_id = any (gone);
  delete from mailbox where tenant_id = of_tenant and id = any (gone);
  perform pg_notify('posthouse_account', '') where gone is not null;
  return coalesce(cardinality(gone), 0);
end $$;

create or replace function restore_mailbox(of_tenant uuid, of_mailbox uuid)
returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  was removed_mailbox;
begin
  perform require_visible(of_tenant);
  perform pg_advisory_xact_lock(7305013, hashtext(of_mailbox::text));
  select * into strict was from removed_mailbox where tenant_id = of_tenant and id = of_mailbox and not purging for update;
  perform from folder where tenant_id = of_tenant and mailbox_id = of_mailbox order by id for update;
  insert into mailbox (tenant_id, id, domain_id, name, state, quota_octets, quota_messages, created_at)
  select of_tenant, was.id, d.id, was.name, was.state, was.quota_octets, was.quota_messages, was.created_at
    from domain d where d.tenant_id = of_tenant and d.name = was.domain;
  insert into mailbox_usage (tenant_id, mailbox_id, octets, messages)
  select of_tenant, was.id, coalesce(sum(octets), 0), coalesce(sum(messages), 0)
    from folder where tenant_id = of_tenant and mailbox_id = of_mailbox;
  -- Its addresses, where nobody has taken them; its aliases, which may be there with other targets.
  insert into address (tenant_id, domain_id, local, kind)
  select of_tenant, d.id, r.local, r.kind
    from removed_address r join domain d on d.tenant_id = of_tenant and d.name = r.domain
   where r.tenant_id = of_tenant and r.mailbox_id = was.id
     and not coalesce((select true from address a
                        where a.tenant_id = of_tenant and a.domain_id = d.id and a.local = r.local
                          and (a.kind = r.kind or (a.kind in ('address', 'alias') and r.kind in ('address', 'alias'))) limit 1), false);
  insert into address_target (tenant_id, domain_id, local, kind, position, mailbox_id)
  select of_tenant, d.id, r.local, r.kind,
         coalesce((select max(position) + 1 from address_target o
                    where o.tenant_id = of_tenant and o.domain_id = d.id and o.local = r.local and o.kind = r.kind), 0), was.id
    from removed_address r join domain d on d.tenant_id = of_tenant and d.name = r.domain
   cross join lateral (
     select from address where tenant_id = of_tenant and domain_id = d.id and local = r.local and kind = r.kind offset 0) a
   where r.tenant_id = of_tenant and r.mailbox_id = was.id
     and (r.kind <> 'address' or not exists (select from address_target o
            where o.tenant_id = of_tenant and o.domain_id = d.id and o.local = r.local and o.kind = r.kind));
  delete from removed_mailbox where tenant_id = of_tenant and id = of_mailbox;
  perform pg_notify('posthouse_account', of_mailbox::text);
end $$;

create or replace function purge_mailbox(of_tenant uuid, of_mailbox uuid, batch integer)
returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  part uuid;
  swept int;
  last bigint;
begin
  update removed_mailbox set purging = true where tenant_id = of_tenant and id = of_mailbox and not purging;
  select id into part from folder where tenant_id = of_tenant and mailbox_id = of_mailbox order by name limit 1 for update skip locked;
  if part is not null then
    with old as (
      select uid from folder_message
       where tenant_id = of_tenant and folder_id = part
         and uid > (select swept_uid from removed_mailbox where tenant_id = of_tenant and id = of_mailbox)
       order by uid limit batch
    ), gone as (
      delete from folder_message m using old where m.tenant_id = of_tenant and m.folder_id = part and m.uid = old.uid
      returning m.modseq, m.uid, m.message_id
    ), buried as ( -- retention counts the days of a body from its youngest tombstone
      insert into tombstone (tenant_id, folder_id, modseq, uid, message_id) select of_tenant, part, modseq, uid, message_id from gone
    )
    select count(*), max(uid) into swept, last from gone;
    if swept < batch then
      delete from folder where tenant_id = of_tenant and id = part;
      last := 0;
    end if;
    update removed_mailbox set swept_uid = last where tenant_id = of_tenant and id = of_mailbox;
    return swept;
  end if;
  if not exists (select from folder where tenant_id = of_tenant and mailbox_id = of_mailbox) then
    delete from subscription where tenant_id = of_tenant and mailbox_id = of_mailbox;
    delete from credential where tenant_id = of_tenant and mailbox_id = of_mailbox;
    delete from maildrop_lock where ctid = any (array(
      select ctid from maildrop_lock where tenant_id = of_tenant and mailbox_id = of_mailbox for update skip locked));
    delete from removed_mailbox where tenant_id = of_tenant and id = of_mailbox;
  end if;
  return 0;
end $$;

create or replace function sweep_removed(batch integer, grace_days integer)
returns table(purged integer, more boolean)
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  of_tenant uuid;
  found_id uuid;
begin
  purged := 0;
  more := false;
  -- A removal that was interrupted goes on; while it is under way its own transactions hold the lock now and then.
  select d.tenant_id, d.id into of_tenant, found_id
    from domain d where d.removed_at is not null order by d.removed_at limit 1 for update skip locked;
  if found and pg_try_advisory_xact_lock(7305014, hashtext(of_tenant::text)) then
    perform empty_domain(of_tenant, found_id, 100, false);
    more := true;
  end if;
  select r.tenant_id, r.id into of_tenant, found_id
    from removed_mailbox r
   where r.removed_at <= now() - make_interval(days => grace_days)
   order by r.removed_at limit 1 for update skip locked;
  if found then
    purged := purge_mailbox(of_tenant, found_id, batch);
    more := true;
    return next;
    return;
  end if;
  select t.id into of_tenant
    from tenant t
   where t.removed_at is not null
     and not exists (select from domain d where d.tenant_id = t.id)
     and not exists (select from removed_mailbox r where r.tenant_id = t.id)
   order by t.removed_at limit 1 for update skip locked;
  if found then
    purged := purge_tenant(of_tenant, batch);
    more := true;
  end if;
  return next;
end $$;
