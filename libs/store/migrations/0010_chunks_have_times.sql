-- A pending message is abandoned when nothing more comes, not when it is old: a large one over a slow line takes hours. The time stands in
-- the chunk, which is written anyway.

alter table message_chunk add column stored_at timestamptz not null default now();

grant select (stored_at) on message_chunk to posthouse_worker;
