import { DEFAULT_TENANT, ROOT_TENANT, showId, uuidV7, type MessageId, type TenantId } from '#domain';
import { DirectoryFixture, freshDatabase, type FreshDatabase } from '#testing';
import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { roleUrl } from '#runtime';
import { Database } from '../database.ts';
import { newId } from '../new-id.ts';
import { PgTraceStore } from './pg-trace.store.ts';

let db: FreshDatabase;
let store: PgTraceStore;
const OTHER = '00000000-0000-7000-8000-00000000000a' as TenantId;

beforeAll(async () => {
  db = await freshDatabase();
  store = new PgTraceStore(db.as('posthouse_api'));
  await db.owner.query('insert into tenant (id, parent_id, path, name) values ($1, $2, $3, $4)', [
    OTHER,
    ROOT_TENANT,
    [ROOT_TENANT, OTHER],
    'other',
  ]);
});
beforeEach(() => db.owner.query('truncate message, delivery, event'));
afterAll(() => db.drop());

interface Accepted {
  readonly id?: MessageId;
  readonly tenant?: TenantId;
  readonly from?: string;
  readonly to?: readonly string[];
  readonly headerId?: string;
  readonly recipients?: number;
  readonly lane?: string;
  readonly state?: 'queued' | 'held';
}

async function accepted({
  tenant = DEFAULT_TENANT,
  from = 's@far.example',
  to = ['r@example.org'],
  headerId,
  recipients,
  lane = 'local',
  state = 'queued',
  id = newId() as MessageId,
}: Accepted = {}): Promise<MessageId> {
  await db.owner.query(
    `insert into message (tenant_id, id, state, origin, reverse_path, helo, remote_address, octets, header_octets, recipients, deliveries,
                          header_message_id, envelope, body_structure, mime_index, body)
     values ($1, $2, 'accepted', 'smtp', $3, 'helo.example', '192.0.2.1', 7, 5, $4, $4, $5, '', '', '', 'secret!')`,
    [tenant, id, from, recipients ?? to.length, headerId ?? null],
  );
  for (const [ordinal, recipient] of to.entries()) {
    await db.owner.query(
      'insert into delivery (tenant_id, message_id, ordinal, recipient, lane, state) values ($1, $2, $3, $4, $5, $6)',
      [tenant, id, ordinal, recipient, lane, state],
    );
  }
  await db.owner.query("insert into event (tenant_id, message_id, kind) values ($1, $2, 'accepted')", [tenant, id]);
  return id;
}

