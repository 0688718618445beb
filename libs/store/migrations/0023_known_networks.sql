-- An owner is not locked out by strangers: networks from which an account logged in lately have a count of failures of their own.

-- Written at the first good login of a day from a network (IPv4 /24, IPv6 /64), so that nobody without the password can make it grow.
create table known_network (
  tenant_id uuid not null,
  mailbox_id uuid not null,
  network text not null,
  seen_at timestamptz not null default now(),
  primary key (tenant_id, mailbox_id, network),
  foreign key (tenant_id, mailbox_id) references mailbox on delete cascade
);
create index known_network_age on known_network (seen_at);
-- No policy and no grant: the functions below are the only way to it.
alter table known_network enable row level security;

drop function auth_facts;

-- Everything that logins need, for many in one round trip; beside account_standings the only reader of credential. A row for each, with its
-- position; an unknown login has nulls and counts. Disabled with either domain: that of the login and that of the mailbox's name.
-- password_stamp changes with the password, and not when the same password gets a better hash. known: the account logged in from this
-- network within 30 days; noted: within one.
create function auth_facts(locals text[], domains text[], account_keys text[], remote_keys text[], networks text[])
returns table (at int, tenant_id uuid, mailbox_id uuid, state text, hash text, password_stamp text, known boolean, noted boolean,
               account_failures int, remote_failures int)
language sql stable security definer set search_path = public, pg_temp as $$
  select w.at::int, f.tenant_id, f.id, f.state, f.hash, extract(epoch from f.changed_at)::text,
         n.seen_at is not null, coalesce(n.seen_at > now() - interval '1 day', false),
         -- All addresses of a mailbox share one count, and so do all networks that it does not know.
         coalesce((select failures from auth_failure
                    where key = coalesce('mailbox:' || f.id || case when n.seen_at is null then '' else ' ' || w.network end, w.account_key)
                      and window_until > now()), 0),
         coalesce((select failures from auth_failure where key = w.remote_key and window_until > now()), 0)
    from unnest(locals, domains, account_keys, remote_keys, networks) with ordinality as w (local, domain, account_key, remote_key, network, at)
    left join lateral (
      select m.tenant_id, m.id,
             case when d.state = 'disabled' or own.state = 'disabled' or t.state = 'suspended' then 'disabled' else m.state end as state,
             c.hash, c.changed_at
        from domain d
        join tenant t on t.id = d.tenant_id
        join address a on a.tenant_id = d.tenant_id and a.domain_id = d.id and a.kind = 'address' and a.local = w.local
        join address_target g on g.tenant_id = a.tenant_id and g.domain_id = a.domain_id and g.local = a.local and g.kind = a.kind
        join mailbox m on m.tenant_id = g.tenant_id and m.id = g.mailbox_id
        join domain own on own.id = m.domain_id
        left join credential c on c.tenant_id = m.tenant_id and c.mailbox_id = m.id
       where d.name = w.domain
       limit 1
    ) f on true
    left join lateral (
      select k.seen_at from known_network k
       where k.tenant_id = f.tenant_id and k.mailbox_id = f.id and k.network = w.network and k.seen_at > now() - interval '30 days'
       limit 1
    ) n on true
$$;

drop function auth_failed;

-- Adds a failure to each key; gives how many the first of them has now. Keys in order, so that two logins never wait for each other.
create function auth_failed(keys text[], window_seconds int) returns int
language sql security definer set search_path = public, pg_temp as $$
  with counted as (
    insert into auth_failure as a (key, failures, window_until)
    select key, 1, now() + make_interval(secs => window_seconds) from (select distinct unnest(keys) as key order by 1) k
    on conflict (key) do update
       set failures = case when a.window_until > now() then a.failures + 1 else 1 end,
           window_until = case when a.window_until > now() then a.window_until else excluded.window_until end
    returning a.key, a.failures
  )
  select failures from counted where key = keys[1]
$$;

-- A good login: its network is known from now on, the 64 seen last of each mailbox. A mailbox that is being removed is left alone: a login
-- never waits for the directory.
create function auth_network_seen(of_tenant uuid, of_mailbox uuid, of_network text) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform 1 from mailbox where tenant_id = of_tenant and id = of_mailbox for key share skip locked;
  if not found then
    return;
  end if;
  insert into known_network as k (tenant_id, mailbox_id, network) values (of_tenant, of_mailbox, of_network)
  on conflict (tenant_id, mailbox_id, network) do update set seen_at = now() where k.seen_at < now() - interval '1 day';
  delete from known_network k
   where k.tenant_id = of_tenant and k.mailbox_id = of_mailbox and k.network in (
     select o.network from known_network o
      where o.tenant_id = of_tenant and o.mailbox_id = of_mailbox
      order by o.seen_at desc, o.network offset 64 for update skip locked);
end $$;

revoke execute on function auth_facts, auth_failed, auth_network_seen from public;
grant execute on function auth_facts, auth_failed, auth_network_seen to posthouse_pop3, posthouse_imap;

-- Rows that only age: tombstones, refusals, windows of failed logins, leases of POP3 sessions that ended without a word, and networks nobody
-- logged in from for 30 days. At most batch of each.
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
  ), old_networks as (
    delete from known_network where ctid = any (array(
      select ctid from known_network where seen_at < now() - interval '30 days' order by seen_at limit batch for update skip locked))
  )
  select (select count(*)::int from old_tombstones), (select count(*)::int from old_refusals), (select count(*)::int from old_failures)
$$;
