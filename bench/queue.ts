/**
 * What the queue costs with few rows waiting and with many: `npm run build && node bench/queue.ts URL [ROWS]`. URL is that of the owner of
 * an empty database on this machine, of a server (PostgreSQL 18) that does nothing else; ROWS (1,000,000 by default) is how large "many" is.
 */
import { performance } from 'node:perf_hooks';
import { LOCAL_LANE, MailboxBell, remoteLane, type Lane } from '#domain';
import { Metrics, roleUrl, silentLog } from '#runtime';
import { Database, migrate, PgQueueStores } from '#store';
import pg from 'pg';
import { LocalLane } from '../apps/worker/src/local-lane.ts';
import { DirectoryFixture } from '../libs/testing/src/directory-fixture.ts';
import { RemoteLane } from '../apps/worker/src/remote-lane.ts';
import { addBacklog } from './backlog.ts';

const [, , url, rows = '1000000'] = process.argv;
if (url === undefined) throw new Error('usage: queue.ts URL [ROWS]');
const MANY = Number(rows);
const TENANTS = 20;
const MAILBOXES = 500;
const DRAINED = 20_000;
const BATCH = 100;
const FAR: Lane = remoteLane('far.example');

await migrate(url);
const owner = new pg.Pool({ connectionString: url, max: 2 });
const database = new Database({ url: roleUrl(url, 'posthouse_worker'), name: 'bench', poolSize: 8 });
const stores = new PgQueueStores(database);
const local = stores.of('local');

class Quiet extends MailboxBell {
  override ring(): void {
    // Nobody listens.
  }
  override listen(): () => void {
    return () => undefined;
  }
}
const metrics = new Metrics();
const localLane = new LocalLane(local, new Quiet(), metrics, silentLog());
const farLane = new RemoteLane(stores.of('remote'), metrics);

const median = (figures: readonly number[]): number => figures.toSorted((a, b) => a - b)[figures.length >> 1] ?? NaN;
const shown = (milliseconds: number): string => `${milliseconds.toFixed(1)} ms`;

const fill = (count: number, lane = LOCAL_LANE): Promise<void> => addBacklog(owner, count, lane);

const clear = (): Promise<unknown> =>
  owner.query(`truncate message, delivery, event, folder_message;
               update folder set uidnext = 1, highestmodseq = 1, messages = 0, unseen = 0, octets = 0;
               update mailbox_usage set octets = 0, messages = 0`);

/** Medians of 30 batches. */
async function batches(): Promise<string> {
  const claims: number[] = [];
  const settles: number[] = [];
  for (let at = 0; at < 30; at++) {
    const [{ due } = { due: 0 }] = (
      await owner.query<{ due: number }>(
        `select count(*)::int as due from (select from delivery where state = 'queued' limit ${BATCH}) d`,
      )
    ).rows;
    if (due < BATCH) await fill(BATCH - due);
    const began = performance.now();
    const { deliveries } = await local.claim(LOCAL_LANE, BATCH, 60);
    const claimed = performance.now();
    await local.place(
      deliveries.map((delivery) => ({
        delivery,
        mailboxId: delivery.mailboxId ?? ('' as never),
        trace: Buffer.from('Return-Path: <a@b.example>\r\n'),
        retryAfter: 100,
      })),
    );
    claims.push((claimed - began) * (BATCH / deliveries.length));
    settles.push((performance.now() - claimed) * (BATCH / deliveries.length));
  }
  return `claim of 100 ${shown(median(claims))}, settle of 100 ${shown(median(settles))}`;
}

/** Rows a second until so many are delivered, by four drains. */
async function drain(count: number): Promise<number> {
  const began = performance.now();
  let done = 0;
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      for (let more = true; more && done < count;) {
        const batch = await localLane.batch(LOCAL_LANE);
        done += batch.claimed;
        ({ more } = batch);
      }
    }),
  );
  return done / ((performance.now() - began) / 1000);
}

const say = (what: string, figure: string): void => void process.stdout.write(`${what}: ${figure}\n`);

const directory = new DirectoryFixture(owner);
for (let at = 0; at < TENANTS; at++) {
  const tenantId = await directory.tenant(`bench${at}`);
  await directory.domain(`bench${at}.example`, { tenantId });
  for (let box = 0; box < MAILBOXES / TENANTS; box++) await directory.mailbox(`box${box}@bench${at}.example`);
}
// As after a while of work: every plan is made over small tables.
await fill(DRAINED / 10);
await drain(DRAINED / 10);
await owner.query('alter table delivery set (autovacuum_enabled = false)');
for (const count of [BATCH, 10_000, MANY]) {
  await clear();
  await owner.query('analyze');
  await fill(count);
  say(`${count} due, statistics of an empty table`, await batches());
  await owner.query('analyze');
  say(`${count} due, after ANALYZE`, await batches());
}
await owner.query('alter table delivery reset (autovacuum_enabled)');
say(`drain of the first ${DRAINED} of ${MANY}`, `${Math.round(await drain(DRAINED))} a second`);

const holder = await owner.connect();
await holder.query('begin isolation level repeatable read; select 1');
await drain(DRAINED);
say('drain, further on, under a snapshot that is old', `${Math.round(await drain(DRAINED))} a second`);
await holder.query('rollback');
holder.release();
say(`drain of the rest of ${MANY}`, `${Math.round(await drain(Number.POSITIVE_INFINITY))} a second`);

await clear();
await owner.query('vacuum analyze');
await fill(DRAINED);
say('drain of an otherwise empty queue', `${Math.round(await drain(DRAINED))} a second`);

await clear();
await fill(MANY, FAR);
const stop = new AbortController();
const far = Array.from({ length: 4 }, async () => {
  while (!stop.signal.aborted) await farLane.batch(FAR);
});
const waits: number[] = [];
for (let at = 0; at < 50; at++) {
  await fill(1);
  const began = performance.now();
  while ((await localLane.batch(LOCAL_LANE)).claimed === 0);
  waits.push(performance.now() - began);
}
stop.abort();
await Promise.all(far);
say(
  `one local mail while ${MANY} of another lane are drained`,
  `median ${shown(median(waits))}, longest ${shown(Math.max(...waits))}`,
);
await database.close();
await owner.end();
