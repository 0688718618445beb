/** Addresses that lead to many places: in steps, once each, and across tenants without a deadlock. */
import {
  EXPAND_LANE,
  LOCAL_LANE,
  MAX_DELIVERIES,
  type DomainId,
  type ExpandedTarget,
  type LeasedDelivery,
  type MailboxId,
  type TenantId,
} from '#domain';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { columns } from '../columns.ts';
import { newId } from '../new-id.ts';
import { queueWorld, type QueueWorld } from './queue-fixture.spec-helper.ts';
import { EXPAND } from './statements.ts';

let world: QueueWorld;
let ours: Side;
let theirs: Side;
interface Side {
  readonly tenantId: TenantId;
  readonly domainId: DomainId;
}
beforeAll(async () => {
  world = await queueWorld();
  const side = async (name: string): Promise<Side> => {
    const tenantId = await world.directory.tenant(name);
    return { tenantId, domainId: await world.directory.domain(`${name}.example`, { tenantId }) };
  };
  ours = await side('ours');
  theirs = await side('theirs');
});
afterEach(() => world.clear());
afterAll(() => world.db.drop());

const targets = (count: number, { domainId }: Side, name = 'x'): ExpandedTarget[] =>
  Array.from({ length: count }, (_, at) => ({
    recipient: `${name}${at}@example`,
    lane: LOCAL_LANE,
    domainId,
    mailboxId: newId() as MailboxId,
    hold: undefined,
  }));

const accept = (...sides: Side[]) =>
  world.accept(sides.map(({ tenantId, domainId }) => ({ forwardPath: 'all@ours.example', tenantId, domainId })));

async function claimed(): Promise<LeasedDelivery> {
  const [delivery] = (await world.claimAliases(1)).deliveries;
  if (!delivery) throw new Error('nothing claimed');
  return delivery;
}

/** One step, as a worker makes it that dies before the next. */
const firstStep = ({ tenantId, messageId, ordinal, lease }: LeasedDelivery, some: readonly ExpandedTarget[]) =>
  world.db
    .as('posthouse_worker')
    .hot()
    .query<{ outcome: string }>(EXPAND, [
      tenantId,
      messageId,
      ordinal,
      lease,
      60,
      false,
      9,
      MAX_DELIVERIES,
      ...columns(
        some,
        ({ recipient }) => recipient,
        ({ lane }) => lane,
        ({ domainId }) => domainId,
        ({ mailboxId }) => mailboxId,
        ({ hold }) => hold,
      ),
    ]);

const counts = () =>
  world.rows<{ tenant: string; deliveries: number; rows: number; top: number; places: number }>(
    `select t.name as tenant, m.deliveries, count(*)::int as rows, max(d.ordinal) as top, count(distinct (d.recipient, d.mailbox_id))::int as places
       from message m join tenant t on t.id = m.tenant_id join delivery d on d.tenant_id = m.tenant_id and d.message_id = m.id
      group by 1, 2 order by 1`,
  );

test('an address that waits to be expanded is in a lane of its own, held or not', async () => {
  await world.accept([
    { forwardPath: 'a@ours.example' },
    { forwardPath: 'b@ours.example', mailboxId: newId() as MailboxId },
    { forwardPath: 'c@ours.example', hold: 'for a test' },
  ]);
  expect(await world.rows('select lane from delivery order by ordinal')).toEqual([
    { lane: EXPAND_LANE },
    { lane: LOCAL_LANE },
    { lane: EXPAND_LANE },
  ]);
});

