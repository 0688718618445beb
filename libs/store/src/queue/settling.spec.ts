import { LOCAL_LANE, remoteLane, type MailboxId } from '#domain';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../new-id.ts';
import { place, queueWorld, TRACE, type QueueWorld } from './queue-fixture.spec-helper.ts';

let world: QueueWorld;
let alice: MailboxId;
let bob: MailboxId;
beforeAll(async () => {
  world = await queueWorld();
  await world.directory.domain('example.org');
  alice = await world.directory.mailbox('alice@example.org');
  bob = await world.directory.mailbox('bob@example.org');
});
afterEach(() => world.clear());
afterAll(() => world.db.drop());

const toAlice = () => ({ forwardPath: 'alice@example.org', mailboxId: alice });
/** Does `work` while a transaction holds what `lock` locks. */
async function whileHeld<T>(lock: string, work: () => Promise<T>): Promise<T> {
  const holder = await world.db.owner.connect();
  try {
    await holder.query('begin');
    await holder.query(lock);
    return await work();
  } finally {
    await holder.query('rollback');
    holder.release();
  }
}

describe('place', () => {
  test('writes the copy, the counters, the state and the event together', async () => {
    const id = await world.accept([toAlice()], { octets: 100 });
    const { deliveries } = await world.claim();
    expect(await world.queue.place(place(deliveries))).toEqual(['delivered']);
    expect(
      await world.rows(
        `select f.name, f.uidnext::int, f.highestmodseq::int, f.messages::int, f.unseen::int, f.octets::int, u.octets::int as used, u.messages::int as held
           from folder f join mailbox_usage u using (tenant_id, mailbox_id) where f.mailbox_id = $1 and f.name = 'INBOX'`,
        [alice],
      ),
    ).toEqual([
      {
        name: 'INBOX',
        uidnext: 2,
        highestmodseq: 2,
        messages: 1,
        unseen: 1,
        octets: 100 + TRACE.length,
        used: 100 + TRACE.length,
        held: 1,
      },
    ]);
    expect(
      await world.rows('select message_id, uid::int, modseq::int, octets::int, trace, flags from folder_message'),
    ).toEqual([{ message_id: id, uid: 1, modseq: 2, octets: 100 + TRACE.length, trace: TRACE, flags: 0 }]);
    expect(
      await world.rows('select state, duplicate, reply, lease_owner, settled_at is not null as settled from delivery'),
    ).toEqual([{ state: 'delivered', duplicate: false, reply: 'INBOX, UID 1', lease_owner: null, settled: true }]);
    expect(await world.events()).toEqual(['accepted', 'delivered']);
  });

  test('two recipients with one mailbox: one copy, the other row says duplicate; in one batch or in two', async () => {
    await world.accept([toAlice(), { forwardPath: 'ALICE@example.org', mailboxId: alice }]);
    expect(await world.queue.place(place((await world.claim()).deliveries))).toEqual(['delivered', 'duplicate']);
    await world.accept([toAlice(), { forwardPath: 'ALICE@example.org', mailboxId: alice }]);
    const [first] = (await world.claim(1)).deliveries;
    const [second] = (await world.claim(1)).deliveries;
    expect(await world.queue.place(place(first ? [first] : []))).toEqual(['delivered']);
    expect(await world.queue.place(place(second ? [second] : []))).toEqual(['duplicate']);
    expect(await world.copies()).toHaveLength(2);
    expect(await world.states()).toEqual(['delivered', 'delivered', 'delivered', 'delivered']);
    expect(await world.rows('select duplicate, count(*)::int from delivery group by 1 order by 1')).toEqual([
      { duplicate: false, count: 2 },
      { duplicate: true, count: 2 },
    ]);
    expect((await world.events()).filter((kind) => kind === 'duplicate')).toHaveLength(2);
  });

  test('two workers with the two rows of one message at the same time: one copy', async () => {
    for (let round = 0; round < 10; round++) {
      await world.accept([toAlice(), { forwardPath: 'a2@example.org', mailboxId: alice }]);
      const workers = [world.queue, world.anotherWorker()];
      const claims = [await world.claim(1, 60, workers[0]), await world.claim(1, 60, workers[1])];
      const fates = await Promise.all(claims.map(({ deliveries }, at) => workers[at]!.place(place(deliveries))));
      expect(fates.flat().sort()).toEqual(['delivered', 'duplicate']);
    }
    expect(await world.copies()).toHaveLength(10);
  });

  test('at the edge of a quota eight workers never overshoot', async () => {
    const tight = await world.directory.mailbox('tight@example.org', {
      quotaOctets: 10 * (50 + TRACE.length) + 49,
      quotaMessages: 100,
    });
    for (let at = 0; at < 40; at++)
      await world.accept([{ forwardPath: 'tight@example.org', mailboxId: tight }], { octets: 50 });
    const workers = Array.from({ length: 8 }, () => world.anotherWorker());
    const fates = await Promise.all(
      workers.map(async (queue) => {
        const { deliveries } = await world.claim(5, 60, queue);
        return queue.place(place(deliveries));
      }),
    );
    const counts = Map.groupBy(fates.flat(), (fate) => fate);
    expect(counts.get('delivered')).toHaveLength(10);
    expect(counts.get('over-quota')).toHaveLength(30);
    expect(await world.copies()).toHaveLength(10);
    expect(
      await world.rows('select octets::int, messages::int from mailbox_usage where mailbox_id = $1', [tight]),
    ).toEqual([{ octets: 10 * (50 + TRACE.length), messages: 10 }]);
  });

  test('a smaller message fits where a larger one did not; a quota of messages counts too', async () => {
    const two = await world.directory.mailbox('two@example.org', { quotaOctets: 500, quotaMessages: 2 });
    for (const octets of [450, 1000, 10, 10])
      await world.accept([{ forwardPath: 'two@example.org', mailboxId: two }], { octets });
    expect(await world.queue.place(place((await world.claim()).deliveries))).toEqual([
      'delivered',
      'over-quota',
      'over-quota',
      'over-quota',
    ]);
    await world.rows('update mailbox set quota_octets = null where id = $1', [two]);
    await world.rows(`update delivery set next_attempt_at = now() where state = 'queued'`);
    expect(await world.queue.place(place((await world.claim()).deliveries))).toEqual([
      'delivered',
      'over-quota',
      'over-quota',
    ]);
  });

  test('over quota the row waits with 4.2.2 until its next attempt; when its life is over it is held', async () => {
    const full = await world.directory.mailbox('full@example.org', { quotaMessages: 0 });
    await world.accept([{ forwardPath: 'full@example.org', mailboxId: full }]);
    await world.queue.place(place((await world.claim()).deliveries, 3600));
    expect(
      await world.rows(
        `select state, reply, lease_owner, extract(epoch from next_attempt_at - queued_at)::int as after from delivery`,
      ),
    ).toEqual([{ state: 'queued', reply: '452 4.2.2 mailbox full', lease_owner: null, after: 3600 }]);
    expect((await world.claim()).deliveries).toEqual([]);
    await world.rows(`update delivery set next_attempt_at = now()`);
    const { deliveries } = await world.claim();
    expect(deliveries[0]?.attempt).toBe(2);
    await world.queue.place(
      deliveries.map((delivery) => ({ delivery, mailboxId: full, trace: TRACE, retryAfter: undefined })),
    );
    expect(await world.states()).toEqual(['held']);
    expect(await world.events()).toEqual(['accepted', 'deferred', 'held']);
  });

  test('a mailbox that is disabled or gone holds the row', async () => {
    const away = await world.directory.mailbox('away@example.org', { state: 'disabled' });
    await world.accept([
      { forwardPath: 'away@example.org', mailboxId: away },
      { forwardPath: 'gone@example.org', mailboxId: newId() as MailboxId },
      toAlice(),
    ]);
    expect(await world.queue.place(place((await world.claim()).deliveries))).toEqual(['held', 'held', 'delivered']);
    expect(await world.rows(`select reply from delivery where state = 'held'`)).toEqual([
      { reply: 'the mailbox of RCPT is gone or disabled' },
      { reply: 'the mailbox of RCPT is gone or disabled' },
    ]);
  });

  test.for(['folder', 'mailbox_usage'])(
    'a mailbox whose %s something long holds is put off, and its neighbours in the batch are not',
    async (table) => {
      const bob = await world.directory.mailbox(`bob-${table}@example.org`);
      await world.accept([toAlice()]);
      await world.accept([{ forwardPath: 'bob@example.org', mailboxId: bob }]);
      const { deliveries } = await world.claim();
      const fates = await whileHeld(`select from ${table} where mailbox_id = '${alice}' for update`, () =>
        world.queue.place(place(deliveries)),
      );
      expect(deliveries.map(({ mailboxId }, at) => [mailboxId === bob, fates[at]])).toEqual([
        [false, 'busy'],
        [true, 'delivered'],
      ]);
      expect(
        await world.rows(`select recipient, reply from delivery where state = 'queued' and next_attempt_at > now()`),
      ).toEqual([{ recipient: 'alice@example.org', reply: '451 4.2.0 mailbox busy' }]);
      await world.rows('update delivery set next_attempt_at = now()');
      expect(await world.queue.place(place((await world.claim()).deliveries))).toEqual(['delivered']);
    },
  );

  test('UIDs and MODSEQs come in the order of commits: who sees UIDNEXT has seen every lower UID', async () => {
    for (let at = 0; at < 60; at++)
      await world.accept([at % 2 ? toAlice() : { forwardPath: 'bob@example.org', mailboxId: bob }, toAlice()]);
    const workers = Array.from({ length: 6 }, () => world.anotherWorker());
    let running = true;
    const seen: string[] = [];
    const watcher = (async () => {
      while (running) {
        // One snapshot: everything below UIDNEXT must be there.
        const [gap] = await world.rows<{ uidnext: number; copies: number; top: number; highest: number }>(
          `select f.uidnext::int, f.highestmodseq::int as highest, (select count(*)::int from folder_message m where m.folder_id = f.id) as copies,
                  (select coalesce(max(modseq), 1)::int from folder_message m where m.folder_id = f.id) as top
             from folder f where f.mailbox_id = $1 and f.name = 'INBOX'`,
          [alice],
        );
        if (gap && (gap.copies !== gap.uidnext - 1 || gap.top !== gap.highest)) seen.push(JSON.stringify(gap));
      }
    })();
    await Promise.all(
      workers.map(async (queue) => {
        for (;;) {
          const { deliveries } = await world.claim(3, 60, queue);
          if (deliveries.length === 0) return;
          await queue.place(place(deliveries));
        }
      }),
    );
    running = false;
    await watcher;
    expect(seen).toEqual([]);
    const placed = await world.copies();
    for (const mailbox of [alice, bob]) {
      const own = placed.filter(({ mailbox_id }) => mailbox_id === mailbox);
      expect(own.map(({ uid }) => uid)).toEqual(own.map((_, at) => at + 1));
      expect(own.map(({ modseq }) => modseq)).toEqual(own.map(({ modseq }) => modseq).toSorted((a, b) => a - b));
    }
    expect(placed).toHaveLength(90);
  });
});

