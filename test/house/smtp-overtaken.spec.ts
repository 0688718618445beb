/** What RCPT was answered from changes before the end of the data: nothing is taken that nobody would own or get. */
import { ROOT_TENANT, type DirectoryScope } from '#domain';
import { PgDirectoryStore, PgTraceStore } from '#store';
import { SmtpTalk } from '#testing';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startSmtpHouse, until, type SmtpHouse } from './smtp-house.ts';

const CHANGED = '451 4.3.0 a recipient changed while the message came, try again';
const NO_SUCH_USER = '550 5.1.1 no such user here';
const DISABLED = '550 5.2.1 mailbox is disabled';
const NOT_HOSTED = '550 5.7.1 relaying denied';
const QUEUED = '250 2.0.0 queued as ';
const SMALL = 'Subject: x\r\n\r\nbody\r\n';
const LARGE = Buffer.alloc(1_200_024, `${'y'.repeat(70)}\r\n`);

const OURS: DirectoryScope = { principal: ROOT_TENANT, tenant: 'default' };
/** Names of its own for every test: what is removed stays behind for a while. */
let acme = '';
let ours = '';
let round = 0;
const tenant = (): string => `acme${round}`;
const scope = (): DirectoryScope => ({ principal: ROOT_TENANT, tenant: tenant() });
const at = (local: string): string => `${local}@${acme}`;
const olga = (): string => `olga@${ours}`;

let house: SmtpHouse;
let directory: PgDirectoryStore;
let traces: PgTraceStore;
const mailbox = (scope: DirectoryScope, address: string): Promise<unknown> =>
  directory.addMailbox(scope, { address, passwordHash: undefined, quotaOctets: undefined, quotaMessages: undefined });
beforeAll(async () => {
  house = await startSmtpHouse();
  directory = new PgDirectoryStore(house.db.as('posthouse_api'));
  traces = new PgTraceStore(house.db.as('posthouse_api'));
});
afterAll(() => house.close());

beforeEach(async () => {
  await house.rows('truncate message, message_chunk, delivery, event');
  round++;
  acme = `acme${round}.test`;
  ours = `ours${round}.test`;
  await directory.addTenant(scope(), tenant());
  await directory.addDomain(scope(), acme, undefined);
  for (const name of ['ann', 'bob']) await mailbox(scope(), at(name));
  await directory.addDomain(OURS, ours, undefined);
  await mailbox(OURS, olga());
});

/** Nothing of any message is stored, for nobody. */
async function nothingStored(): Promise<void> {
  const [left] = await house.rows(
    `select (select count(*)::int from message) as messages, (select count(*)::int from message_chunk) as chunks,
            (select count(*)::int from delivery) as deliveries, (select count(*)::int from event where kind = 'accepted') as accepted`,
  );
  expect(left).toEqual({ messages: 0, chunks: 0, deliveries: 0, accepted: 0 });
  expect(await traces.ledger(ROOT_TENANT)).toMatchObject({ messages: 0, accepted: 0, balanced: true });
}

async function rcptThen(recipients: readonly string[], change: () => Promise<unknown>): Promise<SmtpTalk> {
  const talk = await SmtpTalk.open(house.port, 'client.example');
  const replies = await talk.envelope('a@b.example', recipients);
  expect(replies).toEqual(['250 2.1.0 sender ok', ...recipients.map(() => '250 2.1.5 recipient ok')]);
  await change();
  return talk;
}

const removeAcme = async (): Promise<void> => {
  await directory.removeDomain(scope(), acme, true);
  await directory.removeTenant(scope(), tenant());
};

