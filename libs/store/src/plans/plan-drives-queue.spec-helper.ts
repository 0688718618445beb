/** Intake, queue, sweeps. */
import {
  LOCAL_LANE,
  type DomainId,
  type IntakeEnvelope,
  type LeasedDelivery,
  type MailboxId,
  type MessageId,
} from '#domain';
import { setImmediate } from 'node:timers/promises';
import { expect } from 'vitest';
import { newId } from '../new-id.ts';
import { LANES_PER_SWEEP } from '../queue/statements.ts';
import type { Drive, Stores } from './plan-drives.spec-helper.ts';
import { BIG, BIG_DOMAIN, DUE_TENANT_AT, planId, type PlanWorld } from './plan-world.spec-helper.ts';

const address = (local: string, domain = 'big.test') => ({ local, domain });
const TRACE = Buffer.from('Return-Path: <s@example.org>\r\n');
const DIGEST = {
  octets: 20,
  headerOctets: 0,
  headerMessageId: undefined,
  envelope: '()',
  bodyStructure: '()',
  mimeIndex: '{}',
};

const envelope = (recipients = 10): IntakeEnvelope => ({
  id: newId() as MessageId,
  reversePath: 's@example.org',
  helo: 'c',
  remoteAddress: '192.0.2.1',
  bodyType: '7BIT',
  smtpUtf8: false,
  ret: undefined,
  envid: undefined,
  recipients: Array.from({ length: recipients }, (_, at) => ({
    tenantId: BIG,
    domainId: BIG_DOMAIN,
    forwardPath: `m${at + 2}@big.test`,
    mailboxId: planId('mailbox', at + 2) as LeasedDelivery['mailboxId'],
    hold: undefined,
    notify: undefined,
    orcpt: undefined,
    basis: { row: { kind: 'address', local: `m${at + 2}` }, local: `m${at + 2}` },
  })),
});

const large = async ({ intake }: Stores): Promise<IntakeEnvelope> => {
  const one = envelope(2);
  await intake.beginLarge(one);
  await intake.appendChunk(one, 0, Buffer.alloc(100));
  return one;
};

async function claimed({ queue }: Stores, lane: Parameters<Stores['queue']['claim']>[0]): Promise<LeasedDelivery[]> {
  const { deliveries } = await queue.claim(lane, 100, 60);
  expect(deliveries.length, `claim of ${lane}`).toBeGreaterThan(50);
  return [...deliveries];
}

async function expandOne(stores: Stores, attempt: number): Promise<void> {
  const [delivery] = await claimed(stores, 'remote:big.test');
  await stores.queue.expand(
    { ...(delivery ?? expect.fail('none')), attempt },
    Array.from({ length: 100 }, (_, at) => ({
      recipient: at < 90 ? `m${at}@big.test` : `m0@d${DUE_TENANT_AT + (at % 10)}.test`,
      lane: LOCAL_LANE,
      domainId: (at < 90 ? BIG_DOMAIN : planId('domain', DUE_TENANT_AT + (at % 10))) as DomainId,
      mailboxId: planId('mailbox', at < 90 ? at : 2_000_000 + (at % 10)) as LeasedDelivery['mailboxId'],
      hold: undefined,
    })),
    60,
  );
}

/** Whose leases ran out: as many as one step takes back, beside those of the world. */
const expireAgain = (world: PlanWorld) =>
  world.owner.query(
    `update delivery d set came_from = 'queued', state = 'leased', lease_owner = message_id, lease_until = now() - interval '1 minute' - random() * interval '1 minute'
      where lane = 'remote:taken.test' and state = 'queued'`,
  );

/** What the small tenants have due, as it was before any claim. */
const dueAgain = (world: PlanWorld) =>
  world.owner.query(
    `update delivery set came_from = 'leased', state = 'queued', lease_owner = null, lease_until = null, next_attempt_at = now()
      where state = 'leased' and message_id between $1 and $2`,
    [planId('due', 0), planId('due', 1_000_000)],
  );

