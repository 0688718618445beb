import type { MailboxBell, MailboxId } from '#domain';
import { BellWatch, Metrics, roleUrl, silentLog } from '#runtime';
import { freshDatabase, PrivateRedis, redisServer, type FreshDatabase } from '#testing';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { PgMailboxBell } from './pg-mailbox-bell.ts';
import { RedisMailboxBell } from './redis-mailbox-bell.ts';

const program = redisServer();
if (program === undefined) console.log('SKIPPED: mailbox bells on Redis (no redis-server on the PATH)');

let db: FreshDatabase;
let redis: PrivateRedis | undefined;
beforeAll(async () => {
  db = await freshDatabase();
  if (program !== undefined) redis = await PrivateRedis.start(program);
});
afterAll(async () => {
  await db.drop();
  await redis?.remove();
});

type Closeable = MailboxBell & { close(): Promise<void> };
const open: Closeable[] = [];
afterEach(async () => {
  for (const bell of open.splice(0)) await bell.close();
});

const onPostgres = (): Closeable =>
  new PgMailboxBell(
    { connectionString: roleUrl(db.ownerUrl, 'posthouse_imap'), application_name: 'bell' },
    silentLog(),
  );
const onRedisAs = (prefix: string) => (): Closeable =>
  new RedisMailboxBell(redis?.url ?? '', prefix, silentLog(), new BellWatch(silentLog(), new Metrics()));
const onRedis = onRedisAs('posthouse:{1-1}');

function bell(make: () => Closeable): Closeable {
  const made = make();
  open.push(made);
  return made;
}

/** What one listener heard; '?' for "any mailbox may have moved". */
function listenerOn(at: MailboxBell) {
  const heard: string[] = [];
  const stop = at.listen((mailbox) => void heard.push(mailbox ?? '?'));
  return { heard, stop };
}
const id = (number: number): MailboxId => `00000000-0000-7000-8000-${String(number).padStart(12, '0')}` as MailboxId;
/** Rings until it is heard, since the first ring may meet a connection that does not stand yet. */
async function ringUntilHeard(from: MailboxBell, heard: string[], mailbox: MailboxId): Promise<void> {
  await expect
    .poll(
      () => {
        from.ring([mailbox]);
        return heard.includes(mailbox);
      },
      { timeout: 30_000 },
    )
    .toBe(true);
}

const backends: [string, () => Closeable, () => Promise<void>][] = [
  [
    'PostgreSQL',
    onPostgres,
    async () =>
      void (await db.owner.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'bell' and datname = current_database()`,
      )),
  ],
];
if (program !== undefined) {
  backends.push(['Redis', onRedis, async () => {
    await redis?.down();
    await redis?.up();
  }]); // prettier-ignore
}

describe.each(backends)('mailbox bell on %s', (_name, make, lose) => {
  test('is heard by every listener of every process, each mailbox by its id', async () => {
    const [near, far] = [bell(make), bell(make)];
    const listeners = [listenerOn(near), listenerOn(near), listenerOn(far)];
    for (const { heard } of listeners) await ringUntilHeard(far, heard, id(1));
    near.ring([id(2), id(3)]);
    for (const { heard } of listeners) await expect.poll(() => heard).toEqual(expect.arrayContaining([id(2), id(3)]));
  });

  test('more mailboxes than one payload holds all arrive, each once', async () => {
    const one = bell(make);
    const { heard } = listenerOn(one);
    await ringUntilHeard(one, heard, id(0));
    const many = Array.from({ length: 1000 }, (_, at) => id(at + 1));
    one.ring(many);
    one.ring([]);
    await expect.poll(() => heard.includes(id(1000))).toBe(true);
    expect(heard.filter((mailbox) => mailbox !== id(0) && mailbox !== '?')).toEqual(many);
  });

  test('a listener that left hears no more; one that comes after the last left hears each ring once', async () => {
    const one = bell(make);
    const first = listenerOn(one);
    await ringUntilHeard(one, first.heard, id(1));
    first.stop();
    const before = first.heard.length;
    const second = listenerOn(one);
    await ringUntilHeard(one, second.heard, id(2));
    one.ring([id(3)]);
    await expect.poll(() => second.heard.includes(id(3))).toBe(true);
    one.ring([id(4)]);
    await expect.poll(() => second.heard.includes(id(4))).toBe(true);
    expect(second.heard.filter((mailbox) => mailbox === id(3))).toHaveLength(1);
    expect(first.heard).toHaveLength(before);
  });

  test('a lost connection comes back, says that any mailbox may have moved, and is heard again', async () => {
    const one = bell(make);
    const { heard } = listenerOn(one);
    await ringUntilHeard(one, heard, id(1));
    const unsure = heard.filter((mailbox) => mailbox === '?').length;
    await lose();
    await expect
      .poll(() => heard.filter((mailbox) => mailbox === '?').length, { timeout: 30_000 })
      .toBeGreaterThan(unsure);
    await ringUntilHeard(one, heard, id(2));
  });
});

test.runIf(program !== undefined)('two houses on one Redis do not hear each other', async () => {
  const [ours, theirs] = [bell(onRedis), bell(onRedisAs('posthouse:{1-2}'))];
  const [listener1, listener2] = [listenerOn(ours), listenerOn(theirs)];
  await ringUntilHeard(theirs, listener2.heard, id(2));
  await ringUntilHeard(ours, listener1.heard, id(1));
  await ringUntilHeard(theirs, listener2.heard, id(3));
  await ringUntilHeard(ours, listener1.heard, id(4));
  expect(listener2.heard).not.toContain(id(1));
  expect(listener1.heard).not.toContain(id(3));
});
