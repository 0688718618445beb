-- Removal in bounded transactions: marked first, swept later. What is marked is out of the directory at once: its row is moved to
-- removed_mailbox, and with the row of mailbox_usage goes the gate that every writer of the mailbox looks at under a lock
-- (libs/store/src/folder/locks.ts). Folders, UIDs, flags, password and bodies stay for the days of grace, for restore_mailbox; then
-- sweep_removed takes them, some rows at a time.

create table removed_mailbox (
  tenant_id uuid not null references tenant,
  id uuid not null,
  domain text not null, -- A-label: the domain may be gone, and come again under another id
  name text not null,
  state text not null,
  quota_octets bigint,
  quota_messages bigint,
  created_at timestamptz not null,
  -- The highest that a folder of it ever had. Whoever gets its name starts above.
  uidvalidity bigint not null,
  removed_at timestamptz not null default now(),
  -- The sweep has begun with it: nothing brings it back.
  purging boolean not null default false,
  -- In the folder that is swept now, all up to this UID are gone.
  swept_uid bigint not null default 0,
  -- Nothing is left of it; the row stays until the clock has passed its UIDVALIDITY.
  emptied boolean not null default false,
  primary key (tenant_id, id)
);
create index removed_mailbox_age on removed_mailbox (removed_at) where not emptied;
create index removed_mailbox_name on removed_mailbox (tenant_id, name);
create index removed_mailbox_uidvalidity on removed_mailbox (uidvalidity);

-- What led to it, for restore_mailbox: its addresses, and its places in aliases.
create table removed_address (
  tenant_id uuid not null,
  mailbox_id uuid not null,
  domain text not null,
  local text not null,
  kind text not null,
  primary key (tenant_id, mailbox_id, domain, local, kind),
  foreign key (tenant_id, mailbox_id) references removed_mailbox on delete cascade
);

-- A marked domain or tenant gives its name away at once and keeps one that nobody can write; the sweep ends with its row.
alter table domain add column removed_at timestamptz, add column removed_name text;
create index domain_removed on domain (removed_at) where removed_at is not null;
alter table tenant add column removed_at timestamptz, add column removed_name text;

-- The password waits for its mailbox's restore, and goes with the sweep.
alter table credential drop constraint credential_tenant_id_mailbox_id_fkey;

do $$
declare
  owned text;
begin
  foreach owned in array array['removed_mailbox', 'removed_address']
  loop
    execute format('alter table %I enable row level security', owned);
    execute format('create policy own_subtree on %I to posthouse_api using (tenant_id in (select visible_tenants()))', owned);
  end loop;
end $$;
grant select on removed_mailbox, removed_address to posthouse_api;

-- The api role takes nothing out of mailboxes by itself any more.
drop function forget_tenant(uuid);
revoke delete on mailbox_usage, folder, subscription, folder_message, tombstone, maildrop_lock from posthouse_api;
revoke insert on tombstone from posthouse_api;

-- Above every UIDVALIDITY that may have gone with a mailbox: an address that is given again shows no pair (UIDVALIDITY, UID) twice.
create function uidvalidity_floor() returns bigint
language sql stable security definer set search_path = public, pg_temp as $$
  select greatest(extract(epoch from now())::bigint, coalesce(max(uidvalidity), 0)) + 1 from removed_mailbox
$$;

-- Out of the directory. The caller holds the directory's lock (libs/store/src/directory/act.ts). Locks in the order of libs/store/src/folder/locks.ts: structure, usage.
-- patient: waits for mailboxes that something long holds; else they are left out. Gives the number that was marked.
create function mark_removed(of_tenant uuid, wanted uuid[], patient boolean) returns int
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
    from moved join address_target g on g.tenant_id = of_tenant and g.mailbox_id = moved.id join domain d on d.id = g.domain_id;
  -- Rows of the address book that lead only to them; the others lose a target with the mailbox.
  delete from address a
   where a.tenant_id = of_tenant
     and (a.domain_id, a.local, a.kind) in (
           select g.domain_id, g.local, g.kind from address_target g where g.tenant_id = of_tenant and g.mailbox_id = any (gone))
     and not exists (
           select from address_target o
            where o.tenant_id = a.tenant_id and o.domain_id = a.domain_id and o.local = a.local and o.kind = a.kind
              and (o.mailbox_id is null or o.mailbox_id <> all (gone)));
  delete from mailbox_usage where tenant_id = of_tenant and mailbox_id = any (gone);
  delete from mailbox where tenant_id = of_tenant and id = any (gone);
  perform pg_notify('posthouse_account', '') where gone is not null;
  return coalesce(cardinality(gone), 0);
