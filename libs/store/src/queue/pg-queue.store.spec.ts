import {
  DEFAULT_TENANT,
  DELIVERY_STATES,
  LEGAL_MOVES,
  LOCAL_LANE,
  remoteLane,
  type DeliveryState,
  type MailboxId,
  type MessageId,
} from '#domain';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../new-id.ts';
import { intakeMessage, place, queueWorld, toRecipient, type QueueWorld } from './queue-fixture.spec-helper.ts';

let world: QueueWorld;
let alice: MailboxId;
beforeAll(async () => {
  world = await queueWorld();
  await world.directory.domain('example.org');
  alice = await world.directory.mailbox('alice@example.org');
});
afterEach(() => world.clear());
afterAll(() => world.db.drop());

const toAlice = () => ({ forwardPath: 'alice@example.org', mailboxId: alice });
const expireLeases = () =>
  world.rows(`update delivery set lease_until = now() - interval '1 second' where state = 'leased'`);

describe('the table of legal moves', () => {
  /** Columns a state needs, so that only the move itself can be at fault. */
  const dress = (state: DeliveryState): string =>
    [
      state === 'leased' ? `lease_owner = '${newId()}', lease_until = now()` : 'lease_owner = null, lease_until = null',
      ['delivered', 'forwarded', 'bounced', 'discarded'].includes(state) ? 'settled_at = now()' : 'settled_at = null',
    ].join(', ');
  /** How to get somewhere lawfully from birth. */
  const PATHS: Record<DeliveryState, DeliveryState[]> = {
    queued: [],
    held: ['held'],
    leased: ['leased'],
    delivered: ['leased', 'delivered'],
    forwarded: ['leased', 'forwarded'],
    bounced: ['leased', 'bounced'],
    discarded: ['discarded'],
  };

  const PAIRS = DELIVERY_STATES.flatMap((from) => DELIVERY_STATES.map((to) => [from, to] as const));
  const BIRTHS = new Set<DeliveryState>(['queued', 'held']);
  const ofTable = (past: DeliveryState | null, to: DeliveryState): boolean =>
    past === null ? BIRTHS.has(to) : LEGAL_MOVES[past].includes(to);
  const isEmpty = (result: unknown): boolean =>
    typeof result === 'object' && result !== null && 'rowCount' in result && result.rowCount === 0;
  /** No worker reaches a row that is settled; who does, an owner, meets the constraint. */
  const SETTLED = new Set<DeliveryState>(['delivered', 'forwarded', 'bounced', 'discarded']);
  const outcomeOf = (moving: Promise<unknown>): Promise<string> =>
    moving.then(
      (result) => (isEmpty(result) ? 'untouched' : 'moved'),
      (error: { code: string; constraint: string }) => `${error.code} ${error.constraint}`,
    );
  /** Where only functions of the owner bring a row. */
  const BY_FUNCTION = new Set<DeliveryState>(['forwarded', 'bounced', 'discarded']);
  const move = (to: DeliveryState, past: string): string =>
    `update delivery set state = '${to}', ${past === '' ? '' : `came_from = ${past},`} ${dress(to)}`;
  const update = (to: DeliveryState, past: string) => world.db.as('posthouse_worker').pool.query(move(to, past));
  /** Brings a new row lawfully there. */
  const bringTo = async (state: DeliveryState): Promise<void> => {
    await world.accept([toAlice()]);
    for (const step of PATHS[state]) await world.db.owner.query(move(step, 'state'));
  };

  test.each(PAIRS)('%s -> %s', async (from, to) => {
    await bringTo(from);
    const judged = ofTable(from, to) ? 'moved' : '23514 delivery_legal_move';
    const moves = !SETTLED.has(from) && !BY_FUNCTION.has(to);
    const refused = SETTLED.has(from) ? 'untouched' : '42501 undefined';
    expect(await outcomeOf(update(to, 'state'))).toBe(moves ? judged : refused);
    if (!moves) expect(await outcomeOf(world.db.owner.query(move(to, 'state')))).toBe(judged);
    expect(await world.states()).toEqual([ofTable(from, to) ? to : from]);
  });

  test.each(['leased', 'held', null] as const)('no row is born with a past: %s', async (past) => {
    for (const role of ['posthouse_worker', 'posthouse_ingress'] as const) {
      const born = world.db.as(role).pool.query(
        `insert into delivery (tenant_id, message_id, ordinal, recipient, lane, state${past === null ? '' : ', came_from'})
         values ('${newId()}', '${newId()}', 0, 'x@example.org', 'local', 'queued'${past === null ? '' : `, '${past}'`})`,
      );
      const mayBear = past === null && role === 'posthouse_ingress';
      expect(await outcomeOf(born), role).toBe(mayBear ? 'moved' : '42501 undefined');
    }
  });

  test.each(DELIVERY_STATES)('born %s', async (state) => {
    const settled = ['delivered', 'forwarded', 'bounced', 'discarded'].includes(state) ? 'now()' : 'null';
    const lease = state === 'leased' ? [`'${newId()}'`, 'now()'] : ['null', 'null'];
    const born = world.rows(
      `insert into delivery (tenant_id, message_id, ordinal, recipient, lane, state, lease_owner, lease_until, settled_at)
       values ('${newId()}', '${newId()}', 0, 'x@example.org', 'local', '${state}', ${lease.join(', ')}, ${settled})`,
    );
    expect(await outcomeOf(born)).toBe(BIRTHS.has(state) ? 'moved' : '23514 delivery_legal_move');
  });
});

