-- The key of a message in its folder is (tenant, folder, uid). The index of changes begins with the same two columns, and a plan made without
-- statistics took it for that key: the whole folder was read for each message. It is partial now, by a condition that always holds: only
-- a statement that says so too can use it.
alter table folder_message add constraint folder_message_modseq_check check (modseq > 0);
drop index folder_message_modseq;
create index folder_message_modseq on folder_message (tenant_id, folder_id, modseq, uid) where modseq > 0;

-- Names sort by octets, so that what lies below a folder is a range of its index.
alter table folder alter column name type text collate "C";
