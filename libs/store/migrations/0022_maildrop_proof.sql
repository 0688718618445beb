-- A maildrop is free as soon as the process that held it is known to be dead, and not only when its lease has run out.

alter table maildrop_lock
  -- The number of the process that holds it. While it lives, a session of its own holds the advisory lock of that number.
  add column incarnation bigint,
  -- The house whose `up` that process is; null where it is one of several.
  add column house uuid,
  -- When the server started on which that session was seen: another start says nothing of the process. Null: not seen yet.
  add column proved_on timestamptz;
create index maildrop_lock_incarnation on maildrop_lock (incarnation);

-- Replaces a hash by a better one of the same password, only where it is still the hash that was verified. One whose row is locked, by a
-- removal or by a change of the password, stays as it is until the next login: a login never waits for the directory.
create or replace function auth_upgrade(of_tenant uuid, of_mailbox uuid, old_hash text, new_hash text) returns void
language sql security definer set search_path = public, pg_temp as $$
  with verified as (
    select 1 from credential where tenant_id = of_tenant and mailbox_id = of_mailbox and hash = old_hash for update skip locked
  )
  update credential set hash = new_hash
   where tenant_id = of_tenant and mailbox_id = of_mailbox and hash = old_hash and exists (select from verified)
$$;
