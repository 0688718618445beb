-- RFC 1939 11: the size that POP3 announces is what RETR sends, and RETR sends a CRLF behind a message that does not end with one. Only APPEND
-- makes such messages; SMTP ends every line. IMAP's sizes stay those of the octets as they came.

alter table folder_message add column lacks_final_crlf boolean not null default false;

with ended as (
  select m.tenant_id, m.id,
         case when m.body is not null then substring(m.body from octet_length(m.body) - 1)
              -- The last chunk may be a single octet.
              else (select substring(tail.octets from octet_length(tail.octets) - 1)
                      from (select string_agg(substring(c.octets from octet_length(c.octets) - 1), ''::bytea order by c.number) as octets
                              from message_chunk c
                             where c.tenant_id = m.tenant_id and c.message_id = m.id and c.number >= (m.octets - 1) / 262144 - 1) as tail)
          end as last_two
    from message m
   where m.origin = 'append' and m.state = 'accepted' and m.octets > 0
)
update folder_message f
   set lacks_final_crlf = true
  from ended e
 where f.tenant_id = e.tenant_id and f.message_id = e.id and e.last_two is distinct from '\x0d0a'::bytea;
