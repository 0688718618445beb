-- Lists of mailboxes are sorted by name: of a tenant, and of one of its domains.
create index mailbox_name on mailbox (tenant_id, name, id);
create index mailbox_of_domain on mailbox (domain_id, name, id);
