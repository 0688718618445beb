-- The one truth. Nothing here is newer than PostgreSQL 15.
--
-- Reference tables (tenant, domain) are small and global: names are unique across tenants. Every other table is owned by a
-- tenant, and tenant_id stands in each of its primary keys and unique constraints, so that create_distributed_table (Citus)
-- accepts the schema as it is; a test checks the rule. Tables on the path of a message have no foreign keys and no triggers:
-- each costs a look-up per row, and the transactions that write them write both ends.

revoke all on schema public from public;

-- ---------------------------------------------------------------------------------------------------------- directory

create table tenant (
  id uuid primary key,
  parent_id uuid references tenant,
  -- From the root down to this tenant itself: what a principal may see is the subtree below it.
  path uuid[] not null,
  name text not null unique,
  state text not null default 'active' check (state in ('active', 'suspended')),
  created_at timestamptz not null default now()
);

create table domain (
  id uuid primary key,
  tenant_id uuid not null references tenant,
  name text not null unique check (name = lower(name)), -- A-label
  state text not null default 'active' check (state in ('active', 'disabled')),
  separators text not null default '+' check (separators ~ '^[-+=]*$'),
  created_at timestamptz not null default now()
);
create index domain_tenant on domain (tenant_id);

create table mailbox (
  tenant_id uuid not null references tenant,
  id uuid not null,
  domain_id uuid not null references domain,
  name text not null, -- the first address; what lists show
  state text not null default 'active' check (state in ('active', 'no-login', 'disabled')),
  quota_octets bigint check (quota_octets >= 0),
  quota_messages bigint check (quota_messages >= 0),
  created_at timestamptz not null default now(),
  primary key (tenant_id, id)
);
create index mailbox_domain on mailbox (tenant_id, domain_id);

-- Counters live apart from the mailbox: they change with every delivery, and narrow rows with room on the page stay HOT.
create table mailbox_usage (
  tenant_id uuid not null,
  mailbox_id uuid not null,
  octets bigint not null default 0 check (octets >= 0),
  messages bigint not null default 0 check (messages >= 0),
  -- The highest UIDVALIDITY a folder of this mailbox ever had: each new folder gets a higher one, deleted folders included.
  uidvalidity bigint not null default extract(epoch from now())::bigint,
  primary key (tenant_id, mailbox_id)
) with (fillfactor = 50);

-- Password hashes: read by auth_facts alone.
create table credential (
  tenant_id uuid not null,
  mailbox_id uuid not null,
  hash text not null,
  changed_at timestamptz not null default now(),
  primary key (tenant_id, mailbox_id),
  foreign key (tenant_id, mailbox_id) references mailbox on delete cascade
);

-- local is canonical (NFC, case-folded). prefix: what stands before "-default"; catch-all: ''.
create table address (
  tenant_id uuid not null,
  domain_id uuid not null references domain,
  kind text not null check (kind in ('address', 'alias', 'prefix', 'catch-all')),
  local text not null check ((kind = 'catch-all') = (local = '')),
  created_at timestamptz not null default now(),
  primary key (tenant_id, domain_id, local, kind)
);

create table address_target (
  tenant_id uuid not null,
  domain_id uuid not null,
  local text not null,
  kind text not null,
  position int not null,
  mailbox_id uuid,
  forward_path text,
  primary key (tenant_id, domain_id, local, kind, position),
  foreign key (tenant_id, domain_id, local, kind) references address on delete cascade,
  foreign key (tenant_id, mailbox_id) references mailbox on delete cascade,
  check ((mailbox_id is null) <> (forward_path is null)),
  check (kind <> 'address' or mailbox_id is not null)
);
create index address_target_mailbox on address_target (tenant_id, mailbox_id) where mailbox_id is not null;

-- ------------------------------------------------------------------------------------------------------------ messages

