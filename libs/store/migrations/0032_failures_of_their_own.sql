-- A wrong password is counted while it is answered: it may not wait for the sweep of rows that only age. The counts that ran out are swept in a
-- statement of their own, which holds them for as long as it takes to delete them, and not until tombstones and refusals are gone too.
create function sweep_failures(batch int) returns int
language sql security definer set search_path = public, pg_temp as $$
  with old_failures as (
    delete from auth_failure where ctid = any (array(
      select ctid from auth_failure where window_until < now() - interval '1 hour' limit batch for update skip locked))
    returning 1
  )
  select count(*)::int from old_failures
$$;

drop function sweep_aged;

-- Rows that only age: tombstones, refusals, leases of POP3 sessions that ended without a word, and networks nobody logged in from for 30 days.
-- At most batch of each.
create function sweep_aged(batch int, expunged_days int, trace_days int) returns table (tombstones int, refusals int)
language sql security definer set search_path = public, pg_temp as $$
  with old_tombstones as (
    delete from tombstone where ctid = any (array(
      select ctid from tombstone where gone_at < now() - greatest(make_interval(days => expunged_days), interval '1 hour') order by gone_at limit batch for update skip locked))
    returning 1
  ), old_refusals as (
    delete from event where ctid = any (array(
      select ctid from event where kind = 'refused' and at < now() - make_interval(days => trace_days) order by at limit batch for update skip locked))
    returning 1
  ), old_leases as (
    delete from maildrop_lock where ctid = any (array(
      select ctid from maildrop_lock where lease_until < now() - interval '1 hour' limit batch for update skip locked))
  ), old_networks as (
    delete from known_network where ctid = any (array(
      select ctid from known_network where seen_at < now() - interval '30 days' order by seen_at limit batch for update skip locked))
  )
  select (select count(*)::int from old_tombstones), (select count(*)::int from old_refusals)
$$;

revoke execute on function sweep_failures, sweep_aged from public;
grant execute on function sweep_failures, sweep_aged to posthouse_worker;
