import { DEFAULT_TENANT } from '#domain';
import { DirectoryFixture, freshDatabase, type FreshDatabase } from '#testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PgTraceStore } from './pg-trace.store.ts';

let db: FreshDatabase;
beforeAll(async () => {
  db = await freshDatabase();
});
afterAll(() => db.drop());

test('targets of aliases at hosts that are not ours are counted, in pages of any size', async () => {
  const domain = await new DirectoryFixture(db.owner).domain('elsewhere.example');
  const target = (local: string, position: number, path: string): Promise<unknown> =>
    db.owner.query(
      `with made as (insert into address (tenant_id, domain_id, kind, local) values ($1, $2, 'alias', $3) on conflict do nothing)
       insert into address_target (tenant_id, domain_id, kind, local, position, forward_path) values ($1, $2, 'alias', $3, $4, $5)`,
      [DEFAULT_TENANT, domain, local, position, path],
    );
  for (const [local, position, path] of [
    ['all', 0, 'x@far.example'],
    ['all', 1, 'y@ELSEWHERE.example'],
    ['all', 2, '"a@b"@far.example'],
    ['one', 0, 'z@sub.elsewhere.example'],
    ['two', 0, '"z@far.example"@elsewhere.example'],
  ] as const)
    await target(local, position, path);
  for (const page of [1, 2, 3, 10])
    expect(await new PgTraceStore(db.as('posthouse_api'), { page }).targetsElsewhere(), `${page}`).toBe(3);
});
