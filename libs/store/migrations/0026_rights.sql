-- What each role may do, down to columns and states: docs/rights.md has every right with the statement that needs it, and rights.spec.ts
-- compares. A table or a column that comes later is nobody's until it is granted; who adds one adds the grant in a later migration, or here while
-- nothing is released.

-- ------------------------------------------------------------------------------------------------- columns that are written

-- Counters move with mail. Names and UIDVALIDITYs of folders are IMAP's alone.
revoke update on folder, mailbox_usage from posthouse_worker, posthouse_pop3, posthouse_imap;
grant update (uidnext, highestmodseq, messages, unseen, octets) on folder to posthouse_worker;
grant update (highestmodseq, messages, unseen, octets) on folder to posthouse_pop3;
grant update (name, uidvalidity, uidnext, highestmodseq, messages, unseen, octets, recent_from, keywords) on folder to posthouse_imap;
grant update (octets, messages) on mailbox_usage to posthouse_worker, posthouse_pop3, posthouse_imap;
revoke insert on folder from posthouse_imap, posthouse_api;
grant insert (tenant_id, id, mailbox_id, name) on folder to posthouse_imap;
grant insert (tenant_id, id, mailbox_id, name, special_use) on folder to posthouse_api;
revoke insert on mailbox_usage from posthouse_api;
grant insert (tenant_id, mailbox_id) on mailbox_usage to posthouse_api;

-- A message of a mailbox changes its flags; what it is stays.
revoke update, insert on folder_message from posthouse_imap;
grant update (flags, keywords, modseq) on folder_message to posthouse_imap;
grant insert (tenant_id, folder_id, uid, mailbox_id, message_id, modseq, flags, keywords, internal_date, octets, trace, uidl, lacks_final_crlf,
  copy_number) on folder_message to posthouse_imap;
revoke insert on folder_message from posthouse_worker;
grant insert (tenant_id, folder_id, uid, mailbox_id, message_id, modseq, octets, trace) on folder_message to posthouse_worker;
revoke update on subscription from posthouse_imap;

-- Times of birth are the database's: mail is not dated back, nor a timeline.
revoke insert on message from posthouse_ingress, posthouse_imap;
grant insert (tenant_id, id, state, origin, reverse_path, helo, remote_address, body_type, smtputf8, dsn_ret, dsn_envid, octets, header_octets,
  recipients, deliveries, header_message_id, envelope, body_structure, mime_index, body) on message to posthouse_ingress;
grant insert (tenant_id, id, state, origin, reverse_path, helo, remote_address, octets, header_octets, recipients, deliveries, header_message_id,
  envelope, body_structure, mime_index, body) on message to posthouse_imap;
revoke insert on message_chunk from posthouse_ingress, posthouse_imap;
grant insert (tenant_id, message_id, number, octets) on message_chunk to posthouse_ingress, posthouse_imap;
revoke insert on event from posthouse_ingress, posthouse_worker, posthouse_pop3, posthouse_imap;
grant insert (tenant_id, message_id, kind, detail) on event to posthouse_ingress, posthouse_pop3, posthouse_imap;
grant insert (tenant_id, message_id, kind, ordinal, detail) on event to posthouse_worker;
revoke insert on tombstone from posthouse_pop3, posthouse_imap;
grant insert (tenant_id, folder_id, modseq, uid, message_id) on tombstone to posthouse_pop3, posthouse_imap;

-- A delivery is born by ingress and by expansion, and moves by the worker; whom it is for stays.
revoke insert on delivery from posthouse_ingress, posthouse_worker;
grant insert (tenant_id, message_id, ordinal, domain_id, mailbox_id, recipient, lane, state, reply, dsn_notify, dsn_orcpt) on delivery
  to posthouse_ingress;
grant insert (tenant_id, message_id, ordinal, parent, depth, domain_id, mailbox_id, recipient, lane, state, reply, dsn_notify, dsn_orcpt) on delivery
  to posthouse_worker;
revoke update on delivery from posthouse_worker, posthouse_api;
grant update (state, came_from, attempt, fence, lease_owner, lease_until, next_attempt_at, deferred, reply, settled_at, mailbox_id, duplicate)
  on delivery to posthouse_worker;

-- The directory: what an operator may set, and no row moves to another tenant or domain.
revoke insert, update on tenant, domain, mailbox, address, address_target from posthouse_api;
grant insert (id, parent_id, path, name) on tenant to posthouse_api;
grant update (state) on tenant to posthouse_api;
grant insert (id, tenant_id, name, separators) on domain to posthouse_api;
grant update (state, separators, name, removed_at, removed_name) on domain to posthouse_api;
-- What is removed goes by functions of the owner.
revoke delete on tenant, domain, mailbox from posthouse_api;
grant insert (tenant_id, id, domain_id, name, quota_octets, quota_messages) on mailbox to posthouse_api;
grant update (state, quota_octets, quota_messages) on mailbox to posthouse_api;
grant insert (tenant_id, domain_id, kind, local) on address to posthouse_api;
grant insert (tenant_id, domain_id, kind, local, position, mailbox_id, forward_path) on address_target to posthouse_api;
revoke insert on credential from posthouse_api;
grant insert (tenant_id, mailbox_id, hash) on credential to posthouse_api;

-- ------------------------------------------------------------------------------------------------------ what nobody asks for

