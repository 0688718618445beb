import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { acquireHouse, Config, HouseLock, type HousePurpose } from '#runtime';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findHousehold } from './household.ts';

let dataDir: string;
let lock: HouseLock | undefined;
beforeEach(() => {
  dataDir = realpathSync(mkdtempSync(join(tmpdir(), 'posthouse-household-')));
});
afterEach(() => {
  lock?.release();
  lock = undefined;
  rmSync(dataDir, { recursive: true, force: true });
});

/** This process holds the house; `serves`: it has written down where. */
function hold(purpose: HousePurpose, serves: boolean): void {
  const taken = acquireHouse(dataDir, purpose);
  if (!(taken instanceof HouseLock)) throw new Error('held');
  lock = taken;
  if (serves) lock.record({ databaseUrl: 'postgres://o:p@127.0.0.1:1/posthouse' });
}

const BY_URL = { POSTHOUSE_DATABASE_URL: 'postgres://o:p@127.0.0.1:1/posthouse' };
/** @param apps those on this machine @param elsewhere those on others */
const look = (
  settings: Record<string, string>,
  apps: readonly string[] | undefined,
  elsewhere: readonly string[] = [],
) =>
  findHousehold(
    Config.fromEnv({ POSTHOUSE_DATA_DIR: dataDir, ...settings }),
    async () =>
      apps && [...apps.map((name) => ({ name, isHere: true })), ...elsewhere.map((name) => ({ name, isHere: false }))],
  );

test('a running house is one, whatever is connected', async () => {
  hold('house', true);
  for (const settings of [{}, BY_URL]) {
    const { finding, occupancy, remedy } = await look(settings, []);
    expect([finding, occupancy]).toEqual([
      { verdict: 'ok', what: `house: running as process ${process.pid}`, remedy: undefined },
      'serving',
    ]);
    expect(remedy('smtp')).toBe('look into the log of the house, or stop it and start it again');
  }
});

test('a dead house is none, with a database by URL too', async () => {
  hold('house', true);
  lock?.release();
  expect(await look({}, [])).toMatchObject({
    finding: { verdict: 'warn', what: 'house: not running', remedy: 'start it with posthouse up' },
    occupancy: 'vacant',
  });
  expect(await look(BY_URL, [])).toMatchObject({
    finding: {
      verdict: 'warn',
      what: `house: none runs in ${dataDir}, and the database is one by URL; no app is connected`,
      remedy: 'start the apps with npm run start:smtp and so on, or all of them with posthouse up',
    },
    occupancy: 'vacant',
  });
});

test('a command that has the database to itself is no house', async () => {
  hold('command', true);
  expect(await look({}, [])).toMatchObject({ finding: { what: 'house: not running' }, occupancy: 'vacant' });
});

test('one that starts', async () => {
  hold('house', false);
  expect(await look({}, [])).toMatchObject({
    finding: {
      verdict: 'warn',
      what: `house: process ${process.pid} is starting it`,
      remedy: 'wait until it serves, and examine it again',
    },
    occupancy: 'starting',
  });
});

test('apps as processes of their own', async () => {
  expect(await look(BY_URL, ['smtp', 'worker'])).toMatchObject({
    finding: {
      verdict: 'ok',
      what: `house: none runs in ${dataDir}, and the database is one by URL; connected: smtp, worker`,
    },
    occupancy: 'serving',
  });
  hold('database', true);
  const alone = `house: the database runs alone, as process ${process.pid}`;
  const { finding, occupancy, remedy } = await look({}, ['worker', 'pop3']);
  expect([finding, occupancy]).toEqual([
    { verdict: 'ok', what: `${alone}; connected: worker, pop3`, remedy: undefined },
    'serving',
  ]);
  expect(remedy('smtp')).toBe('start it with npm run start:smtp');
  expect((await look({}, [])).finding).toEqual({
    verdict: 'warn',
    what: `${alone}; no app is connected`,
    remedy: 'start the apps with npm run start:smtp and so on',
  });
});

test('apps on this machine should answer, those on others need not, and what runs nowhere is no fault of this machine', async () => {
  const { finding, excuse } = await look(BY_URL, ['smtp', 'worker'], ['pop3']);
  expect(finding.what).toContain('; connected: smtp, worker, pop3 (on another machine)');
  expect(excuse('smtp')).toBeUndefined();
  expect(excuse('pop3')).toEqual({ verdict: 'ok', what: 'pop3: runs on another machine', remedy: undefined });
  expect(excuse('imap')).toEqual({
    verdict: 'warn',
    what: 'imap: none is connected to the database',
    remedy: 'start it with npm run start:imap, here or on another machine',
  });
  expect((await look(BY_URL, undefined)).excuse('imap')).toBeUndefined();
  hold('house', true);
  expect((await look(BY_URL, [], ['imap'])).excuse('imap')).toBeUndefined();
});

test('where the database does not tell, everything is tried', async () => {
  expect(await look(BY_URL, undefined)).toMatchObject({
    finding: {
      verdict: 'warn',
      what: `house: none runs in ${dataDir}, and the database is one by URL; which apps are connected is not to be known`,
      remedy: 'see the findings about the database',
    },
    occupancy: 'serving',
  });
});
