-- An alias is expanded by expand_delivery, a function of the owner: the worker makes no delivery of its own, counts none, and reaches no other tenant.
revoke execute on function deliver_across from posthouse_worker;
revoke insert on delivery from posthouse_worker;
alter policy births on delivery to posthouse_ingress;
drop policy expansion_counts on message;
revoke update, select on message from posthouse_worker;
grant select (tenant_id, id, reverse_path, octets) on message to posthouse_worker;

-- What was asked for in notifications is read by expansion alone; the past of a row stands in its check.
revoke select on delivery from posthouse_worker;
grant select (tenant_id, message_id, ordinal, parent, depth, domain_id, mailbox_id, recipient, lane, state, attempt, queued_at, next_attempt_at, deferred,
  waits_for, lease_owner, lease_until, fence, duplicate, reply) on delivery to posthouse_worker;

-- Only a function of the owner makes a delivery forwarded or discarded; nothing bounces yet.
alter policy moves on delivery with check (state in ('queued', 'leased', 'delivered', 'held'));
