-- Senders write addresses in any case and the rows keep what they wrote; who asks for a trace need not guess it.

drop index delivery_recipient;
create index delivery_recipient on delivery (lower(recipient), tenant_id);
drop index message_reverse_path;
create index message_reverse_path on message (lower(reverse_path), tenant_id);
