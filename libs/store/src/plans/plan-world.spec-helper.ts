/** Tables of any size and always the same shape: one huge tenant, lane, mailbox and folder, many small ones, mail due later, tombstones, old rows. */
import { ROOT_TENANT, type DomainId, type FolderId, type MailboxId, type MessageId, type TenantId } from '#domain';
import type pg from 'pg';

const KINDS = { tenant: 1, domain: 2, mailbox: 3, folder: 4, message: 5, due: 6, later: 7, old: 8, slow: 9 } as const;

/** The n-th of its kind; sorts by n. */
export const planId = (kind: keyof typeof KINDS, n: number): string =>
  `${KINDS[kind].toString(16).padStart(8, '0')}-0000-7000-8000-${n.toString(16).padStart(12, '0')}`;

const BIG_AT = 900_000;
export const BIG = planId('tenant', BIG_AT) as TenantId;
export const BIG_DOMAIN = planId('domain', BIG_AT) as DomainId;
/** Of the huge tenant: its INBOX is the huge folder, it has a fourth as many folders as the INBOX has messages. */
export const HUGE = { tenantId: BIG, mailboxId: planId('mailbox', 0) as MailboxId };
export const HUGE_INBOX = { ...HUGE, folderId: planId('folder', 0) as FolderId };
export const messageAt = (n: number): MessageId => planId('message', n) as MessageId;
/** Owns the n-th of the tenants with mail that is due. */
export const DUE_TENANT_AT = 500_000;

const SCHEMA = `
create function plan_id(kind text, n bigint) returns uuid language sql immutable as $$
  select (lpad(to_hex((array[${Object.values(KINDS).join()}])[array_position('{${Object.keys(KINDS).join()}}'::text[], kind)]), 8, '0')
          || '-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid
$$;
create table plan_octets as select decode(repeat('41', 200), 'hex') as octets;
do $$
declare one regclass;
begin
  for one in select oid from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace loop
    execute format('alter table %s set (autovacuum_enabled = false)', one);
  end loop;
end $$;
insert into tenant (id, parent_id, path, name) values ('${BIG}'::uuid, '${ROOT_TENANT}', array['${ROOT_TENANT}', '${BIG}']::uuid[], 'big');
insert into domain (id, tenant_id, name) values ('${BIG_DOMAIN}'::uuid, '${BIG}'::uuid, 'big.test');
insert into address (tenant_id, domain_id, kind, local) values ('${BIG}'::uuid, '${BIG_DOMAIN}'::uuid, 'catch-all', '')`;

