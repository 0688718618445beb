-- Held and deferred mail, seen in pages and freed by hand. Only rows that were put off are in this index: mail that flows costs nothing.
create index delivery_put_off on delivery (tenant_id, message_id, ordinal) where state = 'queued' and deferred;

-- Rows of the principal's subtree that are held or put off; those in a worker's hands are passed by. $1 to $3 are columns of equal length.
-- What was held since the address led elsewhere goes wherever it leads now: the lane expand looks. Gives what was moved.
create function release_deliveries(tenants uuid[], messages uuid[], ordinals int[])
returns table (tenant_id uuid, message_id uuid, ordinal int)
language sql security definer set search_path = public, pg_temp as $$
  with chosen as materialized (
    select d.tenant_id, d.message_id, d.ordinal, d.state, d.state = 'held' and coalesce(d.waits_for, '') = 'directory' as anew
      from unnest(tenants, messages, ordinals) as k (tenant_id, message_id, ordinal)
      join delivery d on d.tenant_id = k.tenant_id and d.message_id = k.message_id and d.ordinal = k.ordinal
     where (d.state = 'held' or d.state = 'queued' and d.deferred) and sees(k.tenant_id)
       for update of d skip locked
  ), freed as (
    update delivery d
       set came_from = case c.state when 'held' then 'held' else d.came_from end, state = 'queued', waits_for = null, deferred = false,
           next_attempt_at = now(), reply = case c.state when 'held' then null else d.reply end,
           lane = case when c.anew then 'expand' else d.lane end, mailbox_id = case when c.anew then null else d.mailbox_id end
      from chosen c
     where d.tenant_id = c.tenant_id and d.message_id = c.message_id and d.ordinal = c.ordinal
    returning d.tenant_id, d.message_id, d.ordinal
  ), noted as (
    insert into event (tenant_id, message_id, kind, ordinal, detail)
    select c.tenant_id, c.message_id, 'released', c.ordinal,
           'by the operator' || case when c.anew then ', to wherever the address leads now' when c.state = 'queued' then ': due at once' else '' end
      from chosen c join freed f on f.tenant_id = c.tenant_id and f.message_id = c.message_id and f.ordinal = c.ordinal
  )
  select f.tenant_id, f.message_id, f.ordinal from freed f
$$;

create function discard_deliveries(tenants uuid[], messages uuid[], ordinals int[])
returns table (tenant_id uuid, message_id uuid, ordinal int)
language sql security definer set search_path = public, pg_temp as $$
  with chosen as materialized (
    select d.tenant_id, d.message_id, d.ordinal, d.state
      from unnest(tenants, messages, ordinals) as k (tenant_id, message_id, ordinal)
      join delivery d on d.tenant_id = k.tenant_id and d.message_id = k.message_id and d.ordinal = k.ordinal
     where (d.state = 'held' or d.state = 'queued' and d.deferred) and sees(k.tenant_id)
       for update of d skip locked
  ), gone as (
    update delivery d
       set came_from = c.state, state = 'discarded', waits_for = null, deferred = false, settled_at = now(), reply = 'discarded by the operator'
      from chosen c
     where d.tenant_id = c.tenant_id and d.message_id = c.message_id and d.ordinal = c.ordinal
    returning d.tenant_id, d.message_id, d.ordinal
  ), noted as (
    insert into event (tenant_id, message_id, kind, ordinal, detail)
    select g.tenant_id, g.message_id, 'discarded', g.ordinal, 'by the operator' from gone g
  )
  select g.tenant_id, g.message_id, g.ordinal from gone g
$$;

revoke execute on function release_deliveries, discard_deliveries from public;
grant execute on function release_deliveries, discard_deliveries to posthouse_api;
