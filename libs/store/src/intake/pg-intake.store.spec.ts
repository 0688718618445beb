import { DEFAULT_TENANT, type CanonicalAddress, type IntakeMessage, type MessageId } from '#domain';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../new-id.ts';
import { intakeMessage, queueWorld, toRecipient, type QueueWorld } from '../queue/queue-fixture.spec-helper.ts';

let world: QueueWorld;
beforeAll(async () => {
  world = await queueWorld();
  await world.directory.domain('example.org');
  await world.directory.mailbox('alice@example.org');
});
afterEach(() => world.clear());
afterAll(() => world.db.drop());

const fresh = (octets = 30) =>
  intakeMessage(newId() as MessageId, [toRecipient({ forwardPath: 'alice@example.org' })], octets);
const ids = async (): Promise<string[]> =>
  (await world.rows<{ id: string }>('select id from message order by id')).map(({ id }) => id);

describe('the grouped commit', () => {
  test('every message of a group has its own octets', async () => {
    const messages = Array.from({ length: 300 }, (_, at) => {
      const body = Buffer.from(`message ${at} ${'x'.repeat(at)}\r\n`);
      const message = fresh(body.length);
      return { ...message, body: [body.subarray(0, 5), body.subarray(5)] };
    });
    await Promise.all(messages.map((message) => world.intake.commit(message)));
    const stored = new Map(
      (await world.rows<{ id: string; body: Buffer }>('select id, body from message')).map(({ id, body }) => [
        id,
        body,
      ]),
    );
    for (const { id, body } of messages) expect(stored.get(id)?.equals(Buffer.concat(body))).toBe(true);
    expect(await world.rows(`select count(*)::int as count from event where kind = 'accepted'`)).toEqual([
      { count: 300 },
    ]);
  });

  test('one bad message refuses itself and none of its neighbours', async () => {
    const messages = Array.from({ length: 20 }, () => fresh());
    const bad = new Set([messages[3], messages[11], messages[12]]);
    const outcomes = await Promise.allSettled(
      messages.map((message) =>
        world.intake.commit(bad.has(message) ? { ...message, helo: 'nul \0 in text' } : message),
      ),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(
      messages.map((message) => (bad.has(message) ? 'rejected' : 'fulfilled')),
    );
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: '22021' });
    expect(await ids()).toEqual(
      messages
        .filter((message) => !bad.has(message))
        .map(({ id }) => id)
        .sort(),
    );
  });

  test('a body of very many parts is stored, and so are its neighbours', async () => {
    const many = { ...fresh(200_000), body: Array.from({ length: 200_000 }, () => Buffer.from('x')) };
    const messages: IntakeMessage[] = [fresh(21), many, fresh(23)];
    await Promise.all(messages.map((message) => world.intake.commit(message)));
    const rows = await world.rows<{ id: string; body: Buffer }>('select id, body from message');
    const stored = new Map(rows.map(({ id, body }) => [id, body]));
    for (const { id, body } of messages) expect(stored.get(id)?.equals(Buffer.concat(body))).toBe(true);
  });

  test.for([RangeError, TypeError])('a message that cannot be written for a %o refuses itself alone', async (Fault) => {
    const messages: IntakeMessage[] = Array.from({ length: 7 }, () => fresh());
    const [first, bad, ...rest] = messages;
    if (!first || !bad) throw new Error('too few');
    const poisoned = {
      ...bad,
      get body(): never {
        throw new Fault('out of reach');
      },
    };
    const outcomes = await Promise.allSettled(
      [first, poisoned, ...rest].map((message) => world.intake.commit(message)),
    );
    expect(outcomes.flatMap(({ status }, at) => (status === 'rejected' ? [at] : []))).toEqual([1]);
    expect(await ids()).toEqual([first, ...rest].map(({ id }) => id).sort());
  });

  test('the same id twice is refused the second time and stored once', async () => {
    const message = fresh();
    const outcomes = await Promise.allSettled([world.intake.commit(message), world.intake.commit({ ...message })]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await ids()).toEqual([message.id]);
    expect(await world.rows('select count(*)::int as count from delivery')).toEqual([{ count: 1 }]);
  });

  test('ordinals and counts are per tenant', async () => {
    const other = await world.directory.tenant('elsewhere');
    const recipients = [
      toRecipient({ forwardPath: 'a@x' }),
      toRecipient({ forwardPath: 'b@y', tenantId: other }),
      toRecipient({ forwardPath: 'c@x', hold: 'held from birth' }),
    ];
    await world.intake.commit(intakeMessage(newId() as MessageId, recipients));
    expect(
      await world.rows(
        `select tenant_id = $1 as ours, ordinal, recipient, state, reply from delivery order by recipient`,
        [DEFAULT_TENANT],
      ),
    ).toEqual([
      { ours: true, ordinal: 0, recipient: 'a@x', state: 'queued', reply: null },
      { ours: false, ordinal: 0, recipient: 'b@y', state: 'queued', reply: null },
      { ours: true, ordinal: 1, recipient: 'c@x', state: 'held', reply: 'held from birth' },
    ]);
    expect(await world.rows('select recipients, deliveries from message order by recipients')).toEqual([
      { recipients: 1, deliveries: 1 },
      { recipients: 2, deliveries: 2 },
    ]);
  });

  test('a commit resolves only when another connection can see it', async () => {
    for (let round = 0; round < 20; round++) {
      const message = fresh();
      await world.intake.commit(message);
      expect(await ids()).toContain(message.id);
    }
  });
});