-- One row per message and tenant: a message to two tenants is stored for each, under the same id.
create table message (
  tenant_id uuid not null,
  id uuid not null,
  state text not null check (state in ('pending', 'accepted')), -- pending: a large one whose chunks still arrive
  origin text not null check (origin in ('smtp', 'append')),
  reverse_path text not null, -- '' is the null reverse-path
  helo text not null,
  remote_address text not null,
  body_type text not null default '7BIT',
  smtputf8 boolean not null default false,
  dsn_ret text,
  dsn_envid text,
  octets bigint not null,
  header_octets int not null,
  -- Envelope recipients accepted for this tenant; the ledger compares it with the delivery rows.
  recipients int not null,
  -- Delivery rows that exist, expanded targets included; also hands out the next ordinal.
  deliveries int not null,
  header_message_id text,
  -- In the form FETCH sends; computed once. mime_index is JSON: offsets of every part.
  envelope text not null,
  body_structure text not null,
  mime_index text not null,
  body bytea, -- null: in message_chunk
  received_at timestamptz not null default now(),
  primary key (tenant_id, id)
);
-- TOAST's own compression costs 2.4 ms for 64 KiB and gains little on mail.
alter table message
  alter column body set storage external,
  alter column envelope set storage external,
  alter column body_structure set storage external,
  alter column mime_index set storage external;
create index message_header_id on message (tenant_id, header_message_id) where header_message_id is not null;
create index message_reverse_path on message (tenant_id, reverse_path);
create index message_pending on message (received_at) where state = 'pending';

-- Bodies over the small bound: 256 KiB a row, so that nothing large is ever whole in a process or a statement.
create table message_chunk (
  tenant_id uuid not null,
  message_id uuid not null,
  number int not null,
  octets bytea not null,
  primary key (tenant_id, message_id, number)
);
alter table message_chunk alter column octets set storage external;

-- --------------------------------------------------------------------------------------------------------------- queue

-- One row per envelope recipient and per expanded target. came_from makes an illegal move a constraint violation: every
-- update sets came_from = state. docs/queue.md has the table in words.
create table delivery (
  tenant_id uuid not null,
  message_id uuid not null,
  ordinal int not null,
  parent int, -- ordinal of the row this one was expanded from
  depth int not null default 0,
  domain_id uuid,
  mailbox_id uuid, -- where RCPT's resolution led; checked again at delivery
  recipient text not null, -- forward-path as the client wrote it
  lane text not null,
  state text not null,
  came_from text,
  attempt int not null default 0,
  queued_at timestamptz not null default now(),
  next_attempt_at timestamptz not null default now(),
  lease_owner uuid,
  lease_until timestamptz,
  fence int not null default 0,
  duplicate boolean not null default false,
  reply text,
  dsn_notify text,
  dsn_orcpt text,
  settled_at timestamptz,
  primary key (tenant_id, message_id, ordinal),
  constraint delivery_legal_move check ( -- case, not or: a check that comes out null passes
    case
      when came_from is null then state in ('queued', 'held')
      when came_from = 'queued' then state in ('leased', 'held', 'discarded')
      when came_from = 'leased' then state in ('queued', 'delivered', 'forwarded', 'held', 'bounced', 'discarded')
      when came_from = 'held' then state in ('queued', 'bounced', 'discarded')
      else false
    end
  ),
  constraint delivery_lease check ((state = 'leased') = (lease_owner is not null and lease_until is not null)),
  constraint delivery_settled check ((state in ('delivered', 'forwarded', 'bounced', 'discarded')) = (settled_at is not null))
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000);
create index delivery_due on delivery (lane, tenant_id, next_attempt_at) where state = 'queued';
create index delivery_leased on delivery (lease_until) where state = 'leased';
create index delivery_held on delivery (tenant_id, message_id) where state = 'held';
create index delivery_recipient on delivery (tenant_id, recipient);
-- Exactly once: message x mailbox x instruction. Delivery has one instruction today, "keep in INBOX".
create unique index delivery_once on delivery (tenant_id, message_id, mailbox_id) where state = 'delivered' and not duplicate;

-- The timeline. Refusals have an event too, under the id the message would have had.
create table event (
  tenant_id uuid not null,
  message_id uuid not null,
  id bigint generated always as identity,
  at timestamptz not null default clock_timestamp(),
  kind text not null,
  ordinal int,
  detail text,
  primary key (tenant_id, message_id, id)
);

-- ----------------------------------------------------------------------------------------------------------- mailboxes

