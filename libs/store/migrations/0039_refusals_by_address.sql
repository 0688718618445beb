-- trace by address finds what was refused to it as well: the forward-path stands in the detail, behind the reply and before the client. Cut to
-- what an index takes.
create index event_refused_path on event (left(lower(substring(detail from '<(.*?)> from \[')), 320)) where kind = 'refused';

create or replace function find_by_address(addresses text[], many int) returns table (tenant_id uuid, id uuid)
language sql stable security definer set search_path = public, pg_temp as $$
  with wanted as materialized (select array_agg(distinct lower(one)) as folded from unnest(addresses) one),
       principal as materialized (select nullif(current_setting('posthouse.principal', true), '')::uuid as id)
  (select m.tenant_id, m.id from message m
    where lower(m.reverse_path) = any ((select folded from wanted)::text[])
      and (m.tenant_id = (select id from principal) or (select id from principal) = '00000000-0000-7000-8000-000000000000' or sees(m.tenant_id))
    order by m.id desc limit many)
  union
  (select d.tenant_id, d.message_id from delivery d
    where lower(d.recipient) = any ((select folded from wanted)::text[])
      and (d.tenant_id = (select id from principal) or (select id from principal) = '00000000-0000-7000-8000-000000000000' or sees(d.tenant_id))
    order by d.message_id desc limit many)
  union
  (select e.tenant_id, e.message_id from event e
    where e.kind = 'refused' and left(lower(substring(e.detail from '<(.*?)> from \[')), 320) = any ((select folded from wanted)::text[])
      and (e.tenant_id = (select id from principal) or (select id from principal) = '00000000-0000-7000-8000-000000000000' or sees(e.tenant_id))
    order by e.message_id desc limit many)
$$;