describe('trace', () => {
  test('finds a message by queue id, header Message-ID, sender and recipient', async () => {
    const id = await accepted({
      headerId: '<a.b@far.example>',
      from: 'Sender@Far.Example',
      to: ['R@example.org', 'q@example.org'],
    });
    await accepted({ to: ['z@example.org'] });
    for (const reference of [
      showId('msg', id),
      id,
      'a.b@far.example',
      '<a.b@far.example>',
      'Sender@Far.Example',
      'R@example.org',
      'q@Example.ORG',
    ]) {
      const traces = await store.trace(ROOT_TENANT, reference);
      expect(
        traces.map(({ messageId }) => messageId),
        reference,
      ).toEqual([id]);
    }
  });

  test('finds by its address what lies in a mailbox, whichever alias led there', async () => {
    const directory = new DirectoryFixture(db.owner);
    await directory.domain('example.net');
    const mailbox = await directory.mailbox('own@example.net');
    const id = await accepted({ to: ['sales@example.org'] });
    await db.owner.query(
      `insert into folder_message (tenant_id, folder_id, uid, mailbox_id, message_id, modseq, octets, trace)
       select tenant_id, id, 1, mailbox_id, $2, 1, 7, '' from folder where mailbox_id = $1 and name = 'INBOX'`,
      [mailbox, id],
    );
    const find = async (reference: string) =>
      (await store.trace(ROOT_TENANT, reference)).map(({ messageId }) => messageId);
    expect(await find('Own@Example.NET')).toEqual([id]);
    expect(await find('sales@example.org')).toEqual([id]);
    expect(await find('other@example.net')).toEqual([]);
  });

  test('shows facts, deliveries and the timeline in order, and no word of the body', async () => {
    const id = await accepted({ to: ['a@example.org', 'b@far.example'] });
    await db.owner.query(
      "insert into event (tenant_id, message_id, kind, ordinal, detail) values ($1, $2, 'deferred', 0, '4.2.2 full')",
      [DEFAULT_TENANT, id],
    );
    const [trace] = await store.trace(ROOT_TENANT, id);
    expect(trace).toMatchObject({
      tenant: 'default',
      message: { state: 'accepted', reversePath: 's@far.example', octets: 7, recipients: 2 },
      deliveries: [
        { ordinal: 0, recipient: 'a@example.org', state: 'queued', attempt: 0 },
        { ordinal: 1, recipient: 'b@far.example', state: 'queued' },
      ],
      events: [{ kind: 'accepted' }, { kind: 'deferred', ordinal: 0, detail: '4.2.2 full' }],
    });
    expect(JSON.stringify(trace)).not.toContain('secret!');
  });

  test('a refusal has a timeline without a message', async () => {
    const id = newId();
    await db.owner.query(
      "insert into event (tenant_id, message_id, kind, detail) values ($1, $2, 'refused', '550 5.1.1')",
      [DEFAULT_TENANT, id],
    );
    expect(await store.trace(ROOT_TENANT, showId('msg', id))).toMatchObject([
      { message: undefined, deliveries: [], events: [{ kind: 'refused' }] },
    ]);
  });

  test.each([
    ['refused@example.org', 'refused@example.org'],
    ['REFUSED@Example.ORG', 'Refused@EXAMPLE.org'],
    ['b@bücher.example', 'b@bücher.example'],
    ['"a>b"@example.org', '"a>b"@example.org'],
    ['<w@example.org>', 'w@example.org'],
    [`${'x'.repeat(300)}@example.org`, `${'x'.repeat(300)}@example.org`],
  ])('%j finds what was refused to %j, under the principal alone', async (asked, path) => {
    const id = newId();
    const detail = `550 5.1.1 no such user <${path}> from [192.0.2.1] <other@example.org> from [x`;
    await db.owner.query(
      `insert into event (tenant_id, message_id, kind, detail) values ($1, $2, 'refused', $3), ($1, $4, 'accepted', $3),
              ($1, $5, 'refused', '501 5.1.3 <' || repeat('y', 4000) || '> from [192.0.2.1] c'), ($1, $6, 'refused', null)`,
      [ROOT_TENANT, id, detail, newId(), newId(), newId()],
    );
    expect((await store.trace(ROOT_TENANT, asked)).map(({ messageId }) => messageId)).toEqual([id]);
    expect(await store.trace(OTHER, asked)).toEqual([]);
    expect(await store.trace(ROOT_TENANT, 'other@example.org')).toEqual([]);
  });

  test('gives the newest first, and not more than asked for', async () => {
    const ids: string[] = [];
    for (let number = 0; number < 4; number++) {
      ids.push(await accepted({ id: uuidV7(1_000_000 + number, new Uint8Array(10)) as MessageId }));
    }
    const traces = await store.trace(ROOT_TENANT, 'r@example.org', 3);
    expect(traces.map(({ messageId }) => messageId)).toEqual(ids.reverse().slice(0, 3));
  });

  test('finds a recipient and a sender in whatever case they were written, or are asked for', async () => {
    const id = await accepted({ from: 'Sender@Far.Example', to: ['PostMaster@Example.ORG'] });
    for (const reference of [
      'postmaster@example.org',
      'POSTMASTER@example.org',
      'sender@far.example',
      'Sender@Far.Example',
    ])
      expect((await store.trace(ROOT_TENANT, reference)).map(({ messageId }) => messageId)).toEqual([id]);
  });

  test.each([['nothing of the kind'], ['a\0b'], ["' or 1=1"], ['__proto__'], ['x'.repeat(10_000)]])(
    'finds nothing for %j',
    async (reference) => {
      await accepted();
      expect(await store.trace(ROOT_TENANT, reference)).toEqual([]);
    },
  );

  test("another tenant's messages do not exist", async () => {
    const id = await accepted({ tenant: OTHER });
    expect(await store.trace(DEFAULT_TENANT, id)).toEqual([]);
    expect(await store.trace(OTHER, id)).toHaveLength(1);
  });
});