create table folder (
  tenant_id uuid not null,
  id uuid not null,
  mailbox_id uuid not null,
  name text not null, -- Unicode, '/' between levels
  special_use text check (special_use in ('\Drafts', '\Sent', '\Trash', '\Junk', '\Archive')),
  uidvalidity bigint not null,
  uidnext bigint not null default 1,
  highestmodseq bigint not null default 1,
  messages bigint not null default 0 check (messages >= 0),
  unseen bigint not null default 0 check (unseen >= 0),
  octets bigint not null default 0 check (octets >= 0),
  recent_from bigint not null default 1, -- UIDs from here on are \Recent to the next session that selects read-write
  created_at timestamptz not null default now(),
  primary key (tenant_id, id),
  unique (tenant_id, mailbox_id, name)
) with (fillfactor = 50);

create table subscription (
  tenant_id uuid not null,
  mailbox_id uuid not null,
  name text not null,
  primary key (tenant_id, mailbox_id, name)
);

-- A message in a folder. octets and the trace fields (Return-Path, Delivered-To) are this copy's; the body is shared.
create table folder_message (
  tenant_id uuid not null,
  folder_id uuid not null,
  uid bigint not null,
  mailbox_id uuid not null,
  message_id uuid not null,
  modseq bigint not null,
  flags int not null default 0, -- 1 \Seen, 2 \Answered, 4 \Flagged, 8 \Deleted, 16 \Draft
  keywords text[],
  internal_date timestamptz not null default now(),
  octets bigint not null,
  trace bytea not null,
  uidl text, -- null: '<uidvalidity>.<uid>'; set by imports
  primary key (tenant_id, folder_id, uid)
) with (fillfactor = 85);
create index folder_message_message on folder_message (tenant_id, message_id);
create index folder_message_modseq on folder_message (tenant_id, folder_id, modseq);

-- What QRESYNC and open sessions need to know of a message that is gone.
create table tombstone (
  tenant_id uuid not null,
  folder_id uuid not null,
  modseq bigint not null,
  uid bigint not null,
  message_id uuid not null,
  gone_at timestamptz not null default now(),
  primary key (tenant_id, folder_id, modseq, uid)
);
create index tombstone_age on tombstone (gone_at);

-- RFC 1939 4: exclusive access. A lease, so that a dead process frees it.
create table maildrop_lock (
  tenant_id uuid not null,
  mailbox_id uuid not null,
  session_id uuid not null,
  lease_until timestamptz not null,
  primary key (tenant_id, mailbox_id)
);

-- Failed logins in the current window; key: account or remote network. Written on failure only. Losing it costs a few guesses.
create unlogged table auth_failure (
  key text primary key,
  failures int not null,
  window_until timestamptz not null
);

-- --------------------------------------------------------------------------------------------------- functions and grants

create function visible_tenants() returns setof uuid
language sql stable security definer set search_path = public, pg_temp as $$
  select id from tenant where path @> array[nullif(current_setting('posthouse.principal', true), '')::uuid]
$$;

-- Everything a login needs in one round trip; the only reader of credential. An unknown login gives one row of nulls and counts.
create function auth_facts(login_local text, login_domain text, account_key text, remote_key text)
returns table (tenant_id uuid, mailbox_id uuid, state text, hash text, account_failures int, remote_failures int)
language sql stable security definer set search_path = public, pg_temp as $$
  with found as (
    select m.tenant_id, m.id,
           case when d.state = 'disabled' or t.state = 'suspended' then 'disabled' else m.state end as state,
           c.hash
      from domain d
      join tenant t on t.id = d.tenant_id
      join address a on a.tenant_id = d.tenant_id and a.domain_id = d.id and a.kind = 'address' and a.local = login_local
      join address_target g on g.tenant_id = a.tenant_id and g.domain_id = a.domain_id and g.local = a.local and g.kind = a.kind
      join mailbox m on m.tenant_id = g.tenant_id and m.id = g.mailbox_id
      left join credential c on c.tenant_id = m.tenant_id and c.mailbox_id = m.id
     where d.name = login_domain
  )
  select f.tenant_id, f.id, f.state, f.hash,
         -- All addresses of a mailbox share one count.
         coalesce((select failures from auth_failure
                    where key = coalesce('mailbox:' || f.id, account_key) and window_until > now()), 0),
         coalesce((select failures from auth_failure where key = remote_key and window_until > now()), 0)
    from (select 1) one left join found f on true
$$;

