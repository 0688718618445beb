import { showId } from '#domain';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cliWorld, type CliWorld } from './cli-world.spec-helper.ts';

let world: CliWorld;
let db: CliWorld['db'];
let posthouse: CliWorld['posthouse'];
beforeAll(async () => {
  world = await cliWorld();
  ({ db, posthouse } = world);
}, 120_000);
afterAll(() => world.drop());

describe('explain', () => {
  beforeAll(async () => {
    await posthouse('mailbox', 'add', 'ex@example.org', '--no-password');
    await posthouse('alias', 'add', 'way-a@example.org', 'far@far.example');
    await posthouse('alias', 'add', 'way-b@example.org', 'way-a@example.org', 'ex@example.org');
    await posthouse('alias', 'add', 'way-c@example.org', 'way-a@example.org', 'way-b@example.org');
    await posthouse('domain', 'add', 'idle.example');
    for (const name of ['postmaster', 'idle']) {
      await posthouse('mailbox', 'add', `${name}@idle.example`, '--no-password');
      await posthouse('mailbox', 'set', `${name}@idle.example`, '--state', 'disabled');
    }
    await posthouse('domain', 'add', 'all.example');
    await posthouse('alias', 'add', '*@all.example', 'ex@example.org');
  });

  test('shows each step and the outcome', async () => {
    const { out, code } = await posthouse('explain', 'EX+tag@Example.org');
    expect(code).toBe(0);
    expect(out).toEqual([
      'TRIED               RESULT  WHY',
      'domain example.org  found   hosted here',
      'address ex+tag      no      no such row',
      'alias ex+tag        no      no such row',
      'address ex          found   leads to mailbox ex@example.org',
      '',
      'ex+tag@example.org: 250 accepted',
      'ex+tag@example.org: mailbox ex@example.org',
    ]);
  });

  test('postmaster without a domain is the one of this host', async () => {
    const { out } = await posthouse('explain', 'PostMaster', '--json');
    expect(JSON.parse(out[0] ?? '')).toMatchObject({
      address: expect.stringMatching(/^postmaster@./),
      outcome: '250 accepted and held for the operator: mail for the postmaster of this host',
    });
  });

  test('an alias that would lead back to itself is refused with the way', async () => {
    const { code, err } = await posthouse('alias', 'set', 'way-a@example.org', 'way-c@example.org');
    expect(code).not.toBe(0);
    expect(err.join('\n')).toContain(
      'way-a@example.org would lead back to itself: by way-c@example.org, then way-a@example.org',
    );
  });

  test('follows aliases, each once', async () => {
    const { out } = await posthouse('explain', 'way-c@example.org', '--json');
    expect(JSON.parse(out[0] ?? '')).toMatchObject({
      outcome: '250 accepted, and expanded at delivery',
      path: [
        { depth: 0, address: 'way-c@example.org', end: 'leads on to:' },
        { depth: 1, address: 'way-a@example.org', end: 'leads on to:' },
        { depth: 1, address: 'way-b@example.org', end: 'leads on to:' },
        { depth: 2, address: 'way-a@example.org', end: 'followed already: not again' },
        { depth: 2, address: 'way-b@example.org', end: 'mailbox ex@example.org' },
        {
          depth: 2,
          address: 'far@far.example',
          end: 'another host: remote delivery is not part of this release: the message waits',
        },
      ],
    });
  });

  test('names a mailbox by its first address, whichever of its addresses led there', async () => {
    await posthouse('mailbox', 'set', 'ex@example.org', '--add-address', 'ex.second@example.org');
    await posthouse('alias', 'add', 'both@example.org', 'ex.second@example.org', 'far@far.example');
    await posthouse('alias', 'add', 'uuid@example.org', '01890000-0000-7000-8000-00000000abcd@far.example');
    expect((await posthouse('explain', 'ex.second@example.org')).out.at(-1)).toBe(
      'ex.second@example.org: mailbox ex@example.org',
    );
    expect((await posthouse('explain', 'both@example.org')).out).toContain(
      '  both@example.org: mailbox ex@example.org',
    );
    expect((await posthouse('explain', 'uuid@example.org')).out.join('\n')).toContain(
      'leads to 01890000-0000-7000-8000-00000000abcd@far.example',
    );
  });

  test('what is refused goes nowhere: no way of it is shown', async () => {
    const { out } = await posthouse('explain', 'nobody@example.org', '--json');
    expect(JSON.parse(out[0] ?? '')).toMatchObject({ outcome: '550 5.1.1 refused: no such user', path: [] });
  });

  test.each([
    ['nobody@example.org', '550 5.1.1 refused: no such user'],
    ['bob@nowhere.example', '550 5.7.1 refused: we do not host the domain'],
    ['postmaster@example.org', '250 accepted and held for the operator: postmaster has no mailbox'],
    ['postmaster@idle.example', '250 accepted and held for the operator: the mailbox of postmaster is disabled'],
    ['idle@idle.example', '550 5.2.1 refused: the mailbox is disabled'],
    ['sales%eu@idle.example', '550 5.7.1 routes in addresses are not accepted'],
    ['a!b@all.example', '550 5.7.1 routes in addresses are not accepted'],
    ['anybody@all.example', '250 accepted'],
    ['joe@[192.0.2.1]', '550 5.7.1 mail to address literals is not accepted'],
    ['ex@example.org.', '501 5.1.3 bad recipient address syntax'],
  ])('%s', async (address, outcome) => {
    expect((await posthouse('explain', address)).out.join('\n')).toContain(`${address}: ${outcome}`);
  });
});

