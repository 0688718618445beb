-- Indexes for look-ups by a text that few rows share begin with that text. Behind tenant_id they could serve "all rows of the tenant", and
-- a plan made while the tables are young did just that: the claim of a hundred rows read every delivery of the tenant a hundred times.

drop index delivery_recipient;
create index delivery_recipient on delivery (recipient, tenant_id);
drop index message_header_id;
create index message_header_id on message (header_message_id, tenant_id) where header_message_id is not null;
drop index message_reverse_path;
create index message_reverse_path on message (reverse_path, tenant_id);
