-- Keywords that were ever used in a folder, in their first spelling, at most 100: SELECT names them (RFC 3501 7.2.6) without reading a message.
alter table folder add column keywords text[] not null default '{}';

update folder f set keywords = used.keywords
  from (
    select tenant_id, folder_id, (array_agg(keyword order by lower(keyword)))[1:100] as keywords
      from (
        select distinct on (m.tenant_id, m.folder_id, lower(k)) m.tenant_id, m.folder_id, k as keyword
          from folder_message m, unnest(m.keywords) as k
         order by m.tenant_id, m.folder_id, lower(k), m.uid
      ) as first_spelling
     group by tenant_id, folder_id
  ) as used
 where f.tenant_id = used.tenant_id and f.id = used.folder_id;