describe('large messages', () => {
  test('invisible until the flip, then whole', async () => {
    const message = fresh();
    await world.intake.beginLarge(message);
    for (const number of [0, 1, 2]) await world.intake.appendChunk(message, number, Buffer.from(`chunk ${number} `));
    expect(await world.rows('select state from message')).toEqual([{ state: 'pending' }]);
    expect(await world.rows('select 1 as one from delivery')).toEqual([]);
    await world.intake.commitLarge(message, { ...message.digest, octets: 24 });
    expect(await world.rows('select state, octets::int from message')).toEqual([{ state: 'accepted', octets: 24 }]);
    expect(await world.rows('select state from delivery')).toEqual([{ state: 'queued' }]);
  });

  test('abandoned it is gone; an accepted one cannot be abandoned', async () => {
    const message = fresh();
    await world.intake.beginLarge(message);
    await world.intake.appendChunk(message, 0, Buffer.from('chunk'));
    await world.intake.abandonLarge(message);
    expect(await ids()).toEqual([]);
    expect(await world.rows('select 1 as one from message_chunk')).toEqual([]);
    const kept = fresh();
    await world.intake.beginLarge(kept);
    await world.intake.appendChunk(kept, 0, Buffer.from('chunk'));
    await world.intake.commitLarge(kept, kept.digest);
    await world.intake.abandonLarge(kept);
    expect(await ids()).toEqual([kept.id]);
    expect(await world.rows('select 1 as one from message_chunk')).toHaveLength(1);
  });

  test('swept while its octets still came: refused, and neither chunks nor deliveries of nothing are left', async () => {
    const message = fresh();
    await world.intake.beginLarge(message);
    await world.intake.appendChunk(message, 0, Buffer.from('chunk'));
    await world.rows(`update message set received_at = now() - interval '1 day'`);
    await world.rows(`update message_chunk set stored_at = now() - interval '1 day'`);
    expect(await world.queue.sweepPending(3600)).toBe(1);
    await expect(world.intake.appendChunk(message, 1, Buffer.from('chunk'))).rejects.toThrow('was swept');
    await expect(world.intake.commitLarge(message, message.digest)).rejects.toThrow('was swept');
    expect(await world.rows('select 1 as one from message_chunk')).toEqual([]);
    expect(await world.rows('select 1 as one from delivery')).toEqual([]);
  });
});

describe('directory facts', () => {
  const address = (local: string, domain = 'example.org'): CanonicalAddress => ({ local, domain });

  test('in order, many at once, each with its own rows; a committed change is in the next answer', async () => {
    const asked = [
      address('alice'),
      address('nobody'),
      address('x', 'foreign.example'),
      address('alice+tag'),
      address('__proto__', '__proto__'),
    ];
    const facts = await world.intake.directoryFacts(asked);
    expect(facts.map(({ domain, rows }) => [domain?.name, rows.map(({ local }) => local)])).toEqual([
      ['example.org', ['alice']],
      ['example.org', []],
      [undefined, []],
      ['example.org', ['alice']],
      [undefined, []],
    ]);
    await world.directory.mailbox('nobody@example.org');
    expect((await world.intake.directoryFacts([address('nobody')]))[0]?.rows).toHaveLength(1);
    await world.rows(`update domain set state = 'disabled'`);
    expect((await world.intake.directoryFacts([address('nobody')]))[0]?.domain?.state).toBe('disabled');
    await world.rows(`update domain set state = 'active'`);
  });
});

test('places of aliases: each once, however many ways lead there; circles end, and what is disabled leads nowhere', async () => {
  const { directory, intake } = world;
  await directory.mailbox('box@example.org');
  const to = {
    one: ['far@f.example', 'FAR@f.example'],
    two: ['one', 'box', 'gone'],
    ring: ['gnir', 'two'],
    gnir: ['ring', 'RING', 'one'],
  };
  for (const [name, targets] of Object.entries(to))
    await directory.alias(
      `${name}@example.org`,
      targets.map((target) => (target.includes('@') ? target : `${target}@example.org`)),
    );
  const [domain] = (await intake.directoryFacts([{ local: 'one', domain: 'example.org' }])).flatMap(
    (facts) => facts.domain ?? [],
  );
  if (!domain) return expect.fail('no domain');
  const counts = (): Promise<number[]> =>
    Promise.all(
      ['one', 'two', 'ring', 'gnir', 'one'].map((local) =>
        intake.countPlaces({ tenantId: domain.tenantId, domainId: domain.id, kind: 'alias', local }),
      ),
    );
  // Addresses, the mailbox behind one of them, and in a circle the first address again.
  expect(await counts()).toEqual([1, 5, 8, 8, 1]);
  await world.rows(`update domain set state = 'disabled' where name = 'example.org'`);
  expect(await counts()).toEqual([1, 3, 2, 2, 1]);
  await world.rows(`update domain set state = 'active' where name = 'example.org'`);
});
