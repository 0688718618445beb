-- A policy that listed every tenant of the principal cost as much as there are tenants, for each statement and each table of it. These ask about the
-- row alone: the principal's own tenant and the operator are told by comparing, everything else by one look-up of the row's tenant.
create function sees(of_tenant uuid) returns boolean
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  return exists (select from tenant
                  where id = of_tenant and path @> array[nullif(current_setting('posthouse.principal', true), '')::uuid]);
end $$;
revoke execute on function sees from public;
grant execute on function sees to posthouse_api;

do $$
declare
  owned text;
begin
  for owned in select tablename from pg_policies where policyname = 'own_subtree' and tablename <> 'tenant' loop
    execute format('drop policy own_subtree on %I', owned);
    -- The operator sees what belongs to no tenant as well: in the ledger, where it is a fault, and by trace.
    execute format($policy$create policy own_subtree on %I to posthouse_api using (
      tenant_id = (select nullif(current_setting('posthouse.principal', true), '')::uuid)
      or (select current_setting('posthouse.principal', true) = '00000000-0000-7000-8000-000000000000')
      or sees(tenant_id))$policy$, owned);
  end loop;
end $$;
drop policy operator_sees_all on message;
drop policy operator_sees_all on delivery;
drop policy operator_sees_all on event;
drop policy own_subtree on tenant;
create policy own_subtree on tenant to posthouse_api
  using (path @> array[(select nullif(current_setting('posthouse.principal', true), '')::uuid)])
  with check (sees(parent_id));

create or replace function require_visible(of_tenant uuid) returns void
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  if of_tenant is null or not sees(of_tenant) then
    raise insufficient_privilege using message = 'this tenant is not yours';
  end if;
end $$;
drop function visible_tenants();