describe('claim', () => {
  test('leases each due row once, however many ask at once', async () => {
    for (let at = 0; at < 60; at++) await world.accept([toAlice()]);
    const workers = Array.from({ length: 6 }, () => world.anotherWorker());
    const claims = await Promise.all(workers.map((queue) => world.claim(15, 60, queue)));
    const taken = claims.flatMap(({ deliveries }) => deliveries.map(({ messageId }) => messageId));
    expect(new Set(taken).size).toBe(taken.length);
    const rest = await world.claim(100);
    expect(taken.length + rest.deliveries.length).toBe(60);
    expect((await world.claim()).deliveries).toEqual([]);
    expect(new Set(await world.states())).toEqual(new Set(['leased']));
  });

  test('gives what the worker needs', async () => {
    const id = await world.accept([{ ...toAlice(), domainId: world.directory.domainId('example.org') }], {
      octets: 77,
      reversePath: '',
    });
    const { deliveries, more } = await world.claim();
    expect(more).toBe(false);
    expect(deliveries).toEqual([
      {
        tenantId: world.directory.tenantOf('example.org'),
        messageId: id,
        ordinal: 0,
        depth: 0,
        lease: expect.stringMatching(/^[0-9a-f-]{36}$/),
        recipient: 'alice@example.org',
        domainId: world.directory.domainId('example.org'),
        mailboxId: alice,
        attempt: 1,
        ageSeconds: expect.any(Number),
        reversePath: '',
        octets: 77,
      },
    ]);
  });

  test('takes nothing that is not due, held or in another lane', async () => {
    await world.accept([{ ...toAlice(), hold: 'for a test' }]);
    await world.accept([toAlice()]);
    await world.rows(`update delivery set next_attempt_at = now() + interval '1 hour' where state = 'queued'`);
    expect((await world.claim()).deliveries).toEqual([]);
    expect((await world.queue.claim(remoteLane('elsewhere.example'), 10, 60)).deliveries).toEqual([]);
  });

  test('a tenant with 3 rows is served in the first claim beside one with 1,000', async () => {
    const loud = await world.directory.tenant('loud');
    const quiet = await world.directory.tenant('quiet');
    await world.rows(
      `with m as (
         insert into message (tenant_id, id, state, origin, reverse_path, helo, remote_address, octets, header_octets, recipients, deliveries,
                              envelope, body_structure, mime_index)
         select case when n <= 1000 then $1::uuid else $2::uuid end, gen_random_uuid(), 'accepted', 'smtp', '', 'h', 'r', 1, 0, 1, 1, '', '', ''
           from generate_series(1, 1003) n returning tenant_id, id)
       insert into delivery (tenant_id, message_id, ordinal, recipient, lane, state) select tenant_id, id, 0, 'x@y', 'local', 'queued' from m`,
      [loud, quiet],
    );
    const first = await world.claim(100);
    const ofQuiet = first.deliveries.filter(({ tenantId }) => tenantId === quiet);
    expect(ofQuiet).toHaveLength(3);
    expect(first.deliveries.length).toBe(53);
    expect(first.more).toBe(true);
    const second = await world.claim(100);
    expect(second.deliveries).toHaveLength(100);
    expect(second.more).toBe(true);
  });

  test('more tenants than one claim serves take turns', async () => {
    const tenants = await Promise.all(Array.from({ length: 70 }, (_, at) => world.directory.tenant(`turn-${at}`)));
    await world.rows(
      `with m as (
         insert into message (tenant_id, id, state, origin, reverse_path, helo, remote_address, octets, header_octets, recipients, deliveries,
                              envelope, body_structure, mime_index)
         select t, gen_random_uuid(), 'accepted', 'smtp', '', 'h', 'r', 1, 0, 1, 1, '', '', '' from unnest($1::uuid[]) t, generate_series(1, 10)
         returning tenant_id, id)
       insert into delivery (tenant_id, message_id, ordinal, recipient, lane, state) select tenant_id, id, 0, 'x@y', 'local', 'queued' from m`,
      [tenants],
    );
    const served = new Set<string>();
    for (let turn = 0; turn < 3; turn++)
      for (const { tenantId } of (await world.claim(64)).deliveries) served.add(tenantId);
    expect(served.size).toBe(70);
  });

  test('a drain takes all that is due, however unequal the tenants behind the first turn are', async () => {
    const tenants = await Promise.all(Array.from({ length: 40 }, (_, at) => world.directory.tenant(`unequal-${at}`)));
    const last = new Set(tenants.toSorted().slice(32));
    for (const tenantId of tenants) {
      const count = last.has(tenantId) ? 1 : 8;
      for (let at = 0; at < count; at++) await world.accept([{ forwardPath: 'x@y', tenantId, mailboxId: alice }]);
    }
    let total = 0;
    for (let more = true; more;) {
      const claimed = await world.claim();
      total += claimed.deliveries.length;
      ({ more } = claimed);
    }
    expect(total).toBe(32 * 8 + 8);
  });
});