/** FROM and TO are row numbers: what is there already is left as it is. */
const FILL = `
insert into tenant (id, parent_id, path, name)
select plan_id('tenant', n), '${ROOT_TENANT}', array['${ROOT_TENANT}', plan_id('tenant', n)]::uuid[], 't' || n
  from (select i as n from generate_series(FROM / 10, TO / 10 - 1) i
        union all select ${DUE_TENANT_AT} + i from generate_series(FROM / 20, TO / 20 - 1) i) x;

create temp table plan_mailbox as
select 0 as base, i as at, '${BIG}'::uuid as tenant_id, '${BIG_DOMAIN}'::uuid as domain_id, 'm' || i || '@big.test' as name
  from generate_series(FROM / 4, TO / 4 - 1) i
union all
select 1000000, i, plan_id('tenant', i), plan_id('domain', i), 'm0@d' || i || '.test' from generate_series(FROM / 10, TO / 10 - 1) i
union all
select 2000000, i, plan_id('tenant', ${DUE_TENANT_AT} + i), plan_id('domain', ${DUE_TENANT_AT} + i), 'm0@d' || ${DUE_TENANT_AT} + i || '.test'
  from generate_series(FROM / 20, TO / 20 - 1) i;
insert into domain (id, tenant_id, name) select domain_id, tenant_id, split_part(name, '@', 2) from plan_mailbox where base > 0;
insert into domain (id, tenant_id, name)
select plan_id('domain', 700000 + i), '${BIG}'::uuid, 'b' || i || '.test' from generate_series(FROM / 10, TO / 10 - 1) i;
insert into mailbox (tenant_id, id, domain_id, name) select tenant_id, plan_id('mailbox', base + at), domain_id, name from plan_mailbox;
insert into mailbox_usage (tenant_id, mailbox_id) select tenant_id, plan_id('mailbox', base + at) from plan_mailbox;
insert into credential (tenant_id, mailbox_id, hash) select tenant_id, plan_id('mailbox', base + at), 'hash' from plan_mailbox;
insert into address (tenant_id, domain_id, kind, local)
select tenant_id, domain_id, 'address', split_part(name, '@', 1) from plan_mailbox
union all select '${BIG}'::uuid, '${BIG_DOMAIN}'::uuid, 'alias', 'a' || i from generate_series(FROM / 4, TO / 4 - 1) i;
insert into address_target (tenant_id, domain_id, kind, local, position, mailbox_id)
select tenant_id, domain_id, 'address', split_part(name, '@', 1), 0, plan_id('mailbox', base + at) from plan_mailbox
union all
select '${BIG}'::uuid, '${BIG_DOMAIN}'::uuid, 'alias', 'a' || i, p, plan_id('mailbox', i)
  from generate_series(FROM / 4, TO / 4 - 1) i, generate_series(0, 0) p;
insert into folder (tenant_id, id, mailbox_id, name, uidvalidity)
select tenant_id, plan_id('folder', base + at), plan_id('mailbox', base + at), 'INBOX', 7 from plan_mailbox
union all select tenant_id, plan_id('folder', 10000000 + at), plan_id('mailbox', at), 'Sent', 8 from plan_mailbox where base = 0
union all select '${BIG}'::uuid, plan_id('folder', 20000000 + i), '${HUGE.mailboxId}'::uuid, 'F/' || i, 9 from generate_series(FROM / 4, TO / 4 - 1) i;
insert into subscription (tenant_id, mailbox_id, name)
select '${BIG}'::uuid, '${HUGE.mailboxId}'::uuid, 'F/' || i from generate_series(FROM / 4, TO / 4 - 1) i;
insert into maildrop_lock (tenant_id, mailbox_id, session_id, lease_until)
select tenant_id, plan_id('mailbox', base + at), plan_id('mailbox', at), now() + interval '1 hour' from plan_mailbox where base = 0 and at > 1;
insert into known_network (tenant_id, mailbox_id, network)
select tenant_id, plan_id('mailbox', base + at), '10.0.0.0/24' from plan_mailbox;
insert into auth_failure (key, failures, window_until)
select 'remote:' || i, 1, now() + interval '1 hour' from generate_series(FROM, TO - 1) i;
drop table plan_mailbox;

create temp table plan_message as
select '${BIG}'::uuid as tenant_id, plan_id('message', i) as id, i as at, 'accepted' as state, now() as received_at, 9 as rows from generate_series(FROM, TO - 1) i
union all select plan_id('tenant', ${DUE_TENANT_AT} + i / 10), plan_id('due', i), i, 'accepted', now(), 1 from generate_series(FROM / 2, TO / 2 - 1) i
union all select plan_id('tenant', i), plan_id('later', i), i, 'accepted', now(), 1 from generate_series(FROM / 10, TO / 10 - 1) i
union all select '${BIG}'::uuid, plan_id('old', i), i, 'accepted', now() - interval '400 days', 0 from generate_series(FROM / 2, TO / 2 - 1) i
union all select '${BIG}'::uuid, plan_id('slow', i), i, 'pending', now() - interval '2 hours', 0 from generate_series(FROM / 2000, FROM / 2000 + 19) i where FROM = 0;
insert into message (tenant_id, id, state, origin, reverse_path, helo, remote_address, octets, header_octets, recipients, deliveries,
                     header_message_id, envelope, body_structure, mime_index, body, received_at)
select m.tenant_id, m.id, m.state, 'smtp', 's' || at || '@example.org', 'c', '192.0.2.1', 200, 20, rows, rows, '<' || at || '@x.test>', '()', '()', '{}',
       o.octets, received_at
  from plan_message m, plan_octets o;
insert into message_chunk (tenant_id, message_id, number, octets)
select tenant_id, id, 0, '\\x41' from plan_message where state = 'pending' or at % 4 = 0 and rows = 9;
insert into event (tenant_id, message_id, kind, at, detail)
select tenant_id, id, kind, received_at, null from plan_message, (values ('accepted'), ('delivered')) k (kind) where rows > 0
union all
select tenant_id, plan_id('old', 5000000 + at), 'refused', now() - interval '400 days', 'no' from plan_message where rows = 0 and state = 'accepted'
union all
select tenant_id, plan_id('old', 7000000 + at), 'refused', now(), '550 5.1.1 no <q' || at || '@big.test> from [192.0.2.1] c' from plan_message where rows = 9;

set session_replication_role = replica;
insert into delivery (tenant_id, message_id, ordinal, recipient, domain_id, mailbox_id, lane, state, came_from, next_attempt_at, deferred, lease_owner, lease_until, settled_at)
select m.tenant_id, m.id, d.ordinal, 'r' || m.at || '@big.test', '${BIG_DOMAIN}'::uuid,
       plan_id('mailbox', case when m.tenant_id = '${BIG}' then 2 + m.at % 200 else 2000000 + m.at / 10 end), replace(d.lane, '*', m.at::text), d.state, d.came_from,
       now() + make_interval(secs => d.after), d.state = 'queued' and d.after > 0, case when d.lease is not null then m.id end,
       now() + make_interval(secs => d.lease + (m.at / 100)::float8 / 1000), -- a claim's at a time
       case when d.state = 'delivered' then now() end
  from plan_message m join (values
    (9, 0, 'local', 'queued', null, -60, null),
    (9, 1, 'local', 'queued', null, 3600, null),
    (9, 2, 'remote:big.test', 'queued', null, -60, null),
    (9, 3, 'remote:later.test', 'queued', 'leased', 3600, null),
    (9, 4, 'remote:z*.test', 'queued', null, -60, null),
    (9, 5, 'local', 'leased', 'queued', -60, 3600),
    (9, 6, 'remote:taken.test', 'leased', 'queued', -60, -60),
    (9, 7, 'local', 'delivered', 'leased', -60, null),
    (9, 8, 'local', 'held', 'leased', -60, null),
    (1, 0, 'local', 'queued', null, -60, null)) d (rows, ordinal, lane, state, came_from, after, lease) on d.rows = m.rows;
update delivery d set next_attempt_at = now() + interval '1 hour', deferred = true from plan_message m
 where m.rows = 1 and m.id between plan_id('later', 0) and plan_id('later', 1000000) and d.tenant_id = m.tenant_id and d.message_id = m.id;
set session_replication_role = origin;

insert into folder_message (tenant_id, folder_id, uid, mailbox_id, message_id, modseq, octets, trace)
select '${BIG}'::uuid, '${HUGE_INBOX.folderId}'::uuid, 2 * at + 1, '${HUGE.mailboxId}'::uuid, id, at + 2, 216, 'Return-Path: <>\r\n'::bytea from plan_message where rows = 9
union all
select '${BIG}'::uuid, plan_id('folder', at / 4), at % 4 + 1, plan_id('mailbox', at / 4), id, 2, 216, 'Return-Path: <>\r\n'::bytea from plan_message where rows = 9 and at >= 4;
insert into tombstone (tenant_id, folder_id, modseq, uid, message_id, gone_at)
select '${BIG}'::uuid, '${HUGE_INBOX.folderId}'::uuid, at + 2, 2 * at + 2, id, now() - make_interval(days => at % 2 * 100) from plan_message where rows = 9;
drop table plan_message;

-- What comes later has higher numbers than what the world may still grow by.
update folder f set uidnext = greatest(f.uidnext, c.last + 2, 1000000), highestmodseq = greatest(f.highestmodseq, c.modseq, 1000000), messages = c.messages,
       unseen = c.messages, octets = c.octets, recent_from = greatest(f.uidnext, 1000000)
  from (select tenant_id, folder_id, max(uid) as last, max(modseq) as modseq, count(*) as messages, sum(octets) as octets from folder_message group by 1, 2) c
 where f.tenant_id = c.tenant_id and f.id = c.folder_id;
update mailbox_usage u set messages = c.messages, octets = c.octets
  from (select tenant_id, mailbox_id, count(*) as messages, sum(octets) as octets from folder_message group by 1, 2) c
 where u.tenant_id = c.tenant_id and u.mailbox_id = c.mailbox_id`;