/** Changes behind RCPT to ann alone, and the answer to the data; then whether a retry is taken at RCPT. */
const CASES: readonly (readonly [string, () => Promise<unknown>, string])[] = [
  ['the domain and its tenant are removed', removeAcme, NOT_HOSTED],
  ['the domain is removed', () => directory.removeDomain(scope(), acme, true), NOT_HOSTED],
  ['the domain is disabled', () => directory.setDomain(scope(), acme, { state: 'disabled' }), DISABLED],
  ['the tenant is suspended', () => directory.setTenant(scope(), tenant(), 'suspended'), DISABLED],
  ['the mailbox is disabled', () => directory.setMailbox(scope(), at('ann'), { state: 'disabled' }), DISABLED],
  ['the mailbox is removed', () => directory.removeMailbox(scope(), at('ann')), NO_SUCH_USER],
  [
    'the domain is removed and hosted again, with a mailbox of that name',
    async () => {
      await directory.removeDomain(scope(), acme, true);
      await directory.addDomain(scope(), acme, undefined);
      await mailbox(scope(), at('ann'));
    },
    CHANGED,
  ],
  [
    'the domain is removed and hosted again by another tenant, without a mailbox of that name',
    async () => {
      await directory.removeDomain(scope(), acme, true);
      await directory.addDomain(OURS, acme, undefined);
    },
    NO_SUCH_USER,
  ],
  [
    'the mailbox is removed and made again',
    async () => {
      await directory.removeMailbox(scope(), at('ann'));
      await mailbox(scope(), at('ann'));
    },
    CHANGED,
  ],
];

describe.each([
  ['a small message', SMALL],
  ['a large message', LARGE],
] as const)('%s', (_, text) => {
  test.each(CASES)('%s', async (_case, change, answer) => {
    const talk = await rcptThen([at('ann')], change);
    expect(await talk.data(text)).toBe(answer);
    await nothingStored();
    // What the retry hears is RCPT's own answer.
    await talk.say('RSET');
    const [, again] = await talk.envelope('a@b.example', [at('ann')]);
    expect(again).toBe(answer === CHANGED ? '250 2.1.5 recipient ok' : answer);
    await talk.quit();
  });

  test('of two tenants one is gone: nothing is stored for either, and the retry goes to the one that is left', async () => {
    const talk = await rcptThen([olga(), at('ann')], removeAcme);
    expect(await talk.data(text)).toBe(CHANGED);
    await nothingStored();
    await talk.say('RSET');
    expect(await talk.envelope('a@b.example', [olga(), at('ann')])).toEqual([
      '250 2.1.0 sender ok',
      '250 2.1.5 recipient ok',
      NOT_HOSTED,
    ]);
    expect(await talk.data(text)).toMatch(/^250 2\.0\.0 queued as /);
    expect(await traces.ledger(ROOT_TENANT)).toMatchObject({ messages: 1, accepted: 1, balanced: true });
    await talk.quit();
  });

  test('of two recipients of one domain one is left', async () => {
    const talk = await rcptThen([at('ann'), at('bob')], () =>
      directory.setMailbox(scope(), at('bob'), { state: 'disabled' }),
    );
    expect(await talk.data(text)).toBe(CHANGED);
    await nothingStored();
    await talk.quit();
  });

  test('what nobody relied on may change', async () => {
    const talk = await rcptThen([at('ann')], async () => {
      await directory.removeMailbox(scope(), at('bob'));
      await directory.removeDomain(OURS, ours, true);
      await directory.setMailbox(scope(), at('ann'), { state: 'no-login', quotaMessages: 100 });
    });
    expect(await talk.data(text)).toMatch(/^250 2\.0\.0 queued as /);
    await talk.quit();
  });
});

test('a tenant that goes in the middle of a large message', async () => {
  const talk = await rcptThen([at('ann')], () => Promise.resolve());
  await talk.say('DATA');
  await talk.client.send(LARGE);
  await until(async () => ((await house.rows('select from message_chunk')).length > 0 ? true : undefined));
  await removeAcme();
  await talk.client.send(LARGE);
  await talk.client.send('.\r\n');
  expect(await talk.reply()).toBe(NOT_HOSTED);
  expect(await house.rows('select from message union all select from delivery')).toEqual([]);
  await talk.quit();
});

