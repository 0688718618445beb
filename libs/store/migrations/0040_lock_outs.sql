-- Failed logins, seen and forgotten by the operator. Counts of the root tenant's principal alone: those of networks and of unknown logins belong to
-- no tenant. The table is the throttle's; these functions are the only other way to it.

-- The newest of all, with the names of mailboxes.
create function login_failures(many int) returns table (key text, failures int, until timestamptz, mailbox_id uuid, mailbox text, tenant text)
language sql stable security definer set search_path = public, pg_temp as $$
  with newest as materialized (
    select a.key, a.failures, a.window_until, substring(a.key from '^mailbox:([0-9a-f-]{36})')::uuid as mailbox_id
      from auth_failure a
     where a.window_until > now() and current_setting('posthouse.principal', true) = '00000000-0000-7000-8000-000000000000'
     order by a.window_until desc limit many
  )
  select n.key, n.failures, n.window_until, n.mailbox_id, named.mailbox, named.tenant
    from newest n
    left join lateral (
      select m.name as mailbox, t.name as tenant
        from address_target g
        join mailbox m on m.tenant_id = g.tenant_id and m.id = g.mailbox_id
        join tenant t on t.id = m.tenant_id
       where g.mailbox_id = n.mailbox_id limit 1
    ) named on true
   order by n.window_until desc, n.key
$$;

-- Every key that counts failures of a mailbox: of the networks that it does not know, and of each that it knows.
create function login_keys(of_tenant uuid, of_mailbox uuid) returns setof text
language sql stable set search_path = public, pg_temp as $$
  select 'mailbox:' || of_mailbox where of_mailbox is not null
  union all
  select 'mailbox:' || k.mailbox_id || ' ' || k.network from known_network k where k.tenant_id = of_tenant and k.mailbox_id = of_mailbox
$$;

create function login_failures_of(of_tenant uuid, of_mailbox uuid, others text[]) returns table (key text, failures int, until timestamptz)
language sql stable security definer set search_path = public, pg_temp as $$
  select a.key, a.failures, a.window_until from auth_failure a
   where a.key = any (array(select login_keys(of_tenant, of_mailbox)) || others) and a.window_until > now()
     and current_setting('posthouse.principal', true) = '00000000-0000-7000-8000-000000000000'
   order by a.key
$$;

-- Forgets them, and tells every process, which counts by itself: heard at the commit. Gives how many counts there were.
create function unlock_login(of_tenant uuid, of_mailbox uuid, others text[]) returns int
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  forgotten int;
begin
  if current_setting('posthouse.principal', true) is distinct from '00000000-0000-7000-8000-000000000000' then
    return 0;
  end if;
  with locked as (
    select a.key from auth_failure a where a.key = any (array(select login_keys(of_tenant, of_mailbox)) || others) order by a.key for update
  ), gone as (
    delete from auth_failure a using locked l where a.key = l.key returning a.window_until
  )
  select count(*) filter (where window_until > now()) into forgotten from gone;
  perform pg_notify('posthouse_account', 'unlock ' || key)
     from unnest(others || case when of_mailbox is not null then array['mailbox:' || of_mailbox] end) key;
  return forgotten;
end $$;

revoke execute on function login_failures, login_keys, login_failures_of, unlock_login from public;
grant execute on function login_failures, login_failures_of, unlock_login to posthouse_api;
