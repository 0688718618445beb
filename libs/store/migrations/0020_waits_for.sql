-- What a held or deferred row waits for, where the worker can see by itself that it has come: 'directory', that its address leads to its mailbox
-- again and both take mail; 'room', that its mailbox has room for it; 'postmaster', that there is a mailbox for it. Null: time, or a person.
alter table delivery add column waits_for text check (waits_for in ('directory', 'room', 'postmaster'));
create index delivery_waiting on delivery (tenant_id, recipient, (coalesce(mailbox_id, '00000000-0000-0000-0000-000000000000'::uuid)), message_id, ordinal)
  where waits_for is not null;

-- What was held before.
update delivery set waits_for = 'directory'
 where state = 'held' and mailbox_id is not null
   and reply in ('the mailbox of RCPT is gone or disabled', 'the address leads elsewhere than when the message was accepted');
update delivery set waits_for = 'postmaster'
 where state = 'held' and mailbox_id is null
   and reply in ('postmaster has no mailbox', 'the address of postmaster leads nowhere', 'the mailbox of postmaster is disabled',
                 'the mailbox of postmaster is full', 'mail for the postmaster of this host');
update delivery set waits_for = 'room' where state = 'queued' and mailbox_id is not null and reply = '452 4.2.2 mailbox full';
