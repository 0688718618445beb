-- A key whose columns come from two tables is looked up with all of them at once, behind OFFSET 0 or in a subquery of its own: as a join, a plan may
-- enter the index by the columns of one table and filter by the other's, and read the address book of the whole domain.

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
    from moved join address_target g on g.tenant_id = of_tenant and g.mailbox_id = moved.id join domain d on d.id = g.domain_id;
  -- Rows of the address book that lead only to them; the others lose a target with the mailbox.
  -- The caller holds the directory's lock: no row of it moves between the look and the deletion.
  delete from address where ctid = any (array(
    select a.ctid
      from address_target g
     cross join lateral (
       select ctid from address where tenant_id = of_tenant and domain_id = g.domain_id and local = g.local and kind = g.kind offset 0) a
     where g.tenant_id = of_tenant and g.mailbox_id = any (gone)
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
language plpgsql
security definer
set search_path = public, pg_temp
as $$
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

-- In the order of an index that knows the mailbox: by id it is the primary key's order, which is read for all of the tenant.
create or replace function purge_mailbox(of_tenant uuid, of_mailbox uuid, batch integer)
returns integer
language plpgsql
security definer
set search_path = public, pg_temp
as $$
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
    update removed_mailbox set emptied = true where tenant_id = of_tenant and id = of_mailbox;
  end if;
  return 0;
end $$;

-- lower() is not leakproof: under row-level security an index on it serves nobody, and all mail is read. Behind this function the index is asked first,
-- and only rows of the principal's subtree leave it.
create function find_by_address(addresses text[], many int) returns table (tenant_id uuid, id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
  with wanted as materialized (select array_agg(distinct lower(one)) as folded from unnest(addresses) one),
       principal as materialized (select nullif(current_setting('posthouse.principal', true), '')::uuid as id)
  (select m.tenant_id, m.id from message m
    where lower(m.reverse_path) = any ((select folded from wanted)::text[])
      and (m.tenant_id = (select id from principal) or (select id from principal) = '00000000-0000-7000-8000-000000000000' or sees(m.tenant_id))
    order by m.id desc limit many)
  union
  (select d.tenant_id, d.message_id from delivery d
    where lower(d.recipient) = any ((select folded from wanted)::text[])
      and (d.tenant_id = (select id from principal) or (select id from principal) = '00000000-0000-7000-8000-000000000000' or sees(d.tenant_id))
    order by d.message_id desc limit many)
$$;
revoke execute on function find_by_address from public;
grant execute on function find_by_address to posthouse_api;