revoke select, delete on tombstone from posthouse_worker;
revoke delete on message from posthouse_worker;
revoke select, delete on message_chunk from posthouse_worker;
revoke select on event, mailbox_usage from posthouse_worker;
grant select (tenant_id, mailbox_id, octets, messages) on mailbox_usage to posthouse_worker;
revoke select on folder_message from posthouse_worker;
revoke select on message from posthouse_worker, posthouse_pop3;
grant select (tenant_id, id, state, reverse_path, octets, deliveries) on message to posthouse_worker;
grant select (tenant_id, id, octets, body) on message to posthouse_pop3;
revoke select on folder from posthouse_worker, posthouse_pop3, posthouse_api;
grant select (tenant_id, id, mailbox_id, name, uidnext, highestmodseq, messages, unseen, octets) on folder to posthouse_worker;
grant select (tenant_id, id, mailbox_id, name, highestmodseq, messages, unseen, octets) on folder to posthouse_pop3;
grant select (tenant_id, id, mailbox_id, messages, octets) on folder to posthouse_api;
revoke select on tombstone, maildrop_lock, subscription from posthouse_api;
revoke select on mailbox from posthouse_pop3;

-- -------------------------------------------------------------------------------------------------------------- states

-- Simple conditions on the row itself, so that no plan changes. The service roles work across tenants; what they may change is bounded by
-- the state of the row.
do $$
declare
  owned text;
begin
  foreach owned in array array['domain', 'mailbox', 'mailbox_usage', 'credential', 'address', 'address_target', 'message',
    'message_chunk', 'delivery', 'event', 'folder', 'subscription', 'folder_message', 'tombstone', 'maildrop_lock', 'tenant']
  loop
    execute format('drop policy if exists service on %I', owned);
  end loop;
end $$;
create policy readers on tenant for select to posthouse_ingress, posthouse_worker using (true);
create policy readers on domain for select to posthouse_ingress, posthouse_worker using (true);
create policy readers on address for select to posthouse_ingress, posthouse_worker using (true);
create policy readers on address_target for select to posthouse_ingress, posthouse_worker using (true);
create policy readers on mailbox for select to posthouse_ingress, posthouse_worker, posthouse_imap using (true);
create policy readers on mailbox_usage for select to posthouse_ingress, posthouse_worker, posthouse_pop3, posthouse_imap using (true);
create policy counters on mailbox_usage for update to posthouse_worker, posthouse_pop3, posthouse_imap using (true);

-- A message may be written, and taken away again, while its octets come in. An accepted one stays: only retention, a function of the owner,
-- takes bodies and rows away.
create policy readers on message for select to posthouse_ingress, posthouse_worker, posthouse_pop3, posthouse_imap using (true);
create policy smtp_mail on message for insert to posthouse_ingress with check (origin = 'smtp' and state in ('pending', 'accepted'));
create policy smtp_accepts on message for update to posthouse_ingress using (origin = 'smtp' and state = 'pending') with check (origin = 'smtp' and state = 'accepted');
create policy smtp_abandons on message for delete to posthouse_ingress using (origin = 'smtp' and state = 'pending');
create policy appended on message for insert to posthouse_imap with check (origin = 'append' and state in ('pending', 'accepted') and recipients = 0 and deliveries = 0);
create policy append_accepts on message for update to posthouse_imap using (origin = 'append' and state = 'pending') with check (origin = 'append' and state = 'accepted');
create policy append_abandons on message for delete to posthouse_imap using (origin = 'append' and state = 'pending');
create policy expansion_counts on message for update to posthouse_worker using (state = 'accepted') with check (state = 'accepted');

-- A chunk has no state of its own: 256 KiB pay for the look-up.
create policy readers on message_chunk for select to posthouse_ingress, posthouse_pop3, posthouse_imap using (true);
create policy smtp_chunks on message_chunk for insert to posthouse_ingress
  with check (exists (select from message m where m.tenant_id = message_chunk.tenant_id and m.id = message_chunk.message_id and m.state = 'pending'));
create policy append_chunks on message_chunk for insert to posthouse_imap
  with check (exists (select from message m where m.tenant_id = message_chunk.tenant_id and m.id = message_chunk.message_id and m.state = 'pending'));
create policy abandons on message_chunk for delete to posthouse_ingress, posthouse_imap
  using (not exists (select from message m where m.tenant_id = message_chunk.tenant_id and m.id = message_chunk.message_id and m.state <> 'pending'));

-- A delivery is born with no past, moves while it is not settled, and stays. delivery_legal_move judges the move.
create policy readers on delivery for select to posthouse_worker using (true);
create policy births on delivery for insert to posthouse_ingress, posthouse_worker with check (came_from is null);
create policy moves on delivery for update to posthouse_worker using (settled_at is null) with check (true);

create policy writers on event for insert to posthouse_ingress, posthouse_worker, posthouse_pop3, posthouse_imap with check (true);

create policy readers on folder for select to posthouse_worker, posthouse_pop3 using (true);
create policy counters on folder for update to posthouse_worker, posthouse_pop3 using (true);
create policy tree on folder for all to posthouse_imap using (true);
create policy readers on folder_message for select to posthouse_pop3 using (true);
create policy places on folder_message for insert to posthouse_worker with check (true);
create policy expunges on folder_message for delete to posthouse_pop3 using (true);
create policy keeps on folder_message for all to posthouse_imap using (true);
create policy keeps on subscription for all to posthouse_imap using (true);
create policy buries on tombstone for insert to posthouse_pop3, posthouse_imap with check (true);
create policy readers on tombstone for select to posthouse_imap using (true);
create policy keeps on maildrop_lock for all to posthouse_pop3 using (true);

-- --------------------------------------------------------------------------------------------------- the past of a delivery

-- The rule of the triggers stands in the statements: each names in its WHERE the state it moves a row from, and sets came_from = state.
-- A trigger cost every move of the hot path; who writes came_from by hand is an owner.
drop trigger delivery_true_past on delivery;
drop trigger delivery_true_birth on delivery;
drop function refuse_false_past();

-- What the owner makes later is nobody's before it is granted.
alter default privileges revoke execute on functions from public;