export const QUEUE_DRIVES: readonly Drive[] = [
  {
    name: 'claim: many tenants have due mail, more have mail for later',
    prepare: dueAgain,
    run: (stores) => claimed(stores, LOCAL_LANE),
  },
  {
    name: 'claim: the next tenants, among them the huge one',
    prepare: dueAgain,
    run: async (stores) => {
      await claimed(stores, LOCAL_LANE);
      await claimed(stores, LOCAL_LANE);
    },
  },
  { name: 'claim: one tenant has it all', run: (stores) => claimed(stores, 'remote:big.test') },
  {
    name: 'claim: much is queued and nothing due',
    run: async ({ queue }) => expect((await queue.claim('remote:later.test', 100, 60)).deliveries).toEqual([]),
  },
  {
    name: 'claim: of a lane without mail',
    run: async ({ queue }) => expect((await queue.claim('remote:none.test', 100, 60)).deliveries).toEqual([]),
  },
  {
    name: 'place: a batch',
    run: async (stores) => {
      const deliveries = await claimed(stores, 'remote:big.test');
      const placements = deliveries.map((delivery) => ({
        delivery,
        mailboxId: delivery.mailboxId ?? expect.fail('no mailbox'),
        trace: TRACE,
        retryAfter: 100,
      }));
      await stores.queue.place(placements);
    },
  },
  {
    name: 'place: a batch that is put off, and one that is held',
    run: async (stores) => {
      const [first, second] = [await claimed(stores, 'remote:big.test'), await claimed(stores, 'remote:big.test')];
      await stores.queue.defer(first.map((delivery) => ({ delivery, retryAfter: 9_000_000, reply: 'later' })));
      await stores.queue.hold(second.map((delivery) => ({ delivery, reason: 'held' })));
    },
  },
  {
    name: 'place: a mailbox that another transaction holds',
    run: async (stores, { owner }) => {
      const deliveries = (await claimed(stores, 'remote:big.test')).slice(0, 10);
      const holder = await owner.connect();
      await holder.query('begin');
      await holder.query('select from folder where id = $1 for update', [planId('folder', 2)]);
      const placements = deliveries.map((delivery, at) => ({
        delivery,
        mailboxId: planId('mailbox', 2 + at) as NonNullable<LeasedDelivery['mailboxId']>,
        trace: TRACE,
        retryAfter: 100,
      }));
      await stores.queue.place(placements);
      await holder.query('rollback');
      holder.release();
    },
  },
  { name: 'expand: a hundred targets, some of another tenant', run: (stores) => expandOne(stores, 1) },
  { name: 'expand: what another attempt has begun', run: (stores) => expandOne(stores, 2) },
  {
    name: 'leases that ran out',
    prepare: expireAgain,
    run: async ({ queue }) => expect(await queue.releaseExpired()).toBe(1_000),
  },
  {
    name: 'lanes with due mail',
    // One sweep takes LANES_PER_SWEEP, and the smallest world has more: the second one goes on behind the first, to the end or as far again.
    run: async ({ queue }, { size }) => {
      const lanes = new Set([...(await queue.dueLanes()), ...(await queue.dueLanes())]);
      expect(lanes.size).toBeGreaterThanOrEqual(Math.min(size, 2 * LANES_PER_SWEEP));
    },
  },
  {
    name: 'mail whose time has come again',
    prepare: ({ owner }) =>
      owner.query(
        `update delivery set deferred = true, next_attempt_at = now() - interval '1 minute'
          where lane like 'remote:z%' and state = 'queued' and message_id between $1 and $2`,
        [planId('message', 0), planId('message', 499)],
      ),
    run: async ({ queue }) => expect((await queue.dueLanes()).length).toBeGreaterThan(100),
  },
  {
    name: 'pending messages that were abandoned',
    prepare: ({ owner }) =>
      owner.query(
        `insert into message (tenant_id, id, state, origin, reverse_path, helo, remote_address, octets, header_octets, recipients, deliveries,
                              envelope, body_structure, mime_index, received_at)
         select $1, gen_random_uuid(), 'pending', 'smtp', '', '', '', 0, 0, 0, 0, '', '', '', now() - interval '3 hours' from generate_series(1, 10)`,
        [BIG],
      ),
    run: async ({ queue }) => expect(await queue.sweepPending(3_600)).toBe(10),
  },
  {
    name: 'mail that waits for what the directory says, and goes on',
    prepare: ({ owner }) =>
      owner.query(
        `update delivery set waits_for = 'room' where lane like 'remote:z%' and state = 'queued' and message_id between $1 and $2`,
        [planId('message', 0), planId('message', 499)],
      ),
    run: async ({ queue }) => {
      const groups = await queue.waiting();
      expect(groups.length).toBeGreaterThan(0);
      expect(await queue.goOn(groups)).toBeGreaterThan(0);
    },
  },
  {
    name: 'directory facts of delivery',
    run: async ({ queue }) =>
      expect((await queue.directoryFacts(Array.from({ length: 100 }, (_, at) => address(`m${at}`)))).length).toBe(100),
  },
  {
    name: 'mailbox facts of delivery',
    run: async ({ queue }) => {
      const asked = Array.from({ length: 50 }, (_, at) => [
        { address: address(`m${at}`), mailboxId: planId('mailbox', at) as MailboxId },
        { address: address(`a${at}`), mailboxId: planId('mailbox', at) as MailboxId },
        { address: address(`a${at}`), mailboxId: planId('mailbox', at + 1) as MailboxId },
      ]).flat();
      const facts = await queue.mailboxFacts(asked);
      expect(facts.map(({ rows }) => rows.find(({ local }) => local !== '')?.targets.length)).toEqual(
        asked.map((_, at) => (at % 3 === 2 ? 0 : 1)),
      );
    },
  },
  {
    name: 'directory facts of RCPT: known, aliases, catch-all, unknown domains',
    run: ({ intake }) =>
      intake.directoryFacts([
        ...Array.from({ length: 50 }, (_, at) => address(`m${at}`)),
        ...Array.from({ length: 50 }, (_, at) => address(`a${at}+x-y`)),
        ...Array.from({ length: 50 }, (_, at) => address(`nobody${at}`)),
        ...Array.from({ length: 50 }, (_, at) => address('m0', `d${at}.test`)),
        ...Array.from({ length: 50 }, (_, at) => address('m0', `nowhere${at}.test`)),
      ]),
  },
  {
    name: 'places of aliases, counted',
    run: async ({ intake }) => {
      const row = { tenantId: BIG, domainId: BIG_DOMAIN, kind: 'alias' } as const;
      const counts = await Promise.all(
        Array.from({ length: 20 }, (_, at) => intake.countPlaces({ ...row, local: `a${at}` })),
      );
      expect(counts).toEqual(counts.map(() => 1));
    },
  },
  {
    name: 'commit: a group of messages',
    run: ({ intake }) =>
      Promise.all(
        Array.from({ length: 20 }, async () =>
          expect(
            await intake.commit({ ...envelope(), digest: DIGEST, body: [Buffer.from('octets of a body\r\n\r\n')] }),
          ).toBe('stored'),
        ),
      ),
  },
  {
    name: 'commit: a large message',
    run: async (stores) => {
      const one = await large(stores);
      expect(await stores.intake.commitLarge(one, DIGEST)).toBe('stored');
    },
  },
  {
    name: 'a large message is given up',
    run: async (stores) => {
      const one = await large(stores);
      await stores.intake.abandonLarge(one);
    },
  },
  {
    name: 'refusals on the timeline',
    run: async ({ intake }, { owner }) => {
      const messageId = newId() as MessageId;
      for (let at = 0; at < 10; at++) intake.recordRefusal({ tenantId: BIG, messageId, kind: 'refused', detail: 'no' });
      const written = 'select from event where tenant_id = $1 and message_id = $2';
      while ((await owner.query(written, [BIG, messageId])).rowCount !== 10) await setImmediate();
    },
  },
  {
    name: 'retention: a step through messages in use',
    prepare: ({ owner }) => owner.query(WALK_FROM, [BIG, planId('message', 0)]),
    run: ({ retention }) => retention.sweep({ expungedDays: 30, traceDays: 90, removedDays: 14 }),
  },
  {
    name: 'retention: a step through messages that lie nowhere',
    prepare: ({ owner }) => owner.query(WALK_FROM, [BIG, planId('old', 0)]),
    run: async ({ retention }) => {
      const { forgotten, tombstones, refusals } = await retention.sweep({
        expungedDays: 30,
        traceDays: 90,
        removedDays: 14,
      });
      expect([forgotten, tombstones, refusals]).toEqual([100, 100, 100]);
    },
  },
];

const WALK_FROM = `update retention_walk set last_tenant = $1, last_message = $2, rest_until = '-infinity'`;