describe('expand, defer and hold', () => {
  const target = { lane: LOCAL_LANE, domainId: undefined, mailboxId: undefined, hold: undefined } as const;

  test('the row becomes forwarded, its targets rows with ordinals of their own', async () => {
    await world.accept([{ forwardPath: 'team@example.org' }, toAlice()]);
    const [team] = (await world.claimAliases()).deliveries;
    await world.claim();
    if (!team) throw new Error('nothing claimed');
    await world.queue.expand(
      team,
      [
        { ...target, recipient: 'alice@example.org', mailboxId: alice },
        { ...target, recipient: 'x@elsewhere.example', lane: remoteLane('elsewhere.example') },
        { ...target, recipient: 'lost@example.org', hold: 'no such user' },
      ],
      60,
    );
    expect(
      await world.rows(`select ordinal, parent, depth, recipient, lane, state, reply from delivery order by ordinal`),
    ).toEqual([
      {
        ordinal: 0,
        parent: null,
        depth: 0,
        recipient: 'team@example.org',
        lane: 'expand',
        state: 'forwarded',
        reply: 'expanded to 3 target(s)',
      },
      {
        ordinal: 1,
        parent: null,
        depth: 0,
        recipient: 'alice@example.org',
        lane: 'local',
        state: 'leased',
        reply: null,
      },
      { ordinal: 2, parent: 0, depth: 1, recipient: 'alice@example.org', lane: 'local', state: 'queued', reply: null },
      {
        ordinal: 3,
        parent: 0,
        depth: 1,
        recipient: 'x@elsewhere.example',
        lane: 'remote:elsewhere.example',
        state: 'queued',
        reply: null,
      },
      {
        ordinal: 4,
        parent: 0,
        depth: 1,
        recipient: 'lost@example.org',
        lane: 'local',
        state: 'held',
        reply: 'no such user',
      },
    ]);
    expect(await world.rows('select recipients, deliveries from message')).toEqual([{ recipients: 2, deliveries: 5 }]);
    expect(await world.events()).toEqual(['accepted', 'forwarded']);
  });

  test('two expansions of one message at the same time keep their ordinals apart', async () => {
    await world.accept([{ forwardPath: 'one@example.org' }, { forwardPath: 'two@example.org' }]);
    const { deliveries } = await world.claimAliases();
    const workers = [world.queue, world.anotherWorker()];
    await Promise.all(
      deliveries.map((delivery, at) =>
        workers[at]!.expand(
          delivery,
          Array.from({ length: 20 }, (_, n) => ({ ...target, recipient: `${at}-${n}@example.org` })),
          60,
        ),
      ),
    );
    const rows = await world.rows<{ ordinal: number }>('select ordinal from delivery order by ordinal');
    expect(rows.map(({ ordinal }) => ordinal)).toEqual(Array.from({ length: 42 }, (_, at) => at));
  });

  test('a deferred row is due at its instant from birth and says why', async () => {
    await world.accept([toAlice()]);
    const [delivery] = (await world.claim()).deliveries;
    await world.queue.defer(delivery ? [{ delivery, retryAfter: 400.5, reply: '4.4.0 later' }] : []);
    expect(
      await world.rows(
        `select state, reply, extract(epoch from next_attempt_at - queued_at)::float8 as after from delivery`,
      ),
    ).toEqual([{ state: 'queued', reply: '4.4.0 later', after: 400.5 }]);
  });
});
