-- Sessions end when what they rest on changes: who may log in, and with which password.

drop function auth_facts;

-- Everything a login needs in one round trip; beside account_standings the only reader of credential. An unknown login gives one row of
-- nulls and counts. Disabled with either domain: that of the login and that of the mailbox's name. password_stamp changes with the password, and not when the same password gets a better hash.
create function auth_facts(login_local text, login_domain text, account_key text, remote_key text)
returns table (tenant_id uuid, mailbox_id uuid, state text, hash text, password_stamp text, account_failures int, remote_failures int)
language sql stable security definer set search_path = public, pg_temp as $$
  with found as (
    select m.tenant_id, m.id,
           case when d.state = 'disabled' or own.state = 'disabled' or t.state = 'suspended' then 'disabled' else m.state end as state,
           c.hash, c.changed_at
      from domain d
      join tenant t on t.id = d.tenant_id
      join address a on a.tenant_id = d.tenant_id and a.domain_id = d.id and a.kind = 'address' and a.local = login_local
      join address_target g on g.tenant_id = a.tenant_id and g.domain_id = a.domain_id and g.local = a.local and g.kind = a.kind
      join mailbox m on m.tenant_id = g.tenant_id and m.id = g.mailbox_id
      join domain own on own.id = m.domain_id
      left join credential c on c.tenant_id = m.tenant_id and c.mailbox_id = m.id
     where d.name = login_domain
  )
  select f.tenant_id, f.id, f.state, f.hash, extract(epoch from f.changed_at)::text,
         -- All addresses of a mailbox share one count.
         coalesce((select failures from auth_failure
                    where key = coalesce('mailbox:' || f.id, account_key) and window_until > now()), 0),
         coalesce((select failures from auth_failure where key = remote_key and window_until > now()), 0)
    from (select 1) one left join found f on true
$$;

-- A row for each mailbox that exists, with its position. The state is that of the mailbox and of all above it.
create function account_standings(tenants uuid[], mailboxes uuid[])
returns table (at int, state text, password_stamp text)
language sql stable security definer set search_path = public, pg_temp as $$
  select w.at::int,
         case when d.state = 'disabled' or t.state = 'suspended' then 'disabled' else m.state end,
         coalesce(extract(epoch from c.changed_at)::text, '')
    from unnest(tenants, mailboxes) with ordinality as w (tenant_id, mailbox_id, at)
    join mailbox m on m.tenant_id = w.tenant_id and m.id = w.mailbox_id
    join domain d on d.id = m.domain_id
    join tenant t on t.id = m.tenant_id
    left join credential c on c.tenant_id = m.tenant_id and c.mailbox_id = m.id
$$;

revoke execute on function auth_facts, account_standings from public;
grant execute on function auth_facts, account_standings to posthouse_pop3, posthouse_imap;