end $$;

create function require_visible(of_tenant uuid) returns void
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  if of_tenant is null or of_tenant not in (select visible_tenants()) then
    raise insufficient_privilege using message = 'this tenant is not yours';
  end if;
end $$;

create function remove_mailbox(of_tenant uuid, gone uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform require_visible(of_tenant);
  perform mark_removed(of_tenant, array[gone], true);
end $$;

-- Marks mailboxes of a marked domain, at most most of them; with the last one the domain goes. Gives whether there may be more.
create function empty_domain(of_tenant uuid, of_domain uuid, most int, patient boolean) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  batch uuid[];
begin
  if not exists (select from domain where tenant_id = of_tenant and id = of_domain and removed_at is not null) then
    return false;
  end if;
  batch := array(select id from mailbox where tenant_id = of_tenant and domain_id = of_domain order by id limit most);
  if cardinality(batch) > 0 then
    -- Nothing waits for one mailbox while it holds another.
    if mark_removed(of_tenant, batch, false) = 0 and patient then
      perform mark_removed(of_tenant, batch[1:1], true);
    end if;
    return true;
  end if;
  -- What is left are aliases to elsewhere, and addresses here of mailboxes that live in another domain of the tenant.
  delete from address where tenant_id = of_tenant and domain_id = of_domain;
  delete from domain where tenant_id = of_tenant and id = of_domain;
  return false;
end $$;

create function remove_domain(of_tenant uuid, of_domain uuid, most int) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform require_visible(of_tenant);
  return empty_domain(of_tenant, of_domain, most, true);
end $$;

-- Only a tenant without domains: its mail, its timelines and what is in grace go with the sweep, at once.
create function remove_tenant(gone uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform require_visible(gone);
  if exists (select from domain where tenant_id = gone and removed_at is null) then
    raise insufficient_privilege using message = 'this tenant still has domains';
  end if;
  update tenant set state = 'suspended', removed_at = now(), removed_name = name, name = ':' || id where id = gone and removed_at is null;
  update removed_mailbox set removed_at = '-infinity' where tenant_id = gone;
end $$;

-- The caller has seen that the domain is there and the addresses are free, and holds the directory's lock. The counters of the folders
-- were kept all the while; those of the mailbox are made of them.
create function restore_mailbox(of_tenant uuid, of_mailbox uuid) returns void
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
  insert into mailbox_usage (tenant_id, mailbox_id, octets, messages, uidvalidity)
  select of_tenant, was.id, coalesce(sum(octets), 0), coalesce(sum(messages), 0), was.uidvalidity
    from folder where tenant_id = of_tenant and mailbox_id = of_mailbox;
  -- Its addresses, where nobody has taken them; its aliases, which may be there with other targets.
  insert into address (tenant_id, domain_id, local, kind)
  select of_tenant, d.id, r.local, r.kind
    from removed_address r join domain d on d.tenant_id = of_tenant and d.name = r.domain
   where r.tenant_id = of_tenant and r.mailbox_id = was.id
     and not exists (select from address a
                      where a.tenant_id = of_tenant and a.domain_id = d.id and a.local = r.local
                        and (a.kind = r.kind or (a.kind in ('address', 'alias') and r.kind in ('address', 'alias'))));
  insert into address_target (tenant_id, domain_id, local, kind, position, mailbox_id)
  select of_tenant, d.id, r.local, r.kind,
         coalesce((select max(position) + 1 from address_target o
                    where o.tenant_id = of_tenant and o.domain_id = d.id and o.local = r.local and o.kind = r.kind), 0), was.id
    from removed_address r join domain d on d.tenant_id = of_tenant and d.name = r.domain
    join address a on a.tenant_id = of_tenant and a.domain_id = d.id and a.local = r.local and a.kind = r.kind
   where r.tenant_id = of_tenant and r.mailbox_id = was.id
     and (r.kind <> 'address' or not exists (select from address_target o
            where o.tenant_id = of_tenant and o.domain_id = d.id and o.local = r.local and o.kind = r.kind));
  delete from removed_mailbox where tenant_id = of_tenant and id = of_mailbox;
  perform pg_notify('posthouse_account', of_mailbox::text);
end $$;

-- Some rows of one folder of a mailbox whose grace is over, or the end of it. The folder's row is locked like by any writer, and passed
-- by while another holds it.
create function purge_mailbox(of_tenant uuid, of_mailbox uuid, batch int) returns int
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  part uuid;
  swept int;
  last bigint;
begin
  update removed_mailbox set purging = true where tenant_id = of_tenant and id = of_mailbox and not purging;
  select id into part from folder where tenant_id = of_tenant and mailbox_id = of_mailbox order by id limit 1 for update skip locked;
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
    update removed_mailbox set emptied = true where tenant_id = of_tenant and id = of_mailbox;
  end if;
  return 0;
end $$;

-- Mail of a removed tenant with its chunks, deliveries and timeline in one transaction, so that the ledger balances all the while; then
-- what is left of it, and the tenant itself.
create function purge_tenant(gone uuid, batch int) returns int
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  swept int;
begin
  with page as (
    select id from message where tenant_id = gone order by id limit greatest(1, batch / 10) for update skip locked
  ), messages as (
    delete from message m using page where m.tenant_id = gone and m.id = page.id returning m.id
  ), chunks as (
    delete from message_chunk c using messages m where c.tenant_id = gone and c.message_id = m.id
  ), deliveries as (
    delete from delivery d using messages m where d.tenant_id = gone and d.message_id = m.id
  ), events as (
    delete from event e using messages m where e.tenant_id = gone and e.message_id = m.id
  )
  select count(*) into swept from messages;
  if swept > 0 or exists (select from message where tenant_id = gone) then
    return swept;
  end if;
  with chunks as (
    delete from message_chunk where ctid = any (array(select ctid from message_chunk where tenant_id = gone limit batch / 10)) returning 1
  ), deliveries as (
    delete from delivery where ctid = any (array(select ctid from delivery where tenant_id = gone limit batch for update skip locked)) returning 1
  ), events as (
    delete from event where ctid = any (array(select ctid from event where tenant_id = gone limit batch)) returning 1
  ), tombstones as (
    delete from tombstone where ctid = any (array(select ctid from tombstone where tenant_id = gone limit batch for update skip locked)) returning 1
  )
  select (select count(*) from chunks) + (select count(*) from deliveries) + (select count(*) from events) + (select count(*) from tombstones)
    into swept;
  if swept = 0 and not exists (select from tenant where parent_id = gone) then
    delete from tenant where id = gone;
  end if;
  return swept;
end $$;

-- One bounded step for the worker; several may sweep at once. more: there was something to do.
create function sweep_removed(batch int, grace_days int)
returns table (purged int, more boolean)
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
  -- A row that is kept only until the clock has passed its UIDVALIDITY.
  delete from removed_mailbox r where r.emptied and r.uidvalidity < extract(epoch from now())::bigint;
  select r.tenant_id, r.id into of_tenant, found_id
    from removed_mailbox r
   where not r.emptied and r.removed_at <= now() - make_interval(days => grace_days)
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

revoke execute on function uidvalidity_floor, mark_removed, require_visible, remove_mailbox, empty_domain, remove_domain, remove_tenant,
  restore_mailbox, purge_mailbox, purge_tenant, sweep_removed from public;
grant execute on function uidvalidity_floor, remove_mailbox, remove_domain, remove_tenant, restore_mailbox to posthouse_api;
grant execute on function sweep_removed to posthouse_worker;

-- As before, and leases of POP3 sessions that ended long ago without a word.
create or replace function sweep_aged(batch int, expunged_days int, trace_days int)
returns table (tombstones int, refusals int, failures int)
language sql security definer set search_path = public, pg_temp as $$
  with old_tombstones as (
    delete from tombstone where ctid = any (array(
      select ctid from tombstone where gone_at < now() - greatest(make_interval(days => expunged_days), interval '1 hour') order by gone_at limit batch for update skip locked))
    returning 1
  ), old_refusals as (
    delete from event where ctid = any (array(
      select ctid from event where kind = 'refused' and at < now() - make_interval(days => trace_days) order by at limit batch for update skip locked))
    returning 1
  ), old_failures as (
    delete from auth_failure where ctid = any (array(
      select ctid from auth_failure where window_until < now() - interval '1 hour' limit batch for update skip locked))
    returning 1
  ), old_leases as (
    delete from maildrop_lock where ctid = any (array(
      select ctid from maildrop_lock where lease_until < now() - interval '1 hour' limit batch for update skip locked))
  )
  select (select count(*)::int from old_tombstones), (select count(*)::int from old_refusals), (select count(*)::int from old_failures)
$$;
