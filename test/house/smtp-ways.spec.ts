/** What RCPT and the end of data answer where aliases lead on, and where mailboxes have little room: over sockets, from the truth of the moment. */
import { DEFAULT_TENANT, ROOT_TENANT } from '#domain';
import { PgDirectoryStore } from '#store';
import { SmtpTalk } from '#testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startSmtpHouse, until, type SmtpHouse } from './smtp-house.ts';

const operator = { principal: ROOT_TENANT, tenant: 'default' };
const TAKEN = '250 2.1.5 recipient ok';
const NOBODY = '550 5.1.1 no such user here';

let house: SmtpHouse;
let directory: PgDirectoryStore;
let talk: SmtpTalk;
beforeAll(async () => {
  house = await startSmtpHouse();
  const { directory: fixture, db } = house;
  directory = new PgDirectoryStore(db.as('posthouse_api'));
  await fixture.domain('example.org');
  await house.rows(`update domain set separators = '+' where name = 'example.org'`);
  for (const name of ['alice', 'bob', 'all']) await fixture.mailbox(`${name}@example.org`);
  talk = await SmtpTalk.open(house.port, 'client.example');
});
afterAll(async () => {
  await talk.quit();
  await house.close();
});

async function rcpt(...to: string[]): Promise<string[]> {
  const [, ...replies] = await talk.envelope(
    's@client.example',
    to.map((local) => `${local}@example.org`),
  );
  await talk.say('RSET');
  return replies;
}

async function mail(to: string[], octets: number, parameters = ''): Promise<string> {
  const head = 'Subject: x\r\n\r\n';
  await talk.envelope(
    's@client.example',
    to.map((local) => `${local}@example.org`),
    parameters,
  );
  const reply = await talk.data(
    head + `${'y'.repeat(78)}\r\n`.repeat(Math.ceil(octets / 80)).slice(0, octets - head.length - 2) + '\r\n',
  );
  await talk.say('RSET');
  return reply;
}

const at = (local: string): string => `${local}@example.org`;

test('a tag belongs to the address, alias or mailbox, before any catch-all; the mail goes where the alias leads', async () => {
  await directory.addAlias(operator, at('sales'), [at('alice'), at('bob')]);
  expect(await rcpt('sales+news', 'alice+x', 'sale+news')).toEqual([TAKEN, TAKEN, NOBODY]);
  await directory.addAlias(operator, '*@example.org', [at('all')]);
  await mail(['sales+news', 'SALES+Other', 'nobody'], 500);
  await house.startWorker();
  const delivered = () =>
    house.rows<{ name: string; copies: number }>(
      `select m.name, count(*)::int as copies from folder_message f join mailbox m on m.id = f.mailbox_id where m.tenant_id = $1
        group by 1 order by 1`,
      [DEFAULT_TENANT],
    );
  const counts = await until(async () => ((await delivered()).length === 3 ? delivered() : undefined));
  // One message is one copy for each mailbox, whatever ways lead there.
  expect(counts).toEqual(['alice', 'all', 'bob'].map((name) => ({ name: at(name), copies: 1 })));
  await directory.removeAlias(operator, '*@example.org');
});

test('circles and dead ends that stand in the directory are nobody, and what is removed turns the answer at once', async () => {
  const { directory: fixture } = house;
  await fixture.alias(at('self'), [at('self')]);
  await fixture.alias(at('one'), [at('two')]);
  await fixture.alias(at('two'), [at('three+x')]);
  await fixture.alias(at('three'), [at('one')]);
  await fixture.alias(at('dead'), [at('gone')]);
  await fixture.alias(at('behind'), [at('dead')]);
  expect(await rcpt('self', 'one', 'two', 'three', 'dead', 'behind')).toEqual(Array.from({ length: 6 }, () => NOBODY));
  await directory.addAlias(operator, at('end'), [at('alice')]);
  await directory.addAlias(operator, at('middle'), [at('end')]);
  await directory.addAlias(operator, at('start'), [at('middle')]);
  expect(await rcpt('start', 'middle', 'end')).toEqual([TAKEN, TAKEN, TAKEN]);
  await directory.removeAlias(operator, at('end'));
  expect(await rcpt('start', 'middle', 'end')).toEqual([NOBODY, NOBODY, NOBODY]);
  await directory.addAlias(operator, at('end'), [at('bob')]);
  expect(await rcpt('start')).toEqual([TAKEN]);
  await house.rows(`update mailbox set state = 'disabled' where name = $1`, [at('bob')]);
  expect(await rcpt('start')).toEqual(['550 5.2.1 mailbox is disabled']);
  await house.rows(`update mailbox set state = 'active' where name = $1`, [at('bob')]);
});

