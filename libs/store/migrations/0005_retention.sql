-- What nobody can reach any more goes: bodies of mail that lies in no folder, then its timeline, old tombstones, old refusals.

-- reclaimed: no copy is in any folder and the body is gone; the timeline is kept a while longer.
alter table message drop constraint message_state_check;
alter table message add constraint message_state_check check (state in ('pending', 'accepted', 'reclaimed'));

create index tombstone_message on tombstone (tenant_id, message_id);
create index event_refused on event (at) where kind = 'refused';

-- How far the walk over all messages has come. One row: who holds it walks, other workers pass by.
create table retention_walk (
  single boolean primary key default true check (single),
  last_tenant uuid not null default '00000000-0000-0000-0000-000000000000',
  last_message uuid not null default '00000000-0000-0000-0000-000000000000',
  rest_until timestamptz not null default '-infinity'
);
insert into retention_walk default values;

-- Looks at the next messages in key order. One that lies in no folder, of which nothing waits or is held, and whose last copy has been gone
-- for expunged_days loses its body; after trace_days it goes with its deliveries and events. At the end of a walk it rests.
-- A copy that is being made while its source is expunged is safe: that tombstone is younger than an hour, and no transaction lasts so long.
-- A function of the owner, so that the worker can forget what is due and nothing else.
create function sweep_messages(batch int, expunged_days int, trace_days int, rest_seconds int)
returns table (reclaimed int, forgotten int, more boolean)
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  walk retention_walk;
  looked int;
  next_tenant uuid;
  next_message uuid;
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
  ), orphan as (
    select p.* from page p
     where p.state <> 'pending'
       and p.received_at < now() - greatest(make_interval(days => expunged_days), interval '1 hour')
       and not exists (select from folder_message f where f.tenant_id = p.tenant_id and f.message_id = p.id)
       and not exists (select from delivery d where d.tenant_id = p.tenant_id and d.message_id = p.id and d.state in ('queued', 'leased', 'held'))
       and not exists (select from tombstone t where t.tenant_id = p.tenant_id and t.message_id = p.id
                          and t.gone_at >= now() - greatest(make_interval(days => expunged_days), interval '1 hour'))
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
  select (select count(*) from page), last.tenant_id, last.id, (select count(*) from emptied), (select count(*) from gone)
    into looked, next_tenant, next_message, reclaimed, forgotten
    from (select 1) one left join (select p.tenant_id, p.id from page p order by p.tenant_id desc, p.id desc limit 1) last on true;
  more := looked = batch;
  if more then
    update retention_walk set last_tenant = next_tenant, last_message = next_message;
  else
    update retention_walk
       set last_tenant = default, last_message = default, rest_until = now() + make_interval(secs => rest_seconds);
  end if;
  return next;
end $$;

-- Rows that only age: tombstones, refusals, windows of failed logins. At most batch of each.
create function sweep_aged(batch int, expunged_days int, trace_days int)
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
  )
  select (select count(*)::int from old_tombstones), (select count(*)::int from old_refusals), (select count(*)::int from old_failures)
$$;

revoke execute on function sweep_messages, sweep_aged from public;
grant execute on function sweep_messages, sweep_aged to posthouse_worker;
