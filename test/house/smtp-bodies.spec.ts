import { createHash } from 'node:crypto';
import { SMALL_BODY } from '#domain';
import { SmtpTalk, stuffed } from '#testing';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startSmtpHouse, until, type SmtpHouse } from './smtp-house.ts';

const LIMIT = 4 * 1024 * 1024;
let house: SmtpHouse;
let talk: SmtpTalk;

beforeAll(async () => {
  house = await startSmtpHouse({ settings: { POSTHOUSE_MAX_MESSAGE_OCTETS: String(LIMIT) } });
  const { directory } = house;
  await directory.domain('example.org');
  for (const name of ['alice', 'bob']) await directory.mailbox(`${name}@example.org`);
  const other = await directory.tenant('other');
  await directory.domain('example.net', { tenantId: other });
  await directory.mailbox('carol@example.net');
  talk = await SmtpTalk.open(house.port, 'client.example');
});
afterEach(async () => {
  await house.rows('truncate message, message_chunk, delivery, event');
});
afterAll(() => house.close());

/** Exactly so many octets of lines, among them some that start with dots and some in 8 bit. */
function message(octets: number): Buffer {
  const head = Buffer.from('Subject: a body\r\nContent-Type: text/plain\r\n\r\n');
  const lines = Buffer.from('.one dot\r\n..two\r\nplain text, and then some\r\n\r\nf\xfcnf\r\n.\r\n', 'latin1');
  const body = Buffer.alloc(octets - head.length, lines);
  // Ends in a CRLF of its own, whatever the fill was cut at.
  body.write('xxxxxxxxxxxxxxxx\r\n', body.length - 18);
  return Buffer.concat([head, withoutBareEnds(body)]);
}

function withoutBareEnds(body: Buffer): Buffer {
  const cut = body.length - 18;
  if (body[cut - 1] === 0x0d) body[cut - 1] = 0x78;
  return body;
}

interface Stored {
  id: string;
  tenant_id: string;
  state: string;
  octets: number;
  body: Buffer | null;
}

/** Every stored message with all of its octets, chunked or not. */
const stored = (): Promise<Stored[]> =>
  house.rows<Stored>(
    `select m.tenant_id, m.id, m.state, m.octets::int,
            coalesce(m.body, (select string_agg(c.octets, ''::bytea order by c.number) from message_chunk c
                               where c.tenant_id = m.tenant_id and c.message_id = m.id)) as body
       from message m order by m.id`,
  );

const RECEIVED =
  /^Received: from client\.example \(\[127\.0\.0\.1\]\)\r\n\tby mx\.test \(Posthouse\) with ESMTP id msg_\w{26}(?:\r\n\tfor <alice@example\.org>)?;\r\n\t[^\r\n]+ \+0000\r\n/;

/** The octets below the Received field; fails without one. */
function sent(body: Buffer | null): Buffer {
  const head = RECEIVED.exec(body?.toString('latin1', 0, 1000) ?? '')?.[0];
  if (!body || head === undefined) throw new Error(`no Received on top of ${body?.toString('latin1', 0, 300)}`);
  return body.subarray(Buffer.byteLength(head));
}
const digest = (octets: Buffer): string => createHash('sha256').update(octets).digest('hex');

describe('stored is what was sent, with Received on top', () => {
  test.each([100, 4096, SMALL_BODY - 1000, SMALL_BODY - 1, SMALL_BODY, SMALL_BODY + 1, 3 * SMALL_BODY, LIMIT])(
    '%i octets',
    async (octets) => {
      const original = message(octets);
      expect(original).toHaveLength(octets);
      expect(await talk.mail('a@b.example', ['alice@example.org'], original)).toMatch(/^250 2\.0\.0 queued as msg_/);
      const [row, ...more] = await stored();
      expect(more).toEqual([]);
      expect(row?.state).toBe('accepted');
      const body = sent(row?.body ?? null);
      expect(body.length).toBe(octets);
      expect(digest(body)).toBe(digest(original));
      expect(row?.octets).toBe(row?.body?.length);
    },
  );

  test.each([10_000, 2 * SMALL_BODY])('%i octets to two tenants are stored for each, under one id', async (octets) => {
    const original = message(octets);
    await talk.mail('a@b.example', ['alice@example.org', 'carol@example.net', 'bob@example.org'], original);
    const rows = await stored();
    expect(rows).toHaveLength(2);
    expect(new Set(rows.map(({ id }) => id)).size).toBe(1);
    for (const { body } of rows) expect(digest(sent(body))).toBe(digest(original));
    const deliveries = await house.rows(
      `select d.recipient, d.ordinal, m.recipients, m.deliveries from delivery d join message m on m.tenant_id = d.tenant_id and m.id = d.message_id order by d.recipient`,
    );
    expect(deliveries).toEqual([
      { recipient: 'alice@example.org', ordinal: 0, recipients: 2, deliveries: 2 },
      { recipient: 'bob@example.org', ordinal: 1, recipients: 2, deliveries: 2 },
      { recipient: 'carol@example.net', ordinal: 0, recipients: 1, deliveries: 1 },
    ]);
  });

  test('a message without header, one without body, and an empty one', async () => {
    for (const [text, kept] of [
      ['no header at all\r\n', '\r\nno header at all\r\n'],
      ['Subject: no body\r\n', 'Subject: no body\r\n'],
      ['', ''],
      ['\r\n', '\r\n'],
    ] as const) {
      await talk.mail('', ['alice@example.org'], text);
      const [row] = await stored();
      expect(sent(row?.body ?? null).toString()).toBe(kept);
      expect(row?.octets).toBe(row?.body?.length);
      await house.rows('truncate message, delivery');
    }
  });
});

