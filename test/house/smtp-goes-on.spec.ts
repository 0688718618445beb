/** Mail that was accepted and then overtaken by the directory is held with its reason, and goes on by itself when the reason is gone. */
import { ROOT_TENANT, type MailboxId } from '#domain';
import { PgHeldMailStore } from '#store';
import { SmtpTalk } from '#testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ImapTalk, PASSWORD } from './imap.spec-helper.ts';
import { Pop3Client } from './pop3.spec-helper.ts';
import { startSmtpHouse, until, type SmtpHouse } from './smtp-house.ts';

let house: SmtpHouse;
beforeAll(async () => {
  house = await startSmtpHouse();
});
afterAll(() => house.close());

const accept = async (recipient: string, octets = 100): Promise<void> => {
  const talk = await SmtpTalk.open(house.port, 'client.example');
  expect(
    await talk.mail(
      'a@b.example',
      [recipient],
      `Subject: x\r\n\r\n${`${'y'.repeat(70)}\r\n`.repeat(Math.ceil(octets / 72))}`,
    ),
  ).toMatch(/^250 /);
  await talk.quit();
};
/** States and replies of all rows for this address, expanded ones too, once none is on its way. */
const rows = (recipient: string) =>
  house.rows<{ state: string; waits: string | null; reply: string | null }>(
    'select state, waits_for as waits, reply from delivery where recipient = $1 order by message_id, ordinal',
    [recipient],
  );
const becomes = (recipient: string, ...states: string[]) =>
  until(async () => ((await rows(recipient)).map(({ state }) => state).join() === states.join() ? true : undefined));

interface Case {
  readonly name: string;
  readonly away: string;
  readonly back: string;
  readonly reply: string;
}
const of = (at: number): string => `box@d${at}.test`;
const CASES: readonly Case[] = [
  {
    name: 'a mailbox that is disabled',
    away: `update mailbox set state = 'disabled' where name = $1`,
    back: `update mailbox set state = 'no-login' where name = $1`,
    reply: 'the mailbox of RCPT is gone or disabled',
  },
  {
    name: 'a domain that is disabled',
    away: `update domain set state = 'disabled' where 'box@' || name = $1`,
    back: `update domain set state = 'active' where 'box@' || name = $1`,
    reply: 'the domain is disabled or its tenant suspended',
  },
  {
    name: 'a tenant that is suspended',
    away: `update tenant t set state = 'suspended' from domain d where d.tenant_id = t.id and 'box@' || d.name = $1`,
    back: `update tenant t set state = 'active' from domain d where d.tenant_id = t.id and 'box@' || d.name = $1`,
    reply: 'the domain is disabled or its tenant suspended',
  },
  // By a catch-all.
  {
    name: 'an address that is taken away, and leads to its mailbox again',
    away: '',
    back: '',
    reply: 'the address is gone',
  },
];

const SMALL = 1_500;
/** Octets of a mail in its mailbox. */
const inMailbox = async (address: string, position: number): Promise<number> => {
  const trace = `Return-Path: <a@b.example>\r\nDelivered-To: ${address}\r\n`;
  const mails = await house.rows<{ octets: number }>(
    'select m.octets::int from message m join delivery d on d.message_id = m.id where d.recipient = $1 order by m.id',
    [address],
  );
  return (mails[position]?.octets ?? 0) + trace.length;
};
const setQuota = (address: string, octets: number) =>
  house.rows('update mailbox set quota_octets = $2 where name = $1', [address, octets]);

let readers: { pop3: number; imap: number };
async function byQuit(address: string): Promise<void> {
  const pop3 = await Pop3Client.login(readers.pop3, { address });
  expect(await pop3.ask('DELE 1')).toMatch(/^\+OK/);
  expect(await pop3.ask('QUIT')).toMatch(/^\+OK/);
}
const byImap =
  (...commands: string[]) =>
  async (address: string): Promise<void> => {
    const imap = await ImapTalk.open(readers.imap);
    for (const command of [`LOGIN ${address} "${PASSWORD}"`, 'SELECT INBOX', 'STORE 1 +FLAGS (\\Deleted)', ...commands])
      await imap.ok(command);
  };

/** Mails after the first one, which fills the mailbox to its last octet; what frees room; what becomes of the others. */
const ROOMS: readonly (readonly [
  string,
  readonly number[],
  (address: string) => Promise<unknown>,
  readonly string[],
])[] = [
  ['quit', [SMALL], byQuit, ['delivered']],
  ['expunge', [SMALL], byImap('EXPUNGE'), ['delivered']],
  ['uid-expunge', [SMALL], byImap('UID EXPUNGE 1:*'), ['delivered']],
  ['close', [SMALL], byImap('CLOSE'), ['delivered']],
  ['small-behind-large', [9_000, SMALL], byQuit, ['queued', 'delivered']],
  [
    'raised',
    [SMALL],
    async (address) => setQuota(address, (await inMailbox(address, 0)) + (await inMailbox(address, 1))),
    ['delivered'],
  ],
  [
    'no-limit',
    [SMALL, 9_000],
    (address) => house.rows('update mailbox set quota_octets = null where name = $1', [address]),
    ['delivered', 'delivered'],
  ],
  [
    'messages',
    [SMALL],
    (address) => house.rows('update mailbox set quota_octets = null, quota_messages = 2 where name = $1', [address]),
    ['delivered'],
  ],
];