describe('ledger', () => {
  test('balances, by state', async () => {
    await accepted({ to: ['a@example.org', 'b@example.org'] });
    await accepted({ state: 'held' });
    const ledger = await store.ledger(ROOT_TENANT);
    expect(ledger).toMatchObject({ messages: 2, accepted: 3, balanced: true, faultyMessages: 0, faults: [] });
    expect(ledger.states).toMatchObject({ queued: 2, held: 1, delivered: 0 });
  });

  test('is waited for as long as it takes, also where other statements are given up', async () => {
    await accepted();
    const answerTimeout = 200;
    const url = roleUrl(db.ownerUrl, 'posthouse_api');
    const hurried = new Database({ url, name: 'hurried', poolSize: 1, answerTimeout });
    const holder = await db.owner.connect();
    await holder.query('begin');
    await holder.query('lock table message');
    const ledger = new PgTraceStore(hurried).ledger(ROOT_TENANT);
    // Longer than the time-out: that it is over is what is tried.
    await holder.query('select pg_sleep($1)', [(5 * answerTimeout) / 1_000]);
    await holder.query('rollback');
    holder.release();
    expect(await ledger).toMatchObject({ accepted: 1, balanced: true });
    await hurried.close();
  });

  test('expanded targets are counted apart', async () => {
    const id = await accepted();
    await db.owner.query('update message set deliveries = 2 where id = $1', [id]);
    await db.owner.query(
      "insert into delivery (tenant_id, message_id, ordinal, parent, recipient, lane, state) values ($1, $2, 1, 0, 'x@far.example', 'remote:far.example', 'queued')",
      [DEFAULT_TENANT, id],
    );
    expect(await store.ledger(ROOT_TENANT)).toMatchObject({
      accepted: 1,
      balanced: true,
      states: { queued: 1 },
      expandedStates: { queued: 1 },
    });
  });

  test.each([
    ['a lost recipient', 'delete from delivery where message_id = $1', { accepted: 1, envelopeRows: 0, rows: 0 }],
    [
      'a row too many',
      "insert into delivery (tenant_id, message_id, ordinal, recipient, lane, state) select tenant_id, id, 9, 'x', 'local', 'queued' from message where id = $1",
      { envelopeRows: 2 },
    ],
    ['rows without a message', 'delete from message where id = $1', { accepted: undefined, envelopeRows: 1, rows: 1 }],
    [
      'a pending message with rows',
      "update message set state = 'pending' where id = $1",
      { accepted: undefined, rows: 1 },
    ],
    ['a lost target', 'update message set deliveries = 2 where id = $1', { expectedRows: 2, rows: 1 }],
  ])('finds %s', async (_, damage, fault) => {
    await accepted();
    const id = await accepted();
    await db.owner.query(damage, [id]);
    const ledger = await store.ledger(ROOT_TENANT);
    expect(ledger).toMatchObject({ balanced: false, faultyMessages: 1 });
    expect(ledger.faults).toMatchObject([{ messageId: id, ...fault }]);
  });

  test('counts what belongs to a tenant that is gone, calls it a fault, and trace finds it', async () => {
    const gone = newId() as TenantId;
    const id = await accepted({ tenant: gone, to: ['lost@example.org', 'also@example.org'] });
    const appended = await accepted({ tenant: gone, to: [] });
    await db.owner.query(`update message set origin = 'append' where id = $1`, [appended]);
    await accepted();
    const ledger = await store.ledger(ROOT_TENANT);
    expect(ledger).toMatchObject({ messages: 2, accepted: 3, balanced: false, faultyMessages: 2 });
    expect(ledger.states).toMatchObject({ queued: 3 });
    expect(ledger.faults).toMatchObject([
      { tenantId: gone, messageId: id, accepted: 2, envelopeRows: 2, rows: 2, tenantGone: true },
      { tenantId: gone, messageId: appended, accepted: 0, rows: 0, tenantGone: true },
    ]);
    for (const reference of [showId('msg', id), 'LOST@example.org'])
      expect(await store.trace(ROOT_TENANT, reference)).toMatchObject([
        { messageId: id, tenant: showId('ten', gone), deliveries: [{ state: 'queued' }, { state: 'queued' }] },
      ]);
    // A tenant does not see it, and its own ledger is as it was.
    expect(await store.trace(DEFAULT_TENANT, id)).toEqual([]);
    expect(await store.ledger(DEFAULT_TENANT)).toMatchObject({ accepted: 1, balanced: true });
  });

  test.each([1, 2, 3, 7])('is the same in pages of %d rows, wherever they end', async (page) => {
    const sub = newId() as TenantId;
    await db.owner.query('insert into tenant (id, parent_id, path, name) values ($1, $2, $3, $4)', [
      sub,
      OTHER,
      [ROOT_TENANT, OTHER, sub],
      `below ${page}`,
    ]);
    const cc = ['a@example.org', 'b@example.org', 'c@example.org'];
    await accepted({ to: cc });
    await accepted({ tenant: OTHER, to: cc });
    const lost = await accepted({ tenant: OTHER, to: cc, recipients: 4 });
    await accepted({ tenant: sub, to: ['d@example.org'], state: 'held' });
    await accepted({ tenant: newId() as TenantId, to: cc });
    await db.owner.query(
      `insert into delivery (tenant_id, message_id, ordinal, parent, recipient, lane, state)
       select tenant_id, id, recipients, 0, 'x', 'local', 'queued' from message where id <> $1`,
      [lost],
    );
    await db.owner.query('update message set deliveries = deliveries + 1 where id <> $1', [lost]);
    const paged = new PgTraceStore(db.as('posthouse_api'), { page });
    for (const principal of [ROOT_TENANT, DEFAULT_TENANT, OTHER, sub])
      expect(await paged.ledger(principal), principal).toEqual(await store.ledger(principal));
    expect(await paged.ledger(OTHER)).toMatchObject({
      messages: 3,
      accepted: 8,
      states: { queued: 6, held: 1 },
      expandedStates: { queued: 2 },
      faultyMessages: 1,
      faults: [{ messageId: lost, accepted: 4, envelopeRows: 3, rows: 3, tenantGone: false }],
    });
    expect(await paged.ledger(sub)).toMatchObject({ messages: 1, accepted: 1, balanced: true });
    const { queue: _, ...counts } = await store.statistics();
    expect(await paged.statistics()).toMatchObject(counts);
    await db.owner.query('delete from tenant where id = $1', [sub]);
  });

  test('a delivery that moves between two pages counts once, and mail that comes in meanwhile not at all', async () => {
    const moving = await accepted({ to: ['a@example.org', 'b@example.org'] });
    await accepted({ state: 'held' });
    const holder = await db.owner.connect();
    await holder.query('begin');
    await holder.query('lock table delivery');
    const ledger = new PgTraceStore(db.as('posthouse_api'), { page: 1 }).ledger(ROOT_TENANT);
    const waits = `select from pg_locks where relation = 'delivery'::regclass and not granted`;
    while ((await db.owner.query(waits)).rowCount === 0) await setImmediate();
    await holder.query(`update delivery set state = 'held', came_from = state where message_id = $1`, [moving]);
    await holder.query(
      `insert into delivery (tenant_id, message_id, ordinal, recipient, lane, state) select tenant_id, gen_random_uuid(), 0, 'x', 'local', 'queued' from message`,
    );
    await holder.query('commit');
    holder.release();
    expect(await ledger).toMatchObject({ messages: 2, accepted: 3, states: { queued: 2, held: 1 }, balanced: true });
  });

  test('counts all faults and lists the first of them', async () => {
    await db.owner.query(
      `insert into delivery (tenant_id, message_id, ordinal, recipient, lane, state)
       select $1, gen_random_uuid(), 0, 'x', 'local', 'queued' from generate_series(1, 130)`,
      [DEFAULT_TENANT],
    );
    const { faultyMessages, faults } = await store.ledger(ROOT_TENANT);
    expect([faultyMessages, faults.length]).toEqual([130, 100]);
  });
});

