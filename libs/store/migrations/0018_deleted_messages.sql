-- EXPUNGE and CLOSE look for the few that are \Deleted, in the order of their UIDs, and not at every message of the folder under its lock.
create index folder_message_deleted on folder_message (tenant_id, folder_id, uid) where flags & 8 <> 0;