describe('overtaken before the worker comes to it', () => {
  beforeAll(async () => {
    await house.directory.domain('room.test');
    for (const [name, behind] of ROOMS) {
      const address = `${name}@room.test`;
      await house.person(address);
      for (const octets of [SMALL, ...behind]) await accept(address, octets);
      await setQuota(address, await inMailbox(address, 0));
    }
    readers = await house.startReaders();
    for (const [at, { away }] of CASES.entries()) {
      const tenantId = await house.directory.tenant(`tenant${at}`);
      await house.directory.domain(`d${at}.test`, { tenantId });
      await house.directory.mailbox(of(at));
      for (let mail = 0; mail < 2; mail++) await accept(of(at));
      if (at === 3) await house.directory.removeAddress(of(at));
      else await house.rows(away, [of(at)]);
    }
    await house.directory.domain('full.test');
    await house.directory.mailbox('box@full.test', { quotaOctets: 3_000 });
    for (let mail = 0; mail < 2; mail++) await accept('box@full.test', 2_000);
    await house.directory.domain('new.test');
    await accept('postmaster@new.test');
    await accept('postmaster');
    await house.startWorker();
  });

  test.each(CASES.map((one, at) => [one.name, at, one] as const))('%s', async (_, at, { back, reply }) => {
    await becomes(of(at), 'held', 'held');
    expect((await rows(of(at)))[0]).toEqual({ state: 'held', waits: 'directory', reply });
    if (at === 3) {
      const [box] = await house.rows<{ id: MailboxId }>('select id from mailbox where name = $1', [of(at)]);
      if (box) await house.directory.catchAll(`d${at}.test`, box.id);
    } else await house.rows(back, [of(at)]);
    await becomes(of(at), 'delivered', 'delivered');
    expect(await rows(of(at))).toMatchObject([{ waits: null }, { waits: null }]);
  });

  test('mail of an address that somebody else has now goes there when a person says so', async () => {
    await house.directory.domain('moved.test');
    await house.directory.mailbox('old@moved.test');
    await house.rows(`update mailbox set state = 'disabled' where name = 'old@moved.test'`);
    await house.rows(`insert into delivery (tenant_id, message_id, ordinal, recipient, lane, state, mailbox_id, domain_id)
      select d.tenant_id, d.message_id, 5, 'old@moved.test', 'local', 'queued', b.id, b.domain_id
        from delivery d, mailbox b where d.recipient = 'box@d0.test' and b.name = 'old@moved.test' limit 1`);
    await house.rows(`update message m set recipients = 2, deliveries = 2 where exists
      (select from delivery d where d.recipient = 'old@moved.test' and d.message_id = m.id)`);
    await becomes('old@moved.test', 'held');
    await house.directory.removeAddress('old@moved.test');
    const other = await house.directory.mailbox('other@moved.test');
    await house.directory.catchAll('moved.test', other);
    const desk = new PgHeldMailStore(house.db.as('posthouse_api'));
    const found = await desk.list(ROOT_TENANT, { state: 'held', recipient: 'OLD@moved.test' });
    expect(found).toMatchObject([{ state: 'held' }]);
    expect(await desk.release(ROOT_TENANT, found)).toBe(1);
    await until(async () =>
      (await house.rows(`select 1 from folder_message where mailbox_id = $1`, [other])).length === 1 ? true : undefined,
    );
    expect((await rows('old@moved.test')).map(({ state }) => state)).toContain('forwarded');
  });

  test('a quota that is raised wakes what was put off for it', async () => {
    await becomes('box@full.test', 'delivered', 'queued');
    expect(await until(async () => (await rows('box@full.test'))[1]?.waits ?? undefined)).toBe('room');
    await house.rows(`update mailbox set quota_octets = 100000 where name = 'box@full.test'`);
    await becomes('box@full.test', 'delivered', 'delivered');
  });

  test('a postmaster that gets a mailbox, of a hosted domain and of the host itself', async () => {
    expect(await rows('postmaster@new.test')).toMatchObject([{ state: 'held', waits: 'postmaster' }]);
    await house.directory.mailbox('postmaster@new.test');
    await becomes('postmaster@new.test', 'forwarded', 'delivered');
    expect(await rows('postmaster@mx.test')).toMatchObject([{ state: 'held', waits: 'postmaster' }]);
    await house.directory.domain('mx.test');
    await house.directory.mailbox('postmaster@mx.test');
    await until(async () =>
      (await rows('postmaster@mx.test')).some(({ state }) => state === 'delivered') ? true : undefined,
    );
  });

  test.for(ROOMS)('put off for want of room, to the octet: %s', async ([name, , free, states]) => {
    const address = `${name}@room.test`;
    await becomes(address, 'delivered', ...states.map(() => 'queued'));
    expect((await rows(address)).slice(1).map(({ waits }) => waits)).toEqual(states.map(() => 'room'));
    await free(address);
    await becomes(address, 'delivered', ...states);
  });
});