test('statistics count what waits, by lane and state', async () => {
  await accepted({ to: ['a@example.org', 'b@example.org'] });
  await accepted({ to: ['c@far.example'], lane: 'remote:far.example' });
  await accepted({ to: ['Postmaster@example.org'], state: 'held' });
  const statistics = await store.statistics();
  expect(statistics).toMatchObject({ messages: 3, tenants: 2, domains: 1, mailboxes: 1, heldForPostmaster: 1 });
  expect(statistics.queue.map(({ lane, state, count }) => [lane, state, count])).toEqual([
    ['local', 'held', 1],
    ['local', 'queued', 2],
    ['remote:far.example', 'queued', 1],
  ]);
  for (const { oldestSeconds } of statistics.queue) expect(oldestSeconds).toBeGreaterThanOrEqual(0);
});

test('statistics count what waits under any index once, in pages that end within a lane, a message or a claim', async () => {
  for (const lane of ['local', 'remote:a.example', 'remote:b.example'])
    await accepted({ to: ['a@x', 'b@x', 'c@x'], lane });
  await accepted({ to: ['postmaster@example.org', 'PostMaster@example.org'], state: 'held' });
  await db.owner.query(`update delivery set deferred = true where ordinal = 1 and state = 'queued'`);
  await db.owner.query(
    `update delivery set came_from = state, state = 'leased', lease_owner = message_id, lease_until = now() where ordinal = 2`,
  );
  const expected = ['local', 'remote:a.example', 'remote:b.example'].flatMap((lane) => [
    ...(lane === 'local' ? [[lane, 'held', 2]] : []),
    [lane, 'leased', 1],
    [lane, 'queued', 2],
  ]);
  for (const page of [1, 2, 3]) {
    const { queue, heldForPostmaster } = await new PgTraceStore(db.as('posthouse_api'), { page }).statistics();
    expect(
      queue.map(({ lane, state, count }) => [lane, state, count]),
      `${page}`,
    ).toEqual(expected);
    expect(heldForPostmaster).toBe(2);
  }
});

test('the database tells how far its clock is off', async () => {
  expect(Number.isFinite(await store.clockSkewSeconds())).toBe(true);
});