/** As a table looks that was never analysed. */
const FORGET_STATISTICS = `
delete from pg_statistic where starelid in (select oid from pg_class where relnamespace = 'public'::regnamespace);
update pg_class set relpages = 0, reltuples = -1 where relnamespace = 'public'::regnamespace and relkind in ('r', 'i')`;

export class PlanWorld {
  readonly owner: pg.Pool;
  /** Messages of the huge folder; other tables have as many rows, or a fixed part or multiple of it. */
  size = 0;

  private constructor(owner: pg.Pool) {
    this.owner = owner;
  }

  static async in(owner: pg.Pool): Promise<PlanWorld> {
    await owner.query(SCHEMA);
    return new PlanWorld(owner);
  }

  /** @param size a multiple of 40 */
  async growTo(size: number): Promise<void> {
    const client = await this.owner.connect();
    try {
      await client.query('begin');
      // Plans of filling are nobody's.
      await client.query('set local client_min_messages = warning');
      await client.query(FILL.replaceAll('FROM', String(this.size)).replaceAll('TO', String(size)));
      await client.query('commit');
      this.size = size;
    } finally {
      client.release();
    }
  }

  async analyze(): Promise<void> {
    await this.owner.query('analyze');
  }

  async forgetStatistics(): Promise<void> {
    await this.owner.query(FORGET_STATISTICS);
  }
}