describe('leases', () => {
  test('an expired lease is given to another; the first holder can no longer settle, defer, hold or expand', async () => {
    await world.accept([toAlice()]);
    const [old] = (await world.claim()).deliveries;
    if (!old) throw new Error('nothing claimed');
    expect(await world.queue.releaseExpired()).toBe(0);
    await expireLeases();
    expect(await world.queue.releaseExpired()).toBe(1);
    const worker = world.anotherWorker();
    const [fresh] = (await world.claim(1, 60, worker)).deliveries;
    expect(fresh?.attempt).toBe(2);
    expect(fresh?.lease).not.toBe(old.lease);
    expect(await world.queue.place(place([old]))).toEqual(['lost-lease']);
    await world.queue.defer([{ delivery: old, retryAfter: 10, reply: 'no' }]);
    await world.queue.hold([{ delivery: old, reason: 'no' }]);
    await world.queue.expand(
      old,
      [{ recipient: 'x@y', lane: LOCAL_LANE, domainId: undefined, mailboxId: undefined, hold: undefined }],
      60,
    );
    expect(await world.states()).toEqual(['leased']);
    expect(await world.copies()).toEqual([]);
    expect(await worker.place(place(fresh ? [fresh] : []))).toEqual(['delivered']);
    expect(await world.queue.place(place([old]))).toEqual(['lost-lease']);
    expect(await world.copies()).toHaveLength(1);
    expect(await world.events()).toEqual(['accepted', 'lease-expired', 'delivered']);
  });

  test('settled twice, in a row or at once, it is one copy', async () => {
    await world.accept([toAlice()]);
    const { deliveries } = await world.claim();
    const worker = world.anotherWorker();
    const fates = await Promise.all([
      world.queue.place(place(deliveries)),
      worker.place(place(deliveries)),
      world.queue.place(place(deliveries)),
    ]);
    expect(fates.flat().sort()).toEqual(['delivered', 'lost-lease', 'lost-lease']);
    expect(await world.queue.place(place(deliveries))).toEqual(['lost-lease']);
    expect(await world.copies()).toHaveLength(1);
  });
});

