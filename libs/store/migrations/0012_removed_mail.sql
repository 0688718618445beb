-- Mail of a mailbox that is removed leaves tombstones like mail that is expunged: its bodies stay for the same days. The api role removes mailboxes.

grant insert on tombstone to posthouse_api;

-- The tombstones of a tenant go with its mail.
create or replace function forget_tenant(gone uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if gone not in (select visible_tenants()) or exists (select from domain where tenant_id = gone) then
    raise insufficient_privilege using message = 'this tenant is not yours, or it still has domains';
  end if;
  delete from event where tenant_id = gone;
  delete from delivery where tenant_id = gone;
  delete from tombstone where tenant_id = gone;
  delete from message_chunk where tenant_id = gone;
  delete from message where tenant_id = gone;
end $$;