test('an alias that leads to more places than an expansion follows is refused, and recipients that make a message too many go with another', async () => {
  const { directory: fixture } = house;
  const list = async (name: string, count: number): Promise<void> => {
    await fixture.alias(at(name), [`${name}@far.example`]);
    await house.rows(
      `insert into address_target (tenant_id, domain_id, kind, local, position, forward_path)
       select tenant_id, domain_id, kind, local, n, local || n || '@far.example' from address_target, generate_series(1, $2::int - 1) n where local = $1`,
      [name, count],
    );
  };
  for (const part of ['p1', 'p2', 'p3', 'p4']) await list(part, 5_000);
  await fixture.alias(at('half'), [at('p1'), at('P2')]);
  await fixture.alias(at('third'), [at('p3'), at('alice')]);
  await fixture.alias(at('same'), [at('p1'), at('p1+x'), at('p1'), at('half')]);
  await fixture.alias(at('most'), [at('half'), at('p3')]);
  await fixture.alias(at('crowd'), [at('half'), at('p3'), at('p4')]);
  await fixture.alias(at('behind-crowd'), [at('bob'), at('crowd')]);
  await fixture.alias('postmaster@example.org', [at('crowd'), at('alice')]);
  const TOO_MANY = '550 5.2.4 address leads to too many places';
  const ANOTHER = '452 4.5.3 too many recipients';
  expect(await rcpt('crowd')).toEqual([TOO_MANY]);
  expect(await rcpt('behind-crowd')).toEqual([TOO_MANY]);
  expect(await rcpt('postmaster', 'crowd', 'alice')).toEqual([TAKEN, TOO_MANY, TAKEN]);
  expect(await rcpt('most', 'p4', 'alice')).toEqual([TAKEN, ANOTHER, TAKEN]);
  expect(await rcpt('half', 'third', 'same', 'alice', 'p4')).toEqual([TAKEN, TAKEN, ANOTHER, TAKEN, ANOTHER]);
  // A recipient that is named again is no more rows.
  expect(await rcpt('half', 'half', 'HALF', 'third')).toEqual([TAKEN, TAKEN, TAKEN, TAKEN]);
  // What changes in the directory counts at once.
  await list('p4-less', 4_900);
  await house.rows(`update address_target set forward_path = $1 where forward_path = $2`, [at('p4-less'), at('p4')]);
  expect(await rcpt('crowd', 'alice')).toEqual([TAKEN, TAKEN]);
});

test.each<[string, string, string[], RegExp]>([
  ['itself', 'new', ['new'], /would lead to itself/],
  ['itself by a tag', 'new', ['new+x'], /would lead to itself/],
  ['itself beside a mailbox', 'new', ['alice', 'new'], /would lead to itself/],
  ['what is not there', 'new', ['nobody'], /does not exist: add it first/],
  ['what leads nowhere', 'new', ['alice', 'behind'], /target behind@example.org leads nowhere/],
])('the directory refuses an alias of %s', async (_, name, targets, why) => {
  await expect(directory.addAlias(operator, at(name), targets.map(at))).rejects.toThrow(why);
  expect(await rcpt(name)).toEqual([NOBODY]);
});

test('nor may an alias be set to what leads back to it', async () => {
  await directory.addAlias(operator, at('c1'), [at('alice')]);
  await directory.addAlias(operator, at('c2'), [at('c1')]);
  await directory.addAlias(operator, at('c3'), [at('c2'), at('bob')]);
  await expect(directory.setAlias(operator, at('c1'), [at('alice'), at('c3')])).rejects.toThrow(
    'c1@example.org would lead back to itself: by c3@example.org, then c2@example.org, then c1@example.org',
  );
  await expect(directory.addAlias(operator, 'box-default@example.org', [at('box-x')])).rejects.toThrow(/itself/);
  await directory.addAlias(operator, at('diamond'), [at('c2'), at('c3')]);
  expect(await rcpt('c1', 'c3', 'diamond')).toEqual([TAKEN, TAKEN, TAKEN]);
});

test('behind the data the size is known, our own fields with it', async () => {
  const { directory: fixture } = house;
  await fixture.mailbox(at('small'), { quotaOctets: 30_000 });
  await fixture.mailbox(at('narrow'), { quotaOctets: 30_000 });
  await fixture.alias(at('to-small'), [at('small'), at('narrow')]);
  const NEVER = '552 5.2.2 message is larger than all that the mailbox may hold';
  const FULL = '452 4.2.2 mailbox is full';
  expect(await mail(['small'], 64_800)).toBe(NEVER);
  // The message alone would fit, with Received, Return-Path and Delivered-To it does not.
  expect(await mail(['small'], 29_990)).toBe(NEVER);
  expect(await mail(['small', 'narrow'], 64_800)).toBe(NEVER);
  expect(await mail(['to-small'], 64_800)).toBe(FULL);
  expect(await mail(['small', 'alice'], 64_800)).toMatch(/^250 /);
  expect(await mail(['to-small', 'alice+x'], 2_000_000)).toMatch(/^250 /);
  // In chunk rows: nothing is left of it.
  expect(await mail(['small'], 2_000_000)).toBe(NEVER);
  expect(await house.rows(`select 1 as one from message where state = 'pending'`)).toEqual([]);
  expect(await mail(['small'], 20_000)).toMatch(/^250 /);
  await until(async () =>
    (
      await house.rows(
        `select 1 as one from mailbox_usage u join mailbox m on m.id = u.mailbox_id where m.name = $1 and u.octets > 20000`,
        [at('small')],
      )
    ).length > 0
      ? true
      : undefined,
  );
  expect(await mail(['small'], 20_000)).toBe(FULL);
  await house.rows('update mailbox set quota_octets = 100000 where name = $1', [at('small')]);
  expect(await mail(['small'], 20_000)).toMatch(/^250 /);
});