describe('trace and ledger', () => {
  const ID = '01890000-0000-7000-8000-000000000001';

  beforeAll(async () => {
    await db.owner.query(
      `insert into message (tenant_id, id, state, origin, reverse_path, helo, remote_address, octets, header_octets, recipients, deliveries,
                            header_message_id, envelope, body_structure, mime_index, received_at)
       values ('00000000-0000-7000-8000-000000000001', $1, 'accepted', 'smtp', '', 'h.example', '192.0.2.1', 2048, 1, 1, 1, '<x@y>', '', '', '', '2026-01-02T03:04:05Z')`,
      [ID],
    );
    await db.owner.query(
      `insert into delivery (tenant_id, message_id, ordinal, recipient, lane, state, next_attempt_at)
       values ('00000000-0000-7000-8000-000000000001', $1, 0, 'far@far.example', 'remote:far.example', 'queued', '2026-01-02T04:00:00Z')`,
      [ID],
    );
    await db.owner.query(
      `insert into event (tenant_id, message_id, kind, at) values ('00000000-0000-7000-8000-000000000001', $1, 'accepted', '2026-01-02T03:04:05Z')`,
      [ID],
    );
  });

  test('the timeline for people, with a word about what this release does not do', async () => {
    const { out, code } = await posthouse('trace', 'far@far.example');
    expect(code).toBe(0);
    expect(out).toEqual([
      expect.stringMatching(/^message {5}msg_[0-9a-z]{26}$/),
      'tenant      default',
      'from        <> (the null sender)',
      'Message-ID  <x@y>',
      'came from   h.example [192.0.2.1]',
      'received    2026-01-02T03:04:05.000Z',
      'size        2.0 KiB',
      'state       accepted',
      '',
      '#  RECIPIENT        MAILBOX  LANE                STATE   TRIES  NEXT TRY                  REPLY',
      '0  far@far.example  -        remote:far.example  queued      0  2026-01-02T04:00:00.000Z  -',
      'remote delivery is not part of this release: the message waits',
      '',
      '2026-01-02T03:04:05.000Z  accepted',
    ]);
  });

  test('what strangers wrote is shown, not obeyed', async () => {
    const evil = '01890000-0000-7000-8000-0000000000ee';
    const detail = '501 5.1.3 bad recipient address syntax <\u001b]0;owned\u0007> from [192.0.2.1] \u009b2J';
    await db.owner.query(
      `insert into event (tenant_id, message_id, kind, at, detail)
       values ('00000000-0000-7000-8000-000000000000', $1, 'refused', '2026-01-02T03:04:05Z', $2)`,
      [evil, detail],
    );
    const id = showId('msg', evil);
    expect((await posthouse('trace', id)).out.at(-1)).toBe(
      '2026-01-02T03:04:05.000Z  refused  501 5.1.3 bad recipient address syntax <\ufffd]0;owned\ufffd> from [192.0.2.1] \ufffd2J',
    );
    const [json = ''] = (await posthouse('trace', id, '--json')).out;
    expect(json).toContain(String.raw`<\u001b]0;owned\u0007> from [192.0.2.1] \u009b2J`);
    expect(JSON.parse(json)).toMatchObject({ events: [{ detail }] });
  });

  test('as JSON, by queue id', async () => {
    const shown = (await posthouse('trace', '<x@y>', '--json')).out;
    const { id } = JSON.parse(shown[0] ?? '') as { id: string };
    expect((await posthouse('trace', id, '--json')).out).toEqual(shown);
  });

  test('nothing found is exit code 3', async () => {
    expect(await posthouse('trace', '__proto__')).toEqual({
      code: 3,
      out: [],
      err: ['posthouse: nothing is known of "__proto__": give a queue id (msg_..), a Message-ID or an address'],
    });
  });

  test('the ledger balances, and exit code 1 says when it does not', async () => {
    const balanced = await posthouse('ledger');
    expect(balanced.code).toBe(0);
    expect(balanced.out.at(-1)).toBe('1 recipient(s) accepted in 1 message(s), 1 in a state: balanced');
    await db.owner.query('delete from delivery');
    const off = await posthouse('ledger', '--json');
    expect(off.code).toBe(1);
    expect(JSON.parse(off.out[0] ?? '')).toMatchObject({
      balanced: false,
      accepted: 1,
      faults: [{ accepted: 1, rows: 0 }],
    });
  });
});
