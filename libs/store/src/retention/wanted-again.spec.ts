/** A mail that two tenants have: its body goes at one of them, and an alias of the other wants it there again. */
import { DEFAULT_TENANT, type MessageId, type TenantId } from '#domain';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { queueWorld, type QueueWorld } from '../queue/queue-fixture.spec-helper.ts';

const DELIVER = `select deliver_across($1, $2, $3, 'erin@example.net', null, null)`;
const SWEEP = 'select reclaimed from sweep_messages(100, 7, 90, 0)';

let world: QueueWorld;
let other: TenantId;
beforeAll(async () => {
  world = await queueWorld();
  other = await world.directory.tenant('other');
});
afterEach(async () => {
  await world.clear();
  await world.rows('update retention_walk set last_tenant = default, last_message = default, rest_until = default');
});
afterAll(() => world.db.drop());

/** Held at one tenant; at the other a month old, and in no folder. */
async function shared(): Promise<MessageId> {
  const id = await world.accept([{ forwardPath: 'x@example.org', hold: 'for a test' }]);
  await world.rows(`insert into message_chunk (tenant_id, message_id, number, octets) values ($1, $2, 0, 'chunk')`, [
    DEFAULT_TENANT,
    id,
  ]);
  await world.rows(DELIVER, [DEFAULT_TENANT, id, other]);
  await world.rows(
    `update delivery set came_from = state, state = 'discarded', settled_at = now() where tenant_id = $1`,
    [other],
  );
  await world.rows(`update message set received_at = now() - interval '30 days'`);
  return id;
}

const there = (id: MessageId) =>
  world.rows(
    `select m.state, m.body is not null as body, (select count(*)::int from message_chunk c where c.tenant_id = m.tenant_id) as chunks,
            m.deliveries, (select count(*)::int from delivery d where d.tenant_id = m.tenant_id) as found
       from message m where m.tenant_id = $1 and m.id = $2`,
    [other, id],
  );
const WHOLE = [{ state: 'accepted', body: true, chunks: 1, deliveries: 2, found: 2 }];

test('after its body is gone: it comes along again', async () => {
  const id = await shared();
  expect(await world.rows(SWEEP)).toEqual([{ reclaimed: 1 }]);
  expect(await there(id)).toEqual([{ state: 'reclaimed', body: false, chunks: 0, deliveries: 1, found: 1 }]);
  await world.rows(DELIVER, [DEFAULT_TENANT, id, other]);
  expect(await there(id)).toEqual(WHOLE);
});

test('while the walk comes by: the walk passes', async () => {
  const id = await shared();
  const alias = await world.db.owner.connect();
  await alias.query('begin');
  await alias.query(DELIVER, [DEFAULT_TENANT, id, other]);
  expect(await world.rows(SWEEP)).toEqual([{ reclaimed: 0 }]);
  await alias.query('commit');
  alias.release();
  expect(await there(id)).toEqual(WHOLE);
  expect(await world.rows(SWEEP)).toEqual([{ reclaimed: 0 }]);
});

test('while its body goes: it waits for that, and comes along again', async () => {
  const id = await shared();
  const walk = await world.db.owner.connect();
  await walk.query('begin');
  expect((await walk.query(SWEEP)).rows).toEqual([{ reclaimed: 1 }]);
  const delivered = world.rows(DELIVER, [DEFAULT_TENANT, id, other]);
  await walk.query('commit');
  walk.release();
  await delivered;
  expect(await there(id)).toEqual(WHOLE);
});
