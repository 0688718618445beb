import { LOCAL_LANE, remoteLane } from '#domain';
import { APP_ROLES, Config, createLog, House, silentLog } from '#runtime';
import { freshDatabase, PrivateRedis, redisServer, type FreshDatabase } from '#testing';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openBellQueue, openBellWorker, type BellQueue, type BellWorker, type RingData } from './bell-backend.ts';
import { BullDoorbell } from './bull-doorbell.ts';
import { redisPrefix } from './redis-prefix.ts';

const program = redisServer();
if (program === undefined) console.log('SKIPPED: doorbells on Redis (no redis-server on the PATH)');

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

const house = (redisUrl?: string, log = silentLog(), database = db): House =>
  new House(
    Config.fromEnv({ POSTHOUSE_HOSTNAME: 'mx.test', ...(redisUrl !== undefined && { POSTHOUSE_REDIS_URL: redisUrl }) }),
    database.ownerUrl,
    log,
  );

/** What a drain did, and a hold on how long it takes. */
class Drains {
  readonly heard: RingData[] = [];
  readonly #waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  #gate: Promise<void> = Promise.resolve();

  readonly answer = async ({ data }: { data: RingData }): Promise<number> => {
    this.heard.push(data);
    for (const { resolve } of this.#waiting.filter(({ count }) => this.heard.length >= count)) resolve();
    await this.#gate;
    return 0;
  };

  /** Drains from now on take until the returned function is called. */
  block(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#gate = promise;
    return resolve;
  }

  /** Resolves when so many were heard. */
  async count(count: number): Promise<void> {
    if (this.heard.length >= count) return;
    await new Promise<void>((resolve) => void this.#waiting.push({ count, resolve }));
  }
}

const open: (BellQueue | BellWorker)[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((end) => end.close()));
});

async function bells(where: House) {
  const drains = new Drains();
  const queue = await openBellQueue(where, 'posthouse_ingress');
  open.push(queue);
  return {
    drains,
    queue,
    /** The answering end; there may be several. */
    hear: async () =>
      void open.push(
        await openBellWorker(where, 'posthouse_worker', drains.answer, { local: 4, expand: 4, remote: 4 }),
      ),
  };
}

const backends: [string, () => House][] = [['PostgreSQL', () => house()]];
if (program !== undefined) backends.push(['Redis', () => house(redis?.url)]);

describe.each(backends)('doorbells on %s', (backend, make) => {
  /** The Redis connection of a new queue stands a moment later; a ring before that is refused, as it should be. */
  const ready = async (queue: BellQueue, lane: string): Promise<void> => {
    await expect
      .poll(() => queue.ring(lane, { lane, slot: 0 }).then(() => 'rang', String), { timeout: 10_000 })
      .toBe('rang');
  };

  test('a ring is heard with its lane and slot', async () => {
    const { drains, queue, hear } = await bells(make());
    await hear();
    await ready(queue, `a-${backend}`);
    await queue.ring('b/1', { lane: remoteLane('b.example'), slot: 1 });
    await drains.count(2);
    expect(drains.heard).toContainEqual({ lane: 'remote:b.example', slot: 1 });
  });

  test('many rings of a waiting bell are one', async () => {
    const { drains, queue, hear } = await bells(make());
    await ready(queue, 'dedup');
    for (let count = 0; count < 20; count++) await queue.ring('dedup', { lane: 'dedup', slot: 0 });
    await queue.ring('last', { lane: 'last', slot: 0 });
    const unblock = drains.block();
    await hear();
    await drains.count(2);
    unblock();
    expect(drains.heard.map(({ lane }) => lane).sort()).toEqual(['dedup', 'last']);
  });

  test('rings during a drain lead to exactly one more', async () => {
    const { drains, queue, hear } = await bells(make());
    const unblock = drains.block();
    await hear();
    await hear(); // a second process must not start the lane twice
    await ready(queue, 'busy');
    await drains.count(1);
    for (let count = 0; count < 10; count++) await queue.ring('busy', { lane: 'busy', slot: 0 });
    expect(drains.heard).toHaveLength(1);
    unblock();
    await drains.count(2);
    await queue.ring('after', { lane: 'after', slot: 0 });
    await drains.count(3);
    expect(drains.heard.map(({ lane }) => lane)).toEqual(['busy', 'busy', 'after']);
  });
});

describe('BullDoorbell', () => {
  test('rings at once after quiet, then once for everything that came meanwhile; bells of lanes and slots are their own', async () => {
    const rung: string[] = [];
    const bell = new BullDoorbell({
      ring: (id) => Promise.resolve(void rung.push(id)),
      close: () => Promise.resolve(),
    });
    await bell.ring(LOCAL_LANE);
    await Promise.all([
      bell.ring(LOCAL_LANE),
      bell.ring(LOCAL_LANE),
      bell.ring(LOCAL_LANE),
      bell.ring(LOCAL_LANE, 1),
      bell.ring(remoteLane('x.example')),
    ]);
    expect(rung.toSorted()).toEqual(['local/0', 'local/0', 'local/1', 'remote:x.example/0']);
  });

  test('a ring that fails rejects, and the next one rings again', async () => {
    let fails = true;
    const bell = new BullDoorbell({
      ring: () => (fails ? Promise.reject(new Error('away')) : Promise.resolve()),
      close: () => Promise.resolve(),
    });
    await expect(bell.ring(LOCAL_LANE)).rejects.toThrow('away');
    fails = false;
    await expect(bell.ring(LOCAL_LANE)).resolves.toBeUndefined();
  });
});

