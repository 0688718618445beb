import { PrivateRedis, redisServer, SmtpTalk } from '#testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startSmtpHouse, until, type SmtpHouse } from './smtp-house.ts';

const program = redisServer();
if (program === undefined) console.log('SKIPPED: delivery while Redis is away (no redis-server on the PATH)');

interface Row {
  ordinal: number;
  recipient: string;
  lane: string;
  state: string;
  duplicate: boolean;
  reply: string | null;
}

/** The deliveries of the message with this Subject, once none of the local lane is on its way any more. */
const settled = ({ rows }: SmtpHouse, envid: string): Promise<Row[]> =>
  until(async () => {
    const found = await rows<Row & { reply: string | null }>(
      `select d.ordinal, d.recipient, d.lane, d.state, d.duplicate, d.reply from delivery d
         join message m on m.tenant_id = d.tenant_id and m.id = d.message_id where m.dsn_envid = $1 order by d.ordinal`,
      [envid],
    );
    return found.length > 0 &&
      found.every(({ state, reply }) => state !== 'leased' && (state !== 'queued' || reply !== null))
      ? found
      : undefined;
  });

const short = (rows: Row[]): string[] =>
  rows.map(({ recipient, state, duplicate }) => `${recipient} ${duplicate ? 'duplicate' : state}`);

/** Sends one small message with this ENVID. */
async function send(
  { port }: SmtpHouse,
  envid: string,
  to: readonly string[],
  text = 'Subject: hello\r\n\r\nbody\r\n',
): Promise<void> {
  const talk = await SmtpTalk.open(port, 'client.example');
  expect(await talk.envelope('a@b.example', to, ` ENVID=${envid}`)).not.toContainEqual(expect.stringMatching(/^[45]/));
  expect(await talk.data(text)).toMatch(/^250 /);
  await talk.quit();
}

const copies = ({ rows }: SmtpHouse, address: string): Promise<{ uid: number; trace: string }[]> =>
  rows(
    `select f.uid::int, convert_from(f.trace, 'UTF8') as trace from folder_message f join mailbox m on m.id = f.mailbox_id where m.name = $1 order by f.uid`,
    [address],
  );