create function auth_failed(keys text[], window_seconds int) returns void
language sql security definer set search_path = public, pg_temp as $$
  insert into auth_failure as a (key, failures, window_until)
  select key, 1, now() + make_interval(secs => window_seconds) from (select distinct unnest(keys) as key order by 1) k
  on conflict (key) do update
     set failures = case when a.window_until > now() then a.failures + 1 else 1 end,
         window_until = case when a.window_until > now() then a.window_until else excluded.window_until end
$$;

create function auth_succeeded(account_key text) returns void
language sql security definer set search_path = public, pg_temp as $$
  delete from auth_failure where key = account_key
$$;

-- Replaces a legacy hash by one made now, only where it is still the hash that was verified.
create function auth_upgrade(of_tenant uuid, of_mailbox uuid, old_hash text, new_hash text) returns void
language sql security definer set search_path = public, pg_temp as $$
  update credential set hash = new_hash where tenant_id = of_tenant and mailbox_id = of_mailbox and hash = old_hash
$$;

-- What is left of a tenant that has no domains any more: its mail and its timelines. The api role may delete neither by itself.
-- An alias may lead into another tenant's domain. The message becomes that tenant's own: a row (and body) of its own under the same id,
-- with one accepted recipient more for each target, so that both ledgers balance and neither tenant sees the other. The worker may
-- not read bodies; this copies one without showing it.
create function deliver_across(from_tenant uuid, of_message uuid, to_tenant uuid, to_recipient text, to_domain uuid, to_mailbox uuid)
returns void language plpgsql security definer set search_path = public, pg_temp as $$
declare
  next_ordinal int;
begin
  insert into message (tenant_id, id, state, origin, reverse_path, helo, remote_address, body_type, smtputf8, dsn_ret, dsn_envid, octets,
                       header_octets, recipients, deliveries, header_message_id, envelope, body_structure, mime_index, body)
  select to_tenant, id, state, origin, reverse_path, helo, remote_address, body_type, smtputf8, dsn_ret, dsn_envid, octets,
         header_octets, 0, 0, header_message_id, envelope, body_structure, mime_index, body
    from message where tenant_id = from_tenant and id = of_message and state = 'accepted'
  on conflict do nothing;
  if found then
    insert into message_chunk (tenant_id, message_id, number, octets)
    select to_tenant, message_id, number, octets from message_chunk where tenant_id = from_tenant and message_id = of_message;
    insert into event (tenant_id, message_id, kind, detail) values (to_tenant, of_message, 'accepted', 'by an alias of another tenant');
  end if;
  update message set recipients = recipients + 1, deliveries = deliveries + 1
   where tenant_id = to_tenant and id = of_message
  returning deliveries - 1 into strict next_ordinal;
  insert into delivery (tenant_id, message_id, ordinal, depth, domain_id, mailbox_id, recipient, lane, state)
  values (to_tenant, of_message, next_ordinal, 1, to_domain, to_mailbox, to_recipient, 'local', 'queued');
end $$;