describe.runIf(program !== undefined)('two houses on one Redis', () => {
  test('each hears its own rings, all of them, and none of the other', async () => {
    const other = await freshDatabase();
    const [ours, theirs] = [await bells(house(redis?.url)), await bells(house(redis?.url, silentLog(), other))];
    const lanes = (of: string): string[] => Array.from({ length: 20 }, (_, at) => `${of}-${at}`);
    const ring = async ({ queue }: { queue: BellQueue }, of: string): Promise<void> => {
      for (const lane of lanes(of)) {
        await expect
          .poll(() => queue.ring(lane, { lane, slot: 0 }).then(() => 'rang', String), { timeout: 10_000 })
          .toBe('rang');
      }
    };
    await theirs.hear();
    await ours.hear();
    await ring(ours, 'ours');
    await ring(theirs, 'theirs');
    await Promise.all([ours.drains.count(20), theirs.drains.count(20)]);
    const heard = ({ drains }: { drains: Drains }): string[] => drains.heard.map(({ lane }) => lane).toSorted();
    expect(heard(ours)).toEqual(lanes('ours').toSorted());
    expect(heard(theirs)).toEqual(lanes('theirs').toSorted());
    await Promise.all(open.splice(0).map((end) => end.close()));
    await other.drop();
  });

  test('every app of a house has the same prefix, and no other house has it', async () => {
    const other = await freshDatabase();
    const of = async (url: string): Promise<Set<string>> =>
      new Set(await Promise.all(APP_ROLES.map((role) => redisPrefix(url, role))));
    const [ours, theirs] = [await of(db.ownerUrl), await of(other.ownerUrl)];
    expect([ours.size, theirs.size, new Set([...ours, ...theirs]).size]).toEqual([1, 1, 2]);
    // Braces: the hash tag of a Redis cluster, without which a script's keys may lie on several nodes.
    expect([...ours][0]).toMatch(/^posthouse:\{\d+-\d+\}$/);
    await other.drop();
  });

  test('a database that is away is no prefix', async () => {
    const away = new House(house(redis?.url).config, 'postgres://owner:secret@127.0.0.1:1/none', silentLog());
    await expect(openBellQueue(away, 'posthouse_ingress')).rejects.toThrow('ECONNREFUSED');
  });
});

describe.runIf(program !== undefined)('Redis away', () => {
  test('a ring rejects instead of waiting: at start, after a loss; and rings again when Redis is back', async () => {
    const own = await PrivateRedis.start(program ?? '');
    await own.down();
    const { drains, queue, hear } = await bells(house(own.url));
    await hear();
    await expect(queue.ring('x', { lane: 'x', slot: 0 })).rejects.toThrow();
    await own.up();
    await expect
      .poll(
        () =>
          queue.ring('x', { lane: 'x', slot: 0 }).then(
            () => 'rang',
            () => 'rejected',
          ),
        { timeout: 30_000 },
      )
      .toBe('rang');
    await drains.count(1);
    await own.down();
    await expect
      .poll(
        () =>
          queue.ring('y', { lane: 'y', slot: 0 }).then(
            () => 'rang',
            () => 'rejected',
          ),
        { timeout: 30_000 },
      )
      .toBe('rejected');
    await own.remove();
  });

  test('a loss is said once and so is the return, the figure follows, and the house stays ready', async () => {
    const own = await PrivateRedis.start(program ?? '');
    const lines: string[] = [];
    const log = createLog(
      { level: 'info', format: 'json' },
      { destination: { write: (line) => void lines.push(line) } },
    );
    const where = house(own.url, log);
    const figure = async () => /^posthouse_doorbell_up\S* (\d)$/m.exec(await where.metrics.text())?.[1];
    const { hear } = await bells(where);
    await hear();
    await expect.poll(figure, { timeout: 30_000 }).toBe('1');
    await own.down();
    await expect.poll(figure, { timeout: 30_000 }).toBe('0');
    expect(await where.health.answer('/health/ready')).toMatchObject({ status: 200 });
    await own.up();
    await expect.poll(figure, { timeout: 30_000 }).toBe('1');
    expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual([
      'Redis is away, and with it the doorbells: mail flows by the sweeper, slower',
      'the doorbells on Redis ring again',
    ]);
    await Promise.all(open.splice(0).map((end) => end.close()));
    await own.remove();
    expect(lines).toHaveLength(2);
  });

  test('FLUSHALL loses rings and nothing else: the next ring is heard', async () => {
    const { drains, queue, hear } = await bells(house(redis?.url));
    await hear();
    await expect
      .poll(() =>
        queue.ring('one', { lane: 'one', slot: 0 }).then(
          () => 'rang',
          () => 'rejected',
        ),
      )
      .toBe('rang');
    await drains.count(1);
    const client = new Redis(redis?.url ?? '');
    await client.flushall();
    await client.quit();
    await queue.ring('two', { lane: 'two', slot: 0 });
    await drains.count(2);
    expect(drains.heard.at(-1)).toEqual({ lane: 'two', slot: 0 });
  });
});
