-- Delivery asks whether one mailbox is among the targets of an alias, and must not read all of them for each of its mails. The look-up names
-- the mailbox and the row, not the tenant, so that no other index serves it.
drop index address_target_mailbox;
create index address_target_mailbox on address_target (mailbox_id, domain_id, local, kind) where mailbox_id is not null;
