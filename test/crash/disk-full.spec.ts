/** The disk under the mail is full: refused for now, nothing lost, and well again by itself. */
import { fileURLToPath } from 'node:url';
import { SMALL_BODY } from '#domain';
import { SmtpTalk } from '#testing';
import { beforeAll, expect, test } from 'vitest';
import { ensureBuilt } from '../../bin/ensure-built.js';
import { CrashHouse, CrashServer } from './crash-house.ts';
import { lines, sendLoad, type LoadOptions, type LoadResult } from './load.ts';
import { InjectedDisk, SmallDisk, type Disk } from './small-disk.ts';
import { drained, judge } from './verdict.ts';

/** The only answer to mail that cannot be stored: nothing but time is wrong with it. */
const FULL = '451 4.3.0 temporary failure, try again later';
/** More than is kept in memory: stored in chunks while it arrives. */
const LARGE = 2 * SMALL_BODY;

beforeAll(() => ensureBuilt(fileURLToPath(new URL('../../', import.meta.url))));

type Send = (messages: number, prefix: string, more?: Partial<LoadOptions>) => Promise<LoadResult>;

/** The loads of `scenario`, judged at its end. */
async function onDisk(
  server: CrashServer,
  name: string,
  scenario: (house: CrashHouse, send: Send) => Promise<readonly LoadResult[]>,
): Promise<void> {
  const house = await CrashHouse.start(server, name);
  const stop = new AbortController();
  const send: Send = (messages, prefix, more = {}) =>
    sendLoad({
      port: house.port,
      connections: 10,
      recipients: house.addresses,
      signal: stop.signal,
      messages,
      prefix,
      ...more,
    });
  try {
    const loads = await scenario(house, send);
    for (const load of loads) {
      const { lost, doubled, faults } = await judge(house, load);
      expect({ lost, doubled, faults }).toEqual({ lost: [], doubled: [], faults: [] });
    }
  } finally {
    stop.abort();
    await house.stop();
  }
}

const disk = SmallDisk.mount();
if (disk === undefined)
  process.stdout.write('no tmpfs can be mounted here (not root?): a full disk is tested by injected ENOSPC only\n');

test.runIf(disk !== undefined)(
  'a full disk refuses mail with 4xx, loses none, and the house recovers by itself when there is room',
  async () => {
    if (disk === undefined) throw new Error('unreachable');
    const server = await CrashServer.start(disk.folder);
    try {
      await onDisk(server, 'disk_full', async (house, send) => {
        const before = await send(200, 'before');
        await disk.fill();
        const during = await send(400, 'full');
        await disk.free();
        await drained(house);
        const after = await send(200, 'after');
        await drained(house);
        expect(before.accepted.size).toBe(200);
        expect(
          [...during.replies].filter((reply) => reply.startsWith('5')),
          'a full disk is never permanent',
        ).toEqual([]);
        expect(during.refused.size, 'the disk must really have been full').toBeGreaterThan(0);
        expect(after.accepted.size).toBeGreaterThan(0);
        return [before, during, after];
      });
    } finally {
      await disk.free();
      await server.stop();
      disk.unmount();
    }
  },
);

test('where every write says ENOSPC: 451 to each mail, small or in chunks, what was accepted waits, and all goes on when there is room', async () => {
  const server = await CrashServer.start();
  try {
    await onDisk(server, 'enospc', async (house, send) => {
      const injected: Disk = await InjectedDisk.under(house);
      const pids = (): unknown[] => [house.smtp, ...house.workers].map(({ pid, isRunning }) => ({ pid, isRunning }));
      const rows = (table: string): Promise<object[]> => house.query(`select count(*)::int as count from ${table}`);

      // Accepted and not delivered yet: the workers find the disk full when they come.
      const signal = (name: NodeJS.Signals): void => {
        for (const { pid } of house.workers) if (pid !== undefined) process.kill(pid, name);
      };
      signal('SIGSTOP');
      const before = await send(100, 'before');
      const half = await halfLarge(house);
      await injected.fill();
      signal('SIGCONT');
      const running = pids();
      await half.client.send(`${lines(LARGE)}.\r\n`);
      expect(await half.reply()).toBe(FULL);
      const small = await send(100, 'full');
      const large = await send(10, 'full-large', { octets: LARGE });
      expect([small.replies, large.replies]).toEqual([new Set([FULL]), new Set([FULL])]);
      expect([small.refused.size, large.refused.size]).toEqual([100, 10]);
      expect(await rows('folder_message')).toEqual([{ count: 0 }]);
      expect(await rows('message')).toEqual([{ count: before.accepted.size }]);
      expect(await rows('message_chunk')).toEqual([{ count: 0 }]);

      await injected.free();
      await drained(house);
      const after = await send(100, 'after');
      const afterLarge = await send(10, 'after-large', { octets: LARGE });
      expect(
        await half.mail(
          'sender@elsewhere.test',
          house.addresses.slice(0, 1),
          'Message-ID: <same-session@crash.test>\r\n',
        ),
      ).toMatch(/^250 /);
      await half.quit();
      await drained(house);
      expect([before, after, afterLarge].map(({ accepted }) => accepted.size)).toEqual([100, 100, 10]);
      expect(pids()).toEqual(running);
      return [before, small, large, after, afterLarge];
    });
  } finally {
    await server.stop();
  }
});

/** In the middle of a message whose first chunks are stored. */
async function halfLarge(house: CrashHouse): Promise<SmtpTalk> {
  const talk = await SmtpTalk.open(house.port, 'crash.test');
  await talk.envelope('sender@elsewhere.test', house.addresses.slice(0, 1));
  await talk.say('DATA');
  await talk.client.send(lines(LARGE));
  for (;;) {
    const [stored] = await house.query<{ count: number }>('select count(*)::int as count from message_chunk');
    if ((stored?.count ?? 0) > 0) return talk;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
