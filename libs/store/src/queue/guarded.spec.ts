/** Each statement that moves a delivery names the state it moves it from: in any other state the row stays as it is. */
import { readdir, readFile } from 'node:fs/promises';
import { DELIVERY_STATES, remoteLane, type DeliveryState, type LeasedDelivery, type MailboxId } from '#domain';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { place, queueWorld, type QueueWorld } from './queue-fixture.spec-helper.ts';

let world: QueueWorld;
let alice: MailboxId;
beforeAll(async () => {
  world = await queueWorld();
  await world.directory.domain('example.org');
  alice = await world.directory.mailbox('alice@example.org');
});
afterEach(() => world.clear());
afterAll(() => world.db.drop());

const END = {
  recipient: 'far@elsewhere.example',
  lane: remoteLane('elsewhere.example'),
  domainId: undefined,
  mailboxId: undefined,
  hold: undefined,
};

const MOVERS: readonly (readonly [string, DeliveryState, (row: LeasedDelivery) => Promise<unknown>])[] = [
  ['claim', 'queued', () => world.claim()],
  ['place', 'leased', (row) => world.queue.place(place([row]))],
  ['defer', 'leased', (delivery) => world.queue.defer([{ delivery, retryAfter: 60, reply: '450 later' }])],
  ['hold', 'leased', (delivery) => world.queue.hold([{ delivery, reason: 'why' }])],
  ['expand', 'leased', (row) => world.queue.expand(row, [END], 60)],
  ['releaseExpired', 'leased', () => world.queue.releaseExpired()],
];
const SETTLED = new Set<DeliveryState>(['delivered', 'forwarded', 'bounced', 'discarded']);

describe.each(MOVERS)('%s', (_, from, move) => {
  test(`moves nothing that is not ${from}, whatever token it holds`, async () => {
    for (const state of DELIVERY_STATES.filter((one) => one !== from)) {
      await world.accept([{ forwardPath: 'alice@example.org', mailboxId: alice }]);
      const [leased] = (await world.claim()).deliveries;
      if (!leased) throw new Error('nothing was due');
      // As if the row had gone on behind the worker's back, and even the token were still the same. Only an owner can write it so.
      await world.rows(
        'alter table delivery drop constraint if exists delivery_lease, drop constraint if exists delivery_legal_move',
      );
      await world.rows(
        `update delivery set state = $1, lease_until = now() - interval '1 hour', settled_at = ${SETTLED.has(state) ? 'now()' : 'null'}`,
        [state],
      );
      const before = await world.rows('select * from delivery');
      await move(leased);
      expect(await world.rows('select * from delivery'), state).toEqual(before);
      await world.clear();
    }
  });
});

test('no statement of the sources sets a state without its past', async () => {
  const folder = new URL('../', import.meta.url);
  const files = (await readdir(folder, { recursive: true })).filter((name) =>
    /^[^.]+\.ts$/.test(name.split('/').at(-1) ?? ''),
  );
  const found: string[] = [];
  for (const name of files) {
    const text = await readFile(new URL(name, folder), 'utf8');
    for (const [statement] of text.matchAll(/update delivery\b[^`]*?(?:\breturning\b|\n\)|`)/g)) {
      const [assignments = ''] = /\bset\b.*?(?=\bfrom\b|\bwhere\b)/s.exec(statement) ?? [];
      if (!/\bstate = /.test(assignments.replaceAll(/came_from = (?:d\.)?state/g, ''))) continue;
      found.push(name);
      expect(statement, name).toMatch(/came_from = (?:d\.)?state\b/);
    }
  }
  expect(new Set(found).size).toBeGreaterThan(1);
});
