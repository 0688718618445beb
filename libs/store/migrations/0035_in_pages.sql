-- The subtree of a tenant is walked in pages.
drop index tenant_parent;
create index tenant_parent on tenant (parent_id, id);

-- Aliases among the addresses of a large domain: listed and counted without passing over those.
create index address_alias on address (tenant_id, domain_id, local, kind) where kind <> 'address';

-- Addresses of a mailbox are found by the mailbox alone, behind a fence: with the tenant beside it a plan may enter the primary key by the tenant, and read
-- the address book of all of it.
create or replace function mark_removed(of_tenant uuid, wanted uuid[], patient boolean)
returns integer
language plpgsql
security definer
set search_path = public, pg_temp
as $$
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
    insert into removed_mailbox (tenant_id, id, domain, name, state, quota_octets, quota_messages, created_at, uidvalidity)
    select m.tenant_id, m.id, coalesce(d.removed_name, d.name), m.name, m.state, m.quota_octets, m.quota_messages, m.created_at,
           coalesce(u.uidvalidity, 0)
      from mailbox m join domain d on d.id = m.domain_id
      left join mailbox_usage u on u.tenant_id = m.tenant_id and u.mailbox_id = m.id
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

-- The last step of a removed domain, in steps as well: a domain may have as many aliases as mailboxes.
create or replace function empty_domain(of_tenant uuid, of_domain uuid, most int, patient boolean) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  batch uuid[];
begin
  if not exists (select from domain where tenant_id = of_tenant and id = of_domain and removed_at is not null) then
    return false;
  end if;
  batch := array(select id from mailbox where domain_id = of_domain order by domain_id, id limit most);
  if cardinality(batch) > 0 then
    -- Nothing waits for one mailbox while it holds another.
    if mark_removed(of_tenant, batch, false) = 0 and patient then
      perform mark_removed(of_tenant, batch[1:1], true);
    end if;
    return true;
  end if;
  -- What is left are aliases to elsewhere, and addresses here of mailboxes that live in another domain of the tenant.
  delete from address where ctid = any (array(
    select ctid from address where tenant_id = of_tenant and domain_id = of_domain order by local, kind limit 10 * most));
  if found then
    return true;
  end if;
  delete from domain where tenant_id = of_tenant and id = of_domain;
  return false;
end $$;

-- Leases of POP3 sessions that ended without a word are swept among those of all that are there.
create index maildrop_lock_age on maildrop_lock (lease_until);
