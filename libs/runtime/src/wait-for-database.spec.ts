import { oldPostgres } from '#testing';
import { expect, test } from 'vitest';
import { silentLog } from './log.ts';
import { waitForDatabase } from './wait-for-database.ts';

test('a server that is too old is refused in words, at once', async () => {
  const { url, close } = await oldPostgres('140009');
  await expect(waitForDatabase(url, silentLog())).rejects.toThrow(
    'the database is PostgreSQL 14, and the oldest that will do is 15: upgrade it, or give another one by POSTHOUSE_DATABASE_URL',
  );
  close();
});

test('one that is old enough will do', async () => {
  const { url, close } = await oldPostgres('150004');
  await expect(waitForDatabase(url, silentLog())).resolves.toBeUndefined();
  close();
});