describe('through the address book', () => {
  const set = (target: string) => () => directory.setAlias(scope(), at('sales'), [at(target)]);

  test.each<[string, readonly string[], () => Promise<unknown>, string]>([
    ['an alias of one mailbox leads to another', ['ann'], set('bob'), CHANGED],
    ['an alias is removed', ['ann'], () => directory.removeAlias(scope(), at('sales')), NO_SUCH_USER],
    [
      'the mailboxes of an alias are all disabled',
      ['ann', 'bob'],
      async () => {
        for (const name of ['ann', 'bob']) await directory.setMailbox(scope(), at(name), { state: 'disabled' });
      },
      DISABLED,
    ],
    ['an alias of several is removed', ['ann', 'bob'], () => directory.removeAlias(scope(), at('sales')), NO_SUCH_USER],
  ])('%s', async (_, targets, change, answer) => {
    await directory.addAlias(scope(), at('sales'), targets.map(at));
    const talk = await rcptThen([at('Sales').toUpperCase()], change);
    expect(await talk.data(SMALL)).toBe(answer);
    await nothingStored();
    await talk.quit();
  });

  test.each<[string, () => Promise<unknown>, string]>([
    ['its end is removed', () => directory.removeMailbox(scope(), at('ann')), NO_SUCH_USER],
    ['its end is disabled', () => directory.setMailbox(scope(), at('ann'), { state: 'disabled' }), DISABLED],
    ['the middle is removed', () => directory.removeAlias(scope(), at('second')), NO_SUCH_USER],
    [
      'the middle leads elsewhere, to one that takes the mail',
      () => directory.setAlias(scope(), at('second'), [at('bob')]),
      QUEUED,
    ],
    ['its end is of another tenant, and hosted here no more: a foreign address', removeAcme, QUEUED],
  ])('of an alias of an alias %s', async (_, change, answer) => {
    const first = change === removeAcme ? `first@${ours}` : at('first');
    await directory.addAlias(scope(), at('second'), [at('ann')]);
    await directory.addAlias(change === removeAcme ? OURS : scope(), first, [at('second')]);
    const talk = await rcptThen([first], change);
    expect(await talk.data(SMALL)).toMatch(answer);
    if (answer !== QUEUED) await nothingStored();
    await talk.quit();
  });

  test('of two recipients one is an alias whose end is removed', async () => {
    await directory.addAlias(scope(), at('second'), [at('ann')]);
    await directory.addAlias(scope(), at('first'), [at('second')]);
    const talk = await rcptThen([olga(), at('first')], () => directory.removeMailbox(scope(), at('ann')));
    expect(await talk.data(SMALL)).toBe(CHANGED);
    await nothingStored();
    await talk.quit();
  });

  test('an alias of several that gains and loses targets is expanded at delivery, and taken', async () => {
    await directory.addAlias(scope(), at('sales'), [at('ann'), at('bob')]);
    const talk = await rcptThen([at('sales')], () => directory.setAlias(scope(), at('sales'), [at('bob'), olga()]));
    expect(await talk.data(SMALL)).toMatch(/^250 2\.0\.0 queued as /);
    await talk.quit();
  });

  test.each([
    ['a subaddress', 'ann+x'],
    ['a catch-all', 'anything'],
  ])('%s: an address of its own comes first', async (_, local) => {
    const recipient = at(local);
    await directory.addAlias(scope(), `*@${acme}`, [at('ann')]);
    const talk = await rcptThen([recipient], () => mailbox(scope(), recipient));
    expect(await talk.data(SMALL)).toBe(CHANGED);
    await nothingStored();
    await talk.say('RSET');
    expect(await talk.mail('a@b.example', [recipient], SMALL)).toMatch(/^250 /);
    await talk.quit();
  });

  test('postmaster rests on no state, but on the domain', async () => {
    const disable = () => directory.setDomain(scope(), acme, { state: 'disabled' });
    let talk = await rcptThen([at('postmaster')], disable);
    expect(await talk.data(SMALL)).toMatch(/^250 /);
    await talk.quit();
    await house.rows('truncate message, delivery, event');
    talk = await rcptThen([at('postmaster')], removeAcme);
    expect(await talk.data(SMALL)).toBe(NOT_HOSTED);
    await nothingStored();
    await talk.quit();
  });
});
