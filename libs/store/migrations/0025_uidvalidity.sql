-- RFC 3501 2.3.1.1: a name must never get a pair (UIDVALIDITY, UID) again that it had for another message. UIDVALIDITYs come from one sequence of the
-- house, so that none is given twice: not to a folder made anew, not to a mailbox added again or an address that moves to another one, not when
-- the clock goes back. It begins behind all that were given, and behind the clock, as they did.

create sequence folder_uidvalidity minvalue 1 maxvalue 4294967295 no cycle;
select setval('folder_uidvalidity', greatest(extract(epoch from now())::bigint, (select max(uidvalidity) from folder), (select max(uidvalidity) from mailbox_usage)));

alter table folder alter column uidvalidity set default nextval('folder_uidvalidity');
alter sequence folder_uidvalidity owned by folder.uidvalidity;
-- The highest of a mailbox, which new ones were made of until now, is needed no more; it stays for what still reads it.
drop function uidvalidity_floor();

grant usage on sequence folder_uidvalidity to posthouse_imap, posthouse_api;
