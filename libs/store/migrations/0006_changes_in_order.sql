-- What changed in a folder is read in batches, by MODSEQ and, since one STORE gives the same MODSEQ to a whole folder, by UID within it.
-- tombstone's primary key has that order already.

drop index folder_message_modseq;
create index folder_message_modseq on folder_message (tenant_id, folder_id, modseq, uid);
