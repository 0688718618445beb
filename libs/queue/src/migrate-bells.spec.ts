import { createRequire } from 'node:module';
import { freshDatabase, type FreshDatabase } from '#testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BULLMQ, migrateBells } from './migrate-bells.ts';

let db: FreshDatabase;
beforeAll(async () => {
  db = await freshDatabase();
});
afterAll(() => db.drop());

const mayUse = async (): Promise<unknown[]> => {
  const roles = `select has_schema_privilege('posthouse_worker', 'bullmq', 'usage') as schema,
    has_table_privilege('posthouse_worker', t.oid, 'select') as table
    from pg_class t where t.relnamespace = 'bullmq'::regnamespace and t.relkind = 'r' order by t.relname limit 1`;
  return (await db.owner.query(roles)).rows;
};
const ALLOWED = [{ schema: true, table: true }];

test('the tables are those of the release that is installed', () => {
  const require = createRequire(import.meta.url);
  expect(require('bullmq/package.json')).toMatchObject({ version: BULLMQ });
});

/** What a dump, another release or a hand may have left. */
const LEFT: readonly (readonly [string, string])[] = [
  ['rights that a dump did not bring', 'revoke usage on schema bullmq from posthouse_worker'],
  [
    'the mark of another release',
    `comment on schema bullmq is 'BullMQ 0.1'; revoke select on all tables in schema bullmq from posthouse_worker`,
  ],
  ['no mark', `comment on schema bullmq is null; revoke all on all tables in schema bullmq from posthouse_worker`],
  ['nothing at all', 'drop schema bullmq cascade'],
];

test.each(LEFT)('%s: done again', async (_, leave) => {
  await db.owner.query(leave);
  await migrateBells(db.ownerUrl);
  expect(await mayUse()).toEqual(ALLOWED);
});

test('where all is done it changes nothing, and waits for nobody', async () => {
  const other = await db.owner.connect();
  try {
    await other.query('select pg_advisory_lock(7305013)'); // the one that a migrator of bells takes
    await migrateBells(db.ownerUrl);
    expect(await mayUse()).toEqual(ALLOWED);
  } finally {
    other.release(true);
  }
});
