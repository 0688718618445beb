-- RFC 1939 7: POP3's unique-id is made of the message's id, which a restore from a backup neither changes nor gives to another message. A COPY
-- has a number of its own behind it, at random and for as long as it exists, wherever it is moved.

alter table folder_message add column copy_number bigint;

update folder_message f set copy_number = floor(random() * 9007199254740992)::bigint
  from (select tenant_id, folder_id, uid, row_number() over (partition by tenant_id, mailbox_id, message_id order by folder_id, uid) as number
          from folder_message) n
 where n.number > 1 and f.tenant_id = n.tenant_id and f.folder_id = n.folder_id and f.uid = n.uid;