describe('from port 25 into INBOX', () => {
  let house: SmtpHouse;
  beforeAll(async () => {
    house = await startSmtpHouse();
    const { directory } = house;
    await directory.domain('example.org');
    for (const name of ['alice', 'bob', 'carol', 'dave']) await directory.mailbox(`${name}@example.org`);
    await directory.mailbox('full@example.org', { quotaOctets: 600 });
    await directory.domain('mx.test'); // the name of the host itself
    await directory.mailbox('postmaster@mx.test');
    await directory.alias('team@example.org', [
      'alice@example.org',
      'bob@example.org',
      'far@elsewhere.example',
      'also@Elsewhere.Example',
    ]);
    await directory.alias('all@example.org', ['team@example.org', 'carol@example.org', 'alice@example.org']);
    await directory.alias('loop1@example.org', ['loop2@example.org']);
    await directory.alias('loop2@example.org', ['loop1@example.org']);
    await directory.alias('spin@example.org', ['spin@example.org', 'bob@example.org']);
    await directory.alias('dead@example.org', ['nobody@example.org', 'bob@example.org']);
    const other = await directory.tenant('other');
    await directory.domain('example.net', { tenantId: other });
    await directory.mailbox('erin@example.net');
    await directory.alias('cross@example.org', ['erin@example.net', 'bob@example.org']);
    // Accepted before the worker runs, so that the directory can change in between.
    await send(house, 'changed', ['dave@example.org', 'alice@example.org']);
    await directory.removeAddress('dave@example.org');
    await house.startWorker();
  });
  afterAll(() => house.close());

  test('an address that leads elsewhere than at RCPT is held; the others go on', async () => {
    expect((await settled(house, 'changed')).map(({ recipient, state, reply }) => [recipient, state, reply])).toEqual([
      ['dave@example.org', 'held', 'the address is gone'],
      ['alice@example.org', 'delivered', 'INBOX, UID 1'],
    ]);
  });

  test('one message, one copy, with Return-Path and Delivered-To on top', async () => {
    await send(house, 'plain', ['Carol+detail@Example.org']);
    expect(short(await settled(house, 'plain'))).toEqual(['Carol+detail@Example.org delivered']);
    expect((await copies(house, 'carol@example.org')).at(-1)?.trace).toBe(
      'Return-Path: <a@b.example>\r\nDelivered-To: Carol+detail@example.org\r\n',
    );
  });

  test('bare postmaster is the one of the host name, where that has a mailbox', async () => {
    await send(house, 'postmaster', ['Postmaster']);
    expect(short(await settled(house, 'postmaster'))).toEqual(['postmaster@mx.test delivered']);
  });

  test('aliases in aliases: each mailbox one copy, each foreign address one queued row with its next attempt', async () => {
    await send(house, 'all', ['all@example.org', 'bob@example.org']);
    const rows = await settled(house, 'all');
    expect(short(rows).toSorted()).toEqual(
      [
        'all@example.org forwarded',
        'also@Elsewhere.Example queued',
        'alice@example.org delivered',
        'carol@example.org delivered',
        'far@elsewhere.example queued',
        ...short(rows).filter((line) => line.startsWith('bob@')),
      ].toSorted(),
    );
    expect(
      short(rows)
        .filter((line) => line.startsWith('bob@'))
        .toSorted(),
    ).toEqual(['bob@example.org delivered', 'bob@example.org duplicate']);
    expect(new Set(rows.filter(({ state }) => state === 'queued').map(({ lane }) => lane))).toEqual(
      new Set(['remote:elsewhere.example']),
    );
    const due = await house.rows<{ attempt: number; wait: number }>(
      `select attempt, extract(epoch from next_attempt_at - queued_at)::float8 as wait from delivery where lane like 'remote:%'`,
    );
    for (const { attempt, wait } of due) {
      expect(attempt).toBe(1);
      expect(wait).toBeGreaterThan(300); // (0 + 20)^2 seconds from birth, 5 % either way
      expect(wait).toBeLessThan(500);
    }
  });

  test('loops end: one that leads nowhere is refused, one that also leads somewhere is delivered there', async () => {
    const talk = await SmtpTalk.open(house.port, 'client.example');
    expect(await talk.envelope('a@b.example', ['loop1@example.org'])).toContain('550 5.1.1 no such user here');
    await talk.quit();
    await send(house, 'spin', ['spin@example.org']);
    expect(short(await settled(house, 'spin'))).toEqual(['spin@example.org forwarded', 'bob@example.org delivered']);
  });

  test('a dead end of an alias is held beside the living ones', async () => {
    await send(house, 'dead', ['dead@example.org']);
    const rows = await settled(house, 'dead');
    expect(short(rows).toSorted()).toEqual([
      'bob@example.org delivered',
      'dead@example.org forwarded',
      'nobody@example.org held',
    ]);
  });

  test('over quota at delivery: queued with 4.2.2 and its next attempt, delivered when there is room', async () => {
    // Alone it would be refused behind the data.
    const text = `Subject: large\r\n\r\n${'x'.repeat(500)}\r\n`;
    await send(house, 'full', ['full@example.org', 'carol@example.org'], text);
    expect((await settled(house, 'full')).map(({ state, reply }) => [state, reply])).toEqual([
      ['queued', '452 4.2.2 mailbox full'],
      ['delivered', 'INBOX, UID 3'],
    ]);
    await house.rows(`update mailbox set quota_octets = null where name = 'full@example.org'`);
    await house.rows(`update delivery set next_attempt_at = now(), reply = null where recipient = 'full@example.org'`);
    expect(short(await settled(house, 'full'))).toEqual(['full@example.org delivered', 'carol@example.org delivered']);
  });

  test("a target in another tenant's domain is delivered as that tenant's own mail, and both ledgers balance", async () => {
    await send(house, 'cross', ['cross@example.org']);
    const rows = await settled(house, 'cross');
    expect(short(rows)).toContainEqual('bob@example.org delivered');
    const wrong = await house.rows(
      `select 1 as one from folder_message f join mailbox m on m.id = f.mailbox_id where m.tenant_id <> f.tenant_id`,
    );
    expect(wrong).toEqual([]);
    expect(short(rows)).toContainEqual('erin@example.net delivered');
    expect(await copies(house, 'erin@example.net')).toHaveLength(1);
    const ledgers = await house.rows<{ recipients: number; envelope: number }>(
      `select m.recipients, count(d.ordinal) filter (where d.parent is null)::int as envelope
         from message m join delivery d on d.tenant_id = m.tenant_id and d.message_id = m.id
        where m.id in (select id from message where dsn_envid = 'cross') group by m.tenant_id, m.id, m.recipients`,
    );
    expect(ledgers).toHaveLength(2);
    for (const { recipients, envelope } of ledgers) expect(envelope).toBe(recipients);
  });

  test('1,000 recipients of one mailbox are one copy and 999 duplicates', async () => {
    const before = (await copies(house, 'alice@example.org')).length;
    await send(
      house,
      'thousand',
      Array.from({ length: 1000 }, (_, at) => `alice+${at}@example.org`),
    );
    const rows = await settled(house, 'thousand');
    expect(rows.filter(({ duplicate }) => duplicate)).toHaveLength(999);
    expect(await copies(house, 'alice@example.org')).toHaveLength(before + 1);
  });

  test('every accepted recipient is in exactly one state, and the counters agree with what is there', async () => {
    const [books] = await house.rows<{ counted: number; found: number }>(
      `select (select sum(deliveries)::int from message) as counted, (select count(*)::int from delivery) as found`,
    );
    expect(books?.counted).toBe(books?.found);
    const wrong = await house.rows(
      `select f.mailbox_id from folder f
        where (f.messages, f.octets, f.uidnext) <>
              (select count(*), coalesce(sum(octets), 0)::bigint, coalesce(max(uid), 0) + 1 from folder_message m where m.folder_id = f.id)`,
    );
    expect(wrong).toEqual([]);
  });
});

describe.runIf(program !== undefined)('Redis away', () => {
  test('mail flows all the same, before Redis comes, after it goes and after FLUSHALL', async () => {
    const redis = await PrivateRedis.start(program ?? '');
    await redis.down();
    const house = await startSmtpHouse({ settings: { POSTHOUSE_REDIS_URL: redis.url } });
    await house.directory.domain('example.org');
    await house.directory.mailbox('alice@example.org');
    await house.startWorker();
    for (const [envid, change] of [
      ['never', () => redis.down()],
      ['up', () => redis.up()],
      ['gone', () => redis.down()],
      ['back', () => redis.up()],
    ] as const) {
      await change();
      await send(house, envid, ['alice@example.org']);
      expect(short(await settled(house, envid))).toEqual(['alice@example.org delivered']);
    }
    expect(await copies(house, 'alice@example.org')).toHaveLength(4);
    await house.close();
    await redis.remove();
  });
});