describe("the sweeper's questions", () => {
  test('lanes with due rows, and only those', async () => {
    await world.accept([{ forwardPath: 'team@example.org' }, toAlice()]);
    const [team] = (await world.claimAliases()).deliveries;
    await world.claim();
    if (!team) throw new Error('nothing claimed');
    const target = { domainId: undefined, mailboxId: undefined, hold: undefined };
    await world.queue.expand(
      team,
      [
        { ...target, recipient: 'x@a.example', lane: remoteLane('a.example') },
        { ...target, recipient: 'x@b.example', lane: remoteLane('b.example') },
        { ...target, recipient: 'y@b.example', lane: remoteLane('b.example') },
      ],
      60,
    );
    expect(await world.queue.dueLanes()).toEqual(['remote:a.example', 'remote:b.example']);
    const { deliveries } = await world.queue.claim(remoteLane('a.example'), 10, 60);
    await world.queue.defer(deliveries.map((delivery) => ({ delivery, retryAfter: 1000, reply: 'later' })));
    expect(await world.queue.dueLanes()).toEqual(['remote:b.example']);
    await expireLeases();
    await world.queue.releaseExpired();
    expect(await world.queue.dueLanes()).toEqual(['local', 'remote:b.example']);
  });

  test('more lanes than one look takes have their turn in the next one, the local lane in each', async () => {
    const id = await world.accept([toAlice()]);
    await world.rows(
      `insert into delivery (tenant_id, message_id, ordinal, recipient, lane, state)
       select $1, $2, n, 'x@y', 'remote:' || n || '.example', 'queued' from generate_series(1, 1500) n`,
      [DEFAULT_TENANT, id],
    );
    const seen = new Set<string>();
    const queue = world.anotherWorker();
    for (let look = 0; look < 2; look++) {
      const due = await queue.dueLanes();
      expect(due).toContain(LOCAL_LANE);
      for (const lane of due) seen.add(lane);
    }
    expect(seen.size).toBe(1501);
    expect(await queue.dueLanes()).toHaveLength(1000);
  });

  test('pending messages of which nothing comes any more are swept with their chunks; slow ones stay, however old', async () => {
    const [old, empty, slow, young] = [newId(), newId(), newId(), newId()];
    for (const id of [old, empty, slow, young]) {
      const envelope = intakeMessage(id as MessageId, [toRecipient(toAlice())]);
      await world.intake.beginLarge(envelope);
      if (id === empty) continue;
      await world.intake.appendChunk(envelope, 0, Buffer.from('chunk'));
      await world.intake.appendChunk(envelope, 1, Buffer.from('chunk'));
    }
    const accepted = await world.accept([toAlice()]);
    await world.rows(`update message set received_at = now() - interval '5 hours' where id <> $1`, [young]);
    await world.rows(
      `update message_chunk set stored_at = now() - interval '2 hours' where message_id = $1 or number = 0`,
      [old],
    );
    expect(await world.queue.sweepPending(3600)).toBe(2);
    const left = await world.rows<{ id: string; state: string; chunks: number }>(
      `select id, state, (select count(*)::int from message_chunk where message_id = id) as chunks from message`,
    );
    expect(new Map(left.map(({ id, ...rest }) => [id, rest]))).toEqual(
      new Map([
        [slow, { state: 'pending', chunks: 2 }],
        [young, { state: 'pending', chunks: 2 }],
        [accepted, { state: 'accepted', chunks: 0 }],
      ]),
    );
    expect(await world.rows('select count(*)::int as count from message_chunk')).toEqual([{ count: 4 }]);
  });

  test('a message that was swept while it still arrived is refused at its end', async () => {
    const message = intakeMessage(newId() as MessageId, [toRecipient(toAlice())]);
    await world.intake.beginLarge(message);
    await world.queue.sweepPending(-1);
    await expect(world.intake.commitLarge(message, message.digest)).rejects.toThrow('swept before its last octet came');
  });
});
