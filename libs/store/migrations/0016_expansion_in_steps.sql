-- Expansion is a lane of its own: mail in the local lane never waits for it.
update delivery set lane = 'expand' where lane = 'local' and mailbox_id is null and state in ('queued', 'leased', 'held');

-- One step of an expansion: some of the targets become rows, and the lease is renewed or, at the last step, the row becomes `forwarded`.
-- Locks the message's rows at all tenants concerned in the order of their ids: two aliases that name each other across tenants are expanded
-- at the same time without a deadlock. Gives 'lost-lease' where the lease is not ours any more, and 'too-many' where the message would have
-- more than max_deliveries rows at a tenant; then nothing is changed.
create function expand_delivery(of_tenant uuid, of_message uuid, of_ordinal int, of_lease uuid, lease_seconds float8, is_last boolean,
                                total int, max_deliveries int, recipients text[], lanes text[], domains uuid[], mailboxes uuid[], holds text[])
returns text language plpgsql security definer set search_path = public, pg_temp as $$
declare
  expanded delivery%rowtype;
  asked_orcpt text;
  step record;
  next_ordinal int;
begin
  select * into expanded from delivery d
   where d.tenant_id = of_tenant and d.message_id = of_message and d.ordinal = of_ordinal and d.state = 'leased' and d.lease_owner = of_lease
     for update;
  if not found then
    return 'lost-lease';
  end if;
  -- RFC 3461 5.2.7 and 5.2.1: targets inherit what the sender asked for, and the address it wrote to where it named no other (utf-8: RFC 6533 3).
  asked_orcpt := coalesce(expanded.dsn_orcpt,
                          case when octet_length(expanded.recipient) = length(expanded.recipient) then 'rfc822;' else 'utf-8;' end
                            || expanded.recipient);
  begin
    for step in
      select coalesce(d.tenant_id, of_tenant) as owner, array_agg(t.at::int order by t.at) as positions
        from unnest(domains) with ordinality as t (domain_id, at) left join domain d on d.id = t.domain_id
       group by 1 order by 1
    loop
      if step.owner = of_tenant then
        update message m set deliveries = m.deliveries + cardinality(step.positions)
         where m.tenant_id = of_tenant and m.id = of_message
        returning m.deliveries - cardinality(step.positions) into strict next_ordinal;
        insert into delivery (tenant_id, message_id, ordinal, parent, depth, recipient, lane, domain_id, mailbox_id, state, reply,
                              dsn_notify, dsn_orcpt)
        select of_tenant, of_message, next_ordinal + p.number::int - 1, of_ordinal, expanded.depth + 1, recipients[p.at], lanes[p.at],
               domains[p.at], mailboxes[p.at], case when holds[p.at] is null then 'queued' else 'held' end, holds[p.at],
               expanded.dsn_notify, asked_orcpt
          from unnest(step.positions) with ordinality as p (at, number);
        next_ordinal := next_ordinal + cardinality(step.positions);
      else
        perform deliver_across(of_tenant, of_message, step.owner, recipients[p.at], domains[p.at], mailboxes[p.at], expanded.dsn_notify, asked_orcpt)
           from unnest(step.positions) as p (at);
        select m.deliveries into next_ordinal from message m where m.tenant_id = step.owner and m.id = of_message;
      end if;
      if next_ordinal > max_deliveries then
        raise exception using errcode = 'PH001';
      end if;
    end loop;
  exception when sqlstate 'PH001' then
    return 'too-many';
  end;
  if is_last then
    update delivery d
       set came_from = d.state, state = 'forwarded', settled_at = now(), lease_owner = null, lease_until = null,
           reply = 'expanded to ' || total || ' target(s)'
     where d.tenant_id = of_tenant and d.message_id = of_message and d.ordinal = of_ordinal;
    insert into event (tenant_id, message_id, kind, ordinal, detail)
    values (of_tenant, of_message, 'forwarded', of_ordinal, 'expanded to ' || total || ' target(s)');
    return 'forwarded';
  end if;
  update delivery d set lease_until = now() + make_interval(secs => lease_seconds)
   where d.tenant_id = of_tenant and d.message_id = of_message and d.ordinal = of_ordinal;
  return 'more';
end $$;
revoke execute on function expand_delivery from public;
grant execute on function expand_delivery to posthouse_worker;