describe('too big', () => {
  test.each([LIMIT + 1, 2 * LIMIT])(
    '%i octets are drained, refused and not stored; the session goes on',
    async (octets) => {
      await talk.envelope('a@b.example', ['alice@example.org']);
      expect(await talk.data(message(octets))).toMatch(/^552 5\.3\.4 /);
      expect(await stored()).toEqual([]);
      expect(await house.rows('select 1 as one from message_chunk')).toEqual([]);
      expect(await talk.mail('a@b.example', ['alice@example.org'], 'Subject: small\r\n')).toMatch(/^250 /);
    },
  );
});

describe('the client vanishes in the middle of DATA', () => {
  test.each([1000, 3 * SMALL_BODY])('after %i octets nothing is left', async (octets) => {
    for (const how of ['reset', 'end'] as const) {
      const leaver = await SmtpTalk.open(house.port, 'client.example');
      await leaver.envelope('a@b.example', ['alice@example.org', 'carol@example.net']);
      expect(await leaver.say('DATA')).toMatch(/^354/);
      await leaver.client.send(stuffed(message(octets)));
      if (octets > SMALL_BODY)
        await until(async () => (await house.rows('select 1 as one from message_chunk limit 1')).at(0));
      if (how === 'reset') leaver.client.reset();
      else await leaver.client.end();
      await until(async () => ((await stored()).length === 0 ? true : undefined));
    }
    expect(await house.rows('select 1 as one from delivery')).toEqual([]);
    expect(await talk.say('NOOP')).toMatch(/^250/);
  });
});

describe('recipients', () => {
  test('the same recipient twice is one delivery, as it was written first', async () => {
    await talk.mail('a@b.example', ['alice@example.org', 'ALICE@Example.ORG'], 'Subject: twice\r\n');
    const rows = await house.rows('select recipient, mailbox_id is not null as known from delivery order by ordinal');
    expect(rows).toEqual([{ recipient: 'alice@example.org', known: true }]);
  });

  test('the 1,001st recipient is told to come again', async () => {
    await talk.say('MAIL FROM:<a@b.example>');
    await talk.client.send('RCPT TO:<alice@example.org>\r\n'.repeat(999));
    for (let count = 0; count < 999; count++) expect(await talk.reply()).toBe('250 2.1.5 recipient ok');
    expect(await talk.say('RCPT TO:<bob@example.org>')).toBe('250 2.1.5 recipient ok');
    expect(await talk.say('RCPT TO:<bob@example.org>')).toBe('452 4.5.3 too many recipients');
    expect(await talk.say('RCPT TO:<postmaster>')).toBe('452 4.5.3 too many recipients');
    expect(await talk.data('Subject: many\r\n')).toMatch(/^250 /);
    const [row] = await house.rows<{ recipients: number; count: number }>(
      'select recipients, (select count(*)::int from delivery) as count from message',
    );
    // Each RCPT counts for the bound; the same one again is no further delivery.
    expect(row).toEqual({ recipients: 2, count: 2 });
  });

  test('after fifty refused recipients a harvester is sent away', async () => {
    const harvester = await SmtpTalk.open(house.port, 'client.example');
    await harvester.say('MAIL FROM:<a@b.example>');
    for (let count = 0; count < 50; count++)
      expect(await harvester.say(`RCPT TO:<u${count}@example.org>`)).toMatch(/^550 5\.1\.1/);
    expect(await harvester.say('RCPT TO:<u50@example.org>')).toBe(
      '421 4.7.0 too many refused recipients in this session',
    );
    expect(await harvester.reply()).toBe('');
    const kinds = await until(async () => {
      const rows = await house.rows<{ kind: string }>(`select kind from event where detail like '550 5.1.1 %'`);
      return rows.length >= 50 ? rows : undefined;
    });
    expect(kinds.every(({ kind }) => kind === 'refused')).toBe(true);
  });

  test('a refusal with a NUL in it does not lose the refusals of others', async () => {
    await talk.say('MAIL FROM:<a@b.example>');
    await talk.client.send('RCPT TO:<a\0b@example.org>\r\nRCPT TO:<nobody@example.org>\r\n');
    expect(await talk.reply()).toMatch(/^501/);
    expect(await talk.reply()).toMatch(/^550/);
    const noted = (address: string): Promise<string[]> =>
      until(async () => {
        const rows = await house.rows<{ detail: string }>(
          `select detail from event where kind = 'refused' and position($1 in detail) > 0`,
          [`<${address}>`],
        );
        return rows.length > 0 ? rows.map(({ detail }) => detail.slice(0, 9)) : undefined;
      });
    expect(await noted('a\uFFFDb@example.org')).toEqual(['501 5.1.3']);
    expect(await noted('nobody@example.org')).toEqual(['550 5.1.1']);
    await talk.say('RSET');
  });
});
