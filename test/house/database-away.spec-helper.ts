/** The database of a test, taken away from an app that runs. */
import { testServerUrl, type FreshDatabase } from '#testing';
import pg from 'pg';
import { expect, vi } from 'vitest';

async function asAdmin(...statements: readonly string[]): Promise<void> {
  const admin = new pg.Client({ connectionString: testServerUrl() });
  await admin.connect();
  for (const statement of statements) await admin.query(statement);
  await admin.end();
}

/** Ends the connections of a role, and lets nobody open one. @returns gives the database back */
export async function takeDatabase({ owner, ownerUrl }: FreshDatabase, role: string): Promise<() => Promise<void>> {
  const name = new URL(ownerUrl).pathname.slice(1);
  const its = `from pg_stat_activity where datname = '${name}' and usename = '${role}'`;
  await asAdmin(`alter database ${name} allow_connections false`, `select pg_terminate_backend(pid) ${its}`);
  await vi.waitFor(async () => expect((await owner.query(`select ${its}`)).rowCount).toBe(0));
  return () => asAdmin(`alter database ${name} allow_connections true`);
}
