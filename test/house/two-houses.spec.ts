/** A second house on the data folder of a living one, as from another container over one volume: refused, and the first one never notices. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { SmtpTalk } from '#testing';
import { afterAll, expect, test } from 'vitest';
import { NAMESPACES, whyNotIn, type NamespaceName } from '../../libs/runtime/src/house-lock.spec-helper.ts';
import { CliHouse } from './cli-house.ts';

let house: CliHouse | undefined;
afterAll(() => house?.close());

const CASES = ['pid', 'pid with its own /proc', 'all of them'] as const satisfies NamespaceName[];

test('a house is refused a folder that another one has, whatever namespaces are between them', async ({ skip }) => {
  const why = CASES.map(whyNotIn).find((one) => one !== undefined);
  if (why !== undefined) {
    console.log(`SKIPPED: ${why}`);
    skip(why);
  }
  house = await CliHouse.make();
  const first = await house.up();
  await house.posthouse('domain', 'add', 'example.test');
  await house.posthouse('mailbox', 'add', 'you@example.test', '--no-password');
  const { dataDir } = house;
  const watched = ['house.json', 'house.guard', 'house.lock', 'postgres.alive', join('postgres', 'postmaster.pid')];
  const facts = (): Promise<unknown> =>
    Promise.all([
      ...watched.map(async (file) => (await stat(join(dataDir, file))).ino),
      readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8'),
      readFile(join(dataDir, 'house.json'), 'utf8'),
    ]);
  const before = await facts();
  const seconds = CASES.map((name, at) =>
    house?.runUnder(['unshare', ...NAMESPACES[name]], [at === 0 ? 'database' : 'up']),
  );
  for (const second of seconds)
    expect(await second).toMatchObject({
      code: 5,
      err: expect.stringMatching(
        /^posthouse: a house runs on .* already, as process \d+ of another container or PID namespace \(.*\): stop it there/,
      ),
    });
  // Its number is another process's there.
  expect(await house.runUnder(['unshare', ...NAMESPACES['pid with its own /proc']], ['down'])).toMatchObject({
    code: 5,
    err: expect.stringContaining('run the command there'),
  });
  // The loopback of the database is another one there.
  expect(await house.runUnder(['unshare', ...NAMESPACES['all of them']], ['domain', 'list'])).toMatchObject({
    code: 5,
    err: expect.stringContaining('its database cannot be reached from here: run the command there'),
  });
  expect(await house.runUnder(['unshare', ...NAMESPACES.pid], ['domain', 'list'])).toMatchObject({ code: 0 });
  expect(await facts()).toEqual(before);
  const talk = await SmtpTalk.open(house.port('smtp'), 'client.test');
  expect((await talk.envelope('me@far.example', ['you@example.test']))[1]).toMatch(/^250/);
  await talk.quit();
  expect(await first.stop()).toBe(0);
});
