/** vitest's global set-up: a place for the files of all tests, and one PostgreSQL for the whole run, unless POSTHOUSE_TEST_DATABASE_URL names another. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { scratchFolder } from './scratch.ts';

export default async function setUp(): Promise<(() => Promise<void>) | undefined> {
  const scratch = scratchFolder();
  process.env['TMPDIR'] = scratch; // of every test as well
  if (process.env['POSTHOUSE_TEST_DATABASE_URL'] !== undefined) return undefined;
  const folder = await mkdtemp(join(scratch, 'posthouse-test-'));
  await chmod(folder, 0o711); // the database's account passes through
  const script = new URL('test-postgres.ts', import.meta.url).pathname;
  const server = spawn(process.execPath, ['--conditions=source', script, folder], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [url] = (await Promise.race([once(server.stdout, 'data'), once(server, 'exit')])) as unknown[];
  if (!Buffer.isBuffer(url)) throw new Error('the test database did not start; its reason stands above');
  process.env['POSTHOUSE_TEST_DATABASE_URL'] = url.toString().trim();
  return async () => {
    const ended = once(server, 'exit');
    server.stdin.end();
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
}
