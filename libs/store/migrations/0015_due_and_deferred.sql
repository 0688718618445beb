-- A claim looks for work among rows that are due, and for nothing among those that wait for a later attempt: a tenant with a million of
-- these cost it a million looks. Rows that wait are marked; the sweeper takes the mark away when their time has come.

alter table delivery add column deferred boolean not null default false;
update delivery set deferred = true where state = 'queued' and next_attempt_at > now();

-- Down to the row: a claim goes on behind the last row it took, instead of over the dead entries of all that was taken before.
drop index delivery_due;
create index delivery_due on delivery (lane, tenant_id, next_attempt_at, message_id, ordinal) where state = 'queued' and not deferred;
create index delivery_deferred on delivery (next_attempt_at) where state = 'queued' and deferred;

-- Every row passes through three versions within seconds: the vacuum keeps pace instead of resting between its pages.
alter table delivery set (autovacuum_vacuum_cost_delay = 0, autovacuum_vacuum_insert_scale_factor = 0.1, autovacuum_analyze_scale_factor = 0.05);