create function forget_tenant(gone uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if gone not in (select visible_tenants()) or exists (select from domain where tenant_id = gone) then
    raise insufficient_privilege using message = 'this tenant is not yours, or it still has domains';
  end if;
  delete from event where tenant_id = gone;
  delete from delivery where tenant_id = gone;
  delete from message_chunk where tenant_id = gone;
  delete from message where tenant_id = gone;
end $$;

revoke execute on all functions in schema public from public;
grant usage on schema public to posthouse_ingress, posthouse_worker, posthouse_pop3, posthouse_imap, posthouse_api;

grant execute on function auth_facts, auth_failed, auth_succeeded, auth_upgrade to posthouse_pop3, posthouse_imap;
grant execute on function deliver_across to posthouse_worker;
grant execute on function visible_tenants, forget_tenant to posthouse_api;

-- Directory: read by those who route mail; changed by the api role alone.
grant select on tenant, domain, address, address_target, mailbox, mailbox_usage to posthouse_ingress, posthouse_worker;
grant select, insert, update, delete on tenant, domain, mailbox, address, address_target to posthouse_api;
grant select on mailbox_usage, folder to posthouse_api;
grant insert, delete on mailbox_usage, folder, subscription to posthouse_api;
grant select (tenant_id, mailbox_id) on subscription to posthouse_api;
grant insert, delete on credential to posthouse_api;
grant update (hash, changed_at) on credential to posthouse_api;
grant select (tenant_id, mailbox_id, changed_at) on credential to posthouse_api;

-- Ingress writes mail and reads none of it.
grant insert on message, message_chunk, delivery, event to posthouse_ingress;
grant select (tenant_id, id, state) on message to posthouse_ingress;
grant update (state, octets, header_octets, header_message_id, envelope, body_structure, mime_index) on message to posthouse_ingress;
grant select (tenant_id, message_id, number) on message_chunk to posthouse_ingress;
grant delete on message, message_chunk to posthouse_ingress;

-- The worker moves deliveries and fills folders; bodies stay closed to it.
grant select (tenant_id, id, state, origin, reverse_path, octets, header_octets, recipients, deliveries, body_type, smtputf8,
  dsn_ret, dsn_envid, header_message_id, received_at) on message to posthouse_worker;
grant update (deliveries) on message to posthouse_worker;
grant delete on message, message_chunk to posthouse_worker;
grant select (tenant_id, message_id, number) on message_chunk to posthouse_worker;
grant select, insert, update on delivery to posthouse_worker;
grant insert, select on event to posthouse_worker;
grant select, update on folder to posthouse_worker;
grant update on mailbox_usage to posthouse_worker;
grant select, insert on folder_message to posthouse_worker;
grant select, delete on tombstone to posthouse_worker;

-- POP3 reads and deletes; it makes no message.
grant select on folder, folder_message, message, message_chunk, maildrop_lock, mailbox to posthouse_pop3;
grant update on folder, mailbox_usage to posthouse_pop3;
grant select on mailbox_usage to posthouse_pop3;
grant delete on folder_message to posthouse_pop3;
grant insert on tombstone, event to posthouse_pop3;
grant insert, update, delete on maildrop_lock to posthouse_pop3;

-- IMAP owns folders and what is in them.
grant select on mailbox, mailbox_usage, message, message_chunk, tombstone to posthouse_imap;
grant select, insert, update, delete on folder, folder_message, subscription to posthouse_imap;
grant update on mailbox_usage to posthouse_imap;
grant insert on message, message_chunk, tombstone, event to posthouse_imap;
grant update (state, octets, header_octets, header_message_id, envelope, body_structure, mime_index) on message to posthouse_imap;
grant delete on message, message_chunk to posthouse_imap;

-- The api role sees what happened, not what was written.
grant select (tenant_id, id, state, origin, reverse_path, helo, remote_address, body_type, smtputf8, dsn_ret, dsn_envid, octets,
  header_octets, recipients, deliveries, header_message_id, received_at) on message to posthouse_api;
grant select on delivery, event, folder_message, tombstone to posthouse_api;
grant select on maildrop_lock to posthouse_api;
grant delete on folder_message, tombstone, maildrop_lock to posthouse_api;
grant update (state, came_from, next_attempt_at, reply, settled_at) on delivery to posthouse_api;

-- Second fence: the api role sees the subtree of its principal. The service roles work across tenants and are fenced by grants.
do $$
declare
  owned text;
begin
  foreach owned in array array['domain', 'mailbox', 'mailbox_usage', 'credential', 'address', 'address_target', 'message',
    'message_chunk', 'delivery', 'event', 'folder', 'subscription', 'folder_message', 'tombstone', 'maildrop_lock']
  loop
    execute format('alter table %I enable row level security', owned);
    execute format('create policy own_subtree on %I to posthouse_api using (tenant_id in (select visible_tenants()))', owned);
    execute format('create policy service on %I to posthouse_ingress, posthouse_worker, posthouse_pop3, posthouse_imap using (true)', owned);
  end loop;
end $$;
alter table tenant enable row level security;
create policy own_subtree on tenant to posthouse_api
  using (id in (select visible_tenants()))
  with check (parent_id in (select visible_tenants()));
create policy service on tenant to posthouse_ingress, posthouse_worker using (true);

insert into tenant (id, parent_id, path, name) values
  ('00000000-0000-7000-8000-000000000000', null, array['00000000-0000-7000-8000-000000000000']::uuid[], 'root'),
  ('00000000-0000-7000-8000-000000000001', '00000000-0000-7000-8000-000000000000',
   array['00000000-0000-7000-8000-000000000000', '00000000-0000-7000-8000-000000000001']::uuid[], 'default');
