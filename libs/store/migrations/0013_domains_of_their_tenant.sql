-- Row-level security looks at tenant_id alone: a mailbox or an address of one tenant could name a domain of another. The pair is the key now.

alter table domain add constraint domain_of_tenant unique (tenant_id, id);
drop index domain_tenant; -- the constraint's index begins with the same column

alter table mailbox
  drop constraint mailbox_domain_id_fkey,
  add constraint mailbox_domain_of_tenant foreign key (tenant_id, domain_id) references domain (tenant_id, id);
alter table address
  drop constraint address_domain_id_fkey,
  add constraint address_domain_of_tenant foreign key (tenant_id, domain_id) references domain (tenant_id, id);