describe('in steps', () => {
  test('2,500 targets here and 1,200 at another tenant, each once; every message says how many rows it has', async () => {
    await accept(ours);
    const all = [...targets(2500, ours), ...targets(1200, theirs)];
    expect(await world.queue.expand(await claimed(), all, 60)).toBe('forwarded');
    expect(await counts()).toEqual([
      { tenant: 'ours', deliveries: 2501, rows: 2501, top: 2500, places: 2501 },
      { tenant: 'theirs', deliveries: 1200, rows: 1200, top: 1199, places: 1200 },
    ]);
    expect(await world.rows(`select state, reply from delivery where lane = 'expand'`)).toEqual([
      { state: 'forwarded', reply: 'expanded to 3700 target(s)' },
    ]);
    expect(await world.rows('select recipients from message order by deliveries')).toEqual([
      { recipients: 1200 },
      { recipients: 1 },
    ]);
  });

  test('a step renews the lease; what a worker that is gone has made is not made again', async () => {
    await accept(ours);
    const delivery = await claimed();
    await world.rows(`update delivery set lease_until = now() + interval '1 second'`);
    const all = [...targets(30, ours), ...targets(20, theirs)];
    expect(await firstStep(delivery, [...all.slice(0, 10), ...all.slice(40)])).toEqual([{ outcome: 'more' }]);
    expect(
      await world.rows(
        `select state from delivery where lane = 'expand' and lease_until > now() + interval '30 seconds'`,
      ),
    ).toEqual([{ state: 'leased' }]);
    await world.rows(`update delivery set lease_until = now() - interval '1 second' where lane = 'expand'`);
    expect(await world.queue.releaseExpired()).toBe(1);
    const again = await claimed();
    expect(await world.queue.expand(delivery, all, 60)).toBe('lost-lease');
    expect(await world.queue.expand(again, all, 60)).toBe('forwarded');
    expect(await counts()).toEqual([
      { tenant: 'ours', deliveries: 31, rows: 31, top: 30, places: 31 },
      { tenant: 'theirs', deliveries: 20, rows: 20, top: 19, places: 20 },
    ]);
    expect(await world.queue.expand(again, all, 60)).toBe('lost-lease');
  });

  test.for<[string, () => ExpandedTarget[]]>([
    ['here', () => targets(1000, ours)],
    ['at another tenant', () => targets(1000, theirs)],
    ['at both', () => [...targets(10, ours), ...targets(990, theirs)]],
  ])('more rows than a message may have, %s: the step changes nothing', async ([, make]) => {
    await accept(ours, theirs);
    await world.rows('update message set deliveries = $1', [MAX_DELIVERIES - 900]);
    const before = await world.rows('select count(*) from delivery');
    const delivery = (await world.claimAliases()).deliveries.find(({ tenantId }) => tenantId === ours.tenantId);
    if (!delivery) throw new Error('nothing claimed');
    expect(await world.queue.expand(delivery, make(), 60)).toBe('too-many');
    expect(await world.rows('select count(*) from delivery')).toEqual(before);
    expect(await world.rows('select distinct deliveries from message')).toEqual([{ deliveries: MAX_DELIVERIES - 900 }]);
    expect(await world.states()).toEqual(['leased', 'leased']);
  });
});

test('two workers with aliases that name each other across tenants never wait for each other in a circle', async () => {
  const workers = [world.queue, world.anotherWorker()];
  for (let round = 0; round < 8; round++) {
    await accept(ours, theirs);
    const { deliveries } = await world.claimAliases();
    expect(deliveries).toHaveLength(2);
    const outcomes = await Promise.all(
      deliveries.map((delivery, at) => {
        const isOurs = delivery.tenantId === ours.tenantId;
        const name = `${round}-${isOurs ? 'o' : 't'}`;
        // Their own first and the other's first: whatever order a statement takes them in, one of the two has it the other way round.
        return workers[at]!.expand(
          delivery,
          [...targets(150, isOurs ? theirs : ours, `${name}-a`), ...targets(150, isOurs ? ours : theirs, `${name}-b`)],
          60,
        );
      }),
    );
    expect(outcomes).toEqual(['forwarded', 'forwarded']);
  }
  for (const { deliveries, rows } of await world.rows<{ deliveries: number; rows: number }>(
    `select m.deliveries, count(*)::int as rows from message m join delivery d on d.tenant_id = m.tenant_id and d.message_id = m.id
      group by m.tenant_id, m.id, m.deliveries`,
  ))
    expect([deliveries, rows]).toEqual([301, 301]);
});
