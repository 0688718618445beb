-- Indexes that begin with tenant_id compete with the primary key: without statistics, or with those of another tenant, a plan may take one of them by
-- the tenant alone and read all that the tenant has. These begin with what tells rows apart.
drop index mailbox_domain;
create index mailbox_domain on mailbox (domain_id, id);
drop index address_target_mailbox;
create index address_target_mailbox on address_target (mailbox_id) where mailbox_id is not null;
drop index removed_mailbox_name;
create index removed_mailbox_name on removed_mailbox (name, tenant_id);

-- What the sweeps look for, and nothing beside it.
create index tenant_removed on tenant (removed_at) where removed_at is not null;
create index removed_mailbox_emptied on removed_mailbox (uidvalidity) where emptied;
create index auth_failure_age on auth_failure (window_until);
create index tenant_parent on tenant (parent_id);
