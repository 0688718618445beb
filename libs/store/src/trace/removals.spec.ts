import { DirectoryFixture, freshDatabase, type FreshDatabase } from '#testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PgTraceStore } from './pg-trace.store.ts';

let db: FreshDatabase;
let store: PgTraceStore;
beforeAll(async () => {
  db = await freshDatabase();
  store = new PgTraceStore(db.as('posthouse_api'));
  const directory = new DirectoryFixture(db.owner);
  await directory.domain('example.org');
  await directory.mailbox('a@example.org');
});
afterAll(() => db.drop());

test('statistics show what is removed and not gone yet, and count it no more', async () => {
  const before = await store.statistics();
  expect(before.removals).toEqual({ tenants: 0, domains: 0, mailboxes: 0, kept: 0, oldestSeconds: 0 });
  const marked = await db.owner.query(
    `insert into domain (id, tenant_id, name, removed_at, removed_name)
     select gen_random_uuid(), tenant_id, ':gone', now() - interval '1 hour', 'gone.example' from domain limit 1 returning id, tenant_id`,
  );
  await db.owner.query(
    `insert into removed_mailbox (tenant_id, id, domain, name, state, created_at, removed_at, purging)
     select $1, gen_random_uuid(), 'gone.example', 'b' || n || '@gone.example', 'active', now(),
            case n when 1 then '-infinity'::timestamptz else now() end, n = 2
       from generate_series(1, 4) n`,
    [marked.rows[0]?.tenant_id],
  );
  const { removals, ...after } = await store.statistics();
  expect(removals).toMatchObject({ tenants: 0, domains: 1, mailboxes: 2, kept: 2 });
  expect(removals.oldestSeconds).toBeGreaterThanOrEqual(3_600);
  expect(after).toMatchObject({ domains: before.domains, mailboxes: before.mailboxes, tenants: before.tenants });
  await db.owner.query('delete from removed_mailbox');
  await db.owner.query('delete from domain where id = $1', [marked.rows[0]?.id]);
});
