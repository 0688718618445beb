/** Held and deferred mail at the command line: what it lists, frees and drops. */
import { DEFAULT_TENANT, showId, uuidV7, type MessageId } from '#domain';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { cliWorld, type CliWorld } from './cli-world.spec-helper.ts';

let world: CliWorld;
beforeAll(async () => {
  world = await cliWorld();
}, 120_000);
afterAll(() => world.drop());

const id = (number: number): MessageId => uuidV7(1_000_000 + number, new Uint8Array(10)) as MessageId;
const shown = (number: number, ordinal = 0): string => `${showId('msg', id(number))}#${ordinal}`;

interface Row {
  readonly to: string;
  readonly state: 'held' | 'queued' | 'leased';
  readonly reply?: string;
  readonly waitsFor?: string;
}

async function mail(number: number, ...rows: Row[]): Promise<void> {
  const { owner } = world.db;
  await owner.query(
    `insert into message (tenant_id, id, state, origin, reverse_path, helo, remote_address, octets, header_octets, recipients, deliveries,
                          envelope, body_structure, mime_index, body)
     values ($1, $2, 'accepted', 'smtp', 's@far.example', 'h', '192.0.2.1', 1000, 5, $3, $3, '', '', '', 'x')`,
    [DEFAULT_TENANT, id(number), rows.length],
  );
  for (const [ordinal, { to, state, reply, waitsFor }] of rows.entries())
    await owner.query(
      `insert into delivery (tenant_id, message_id, ordinal, recipient, lane, state, came_from, reply, waits_for, deferred, next_attempt_at,
                             mailbox_id, lease_owner, lease_until)
       values ($1, $2, $3, $4, 'local', $5, case $5 when 'held' then null when 'leased' then 'queued' end, $6, $7, $5 = 'queued', now() + interval '1 hour',
               gen_random_uuid(), case $5 when 'leased' then gen_random_uuid() end, case $5 when 'leased' then now() end)`,
      [DEFAULT_TENANT, id(number), ordinal, to, state, reply ?? null, waitsFor ?? null],
    );
}

beforeEach(async () => {
  await world.db.owner.query('truncate message, delivery, event');
  await mail(
    1,
    { to: 'Ann@example.org', state: 'held', reply: 'the address is gone', waitsFor: 'directory' },
    { to: 'bob@example.org', state: 'held', reply: 'mailbox full until the lifetime of the message ended' },
    { to: 'cid@example.org', state: 'leased' },
  );
  await mail(2, { to: 'ann@example.net', state: 'queued', reply: '452 4.2.2 mailbox full', waitsFor: 'room' });
  await mail(3, { to: 'dan@example.org', state: 'held', reply: 'a mail loop' });
});

const names = ({ out }: { out: string[] }): string[] => out.slice(1).map((line) => line.split(/\s+/)[0] ?? '');
const states = async (): Promise<string[]> =>
  (
    await world.db.owner.query<{ text: string }>(
      `select state || ' ' || lane || case when deferred then ' deferred' else '' end as text from delivery order by message_id, ordinal`,
    )
  ).rows.map(({ text }) => text);

describe('list', () => {
  test('shows all that does not go on, with the reason', async () => {
    const { out } = await world.posthouse('queue', 'list');
    expect(names({ out })).toEqual([shown(1), shown(1, 1), shown(3), shown(2)]);
    expect(out.join('\n')).toContain('the address is gone');
    const json = (await world.posthouse('queue', 'list', '--state', 'deferred', '--json')).out;
    expect(json.map((line) => JSON.parse(line))).toMatchObject([
      { id: showId('msg', id(2)), ordinal: 0, state: 'deferred', recipient: 'ann@example.net', tenant: 'default' },
    ]);
  });

  test.each([
    [['--recipient', 'ANN@example.org'], [shown(1)]],
    [
      ['--recipient', '@example.org'],
      [shown(1), shown(1, 1), shown(3)],
    ],
    [['--recipient', '@Example.NET'], [shown(2)]],
    [
      ['--reason', 'FULL'],
      [shown(1, 1), shown(2)],
    ],
    [['--reason', '%'], []],
    [['--state', 'held', '--reason', 'full'], [shown(1, 1)]],
    [['--tenant', 'nobody'], []],
  ])('%j', async (options, expected) => {
    expect(names(await world.posthouse('queue', 'list', ...options))).toEqual(expected);
  });

  test('goes on over its pages', async () => {
    await world.db.owner.query(
      `insert into delivery (tenant_id, message_id, ordinal, recipient, lane, state)
       select $1, $2, n, 'x@example.org', 'local', 'held' from generate_series(3, 1100) n`,
      [DEFAULT_TENANT, id(1)],
    );
    const { out } = await world.posthouse('queue', 'list', '--json');
    expect(new Set(out).size).toBe(1098 + 4);
    expect((await world.posthouse('queue', 'release', '--recipient', 'x@example.org')).out).toEqual(['1098 released']);
  });
});

describe('release', () => {
  test('what was held since its address led elsewhere is looked up anew; a full mailbox is tried again', async () => {
    expect((await world.posthouse('queue', 'release', showId('msg', id(1)))).out).toEqual(['2 released']);
    expect(await states()).toEqual([
      'queued expand',
      'queued local',
      'leased local',
      'queued local deferred',
      'held local',
    ]);
    const { out } = await world.posthouse('trace', showId('msg', id(1)));
    expect(out.join('\n')).toMatch(/released +#0 +by the operator, to wherever the address leads now/);
  });

  test('one delivery alone, and what was put off', async () => {
    await world.posthouse('queue', 'release', shown(1, 1));
    await world.posthouse('queue', 'release', '--recipient', 'ann@example.net');
    expect(await states()).toEqual(['held local', 'queued local', 'leased local', 'queued local', 'held local']);
  });

  test.each([
    ['nothing named', [], 2],
    ['no message', ['msg_x'], 2],
    ['nothing there', [showId('msg', id(9))], 3],
    ['in the hands of a worker', [shown(1, 2)], 3],
    ['an empty filter', ['--reason', ''], 2],
  ])('%s moves nothing', async (_, args, code) => {
    expect((await world.posthouse('queue', 'release', ...args)).code).toBe(code);
    expect(await states()).toContain('held local');
  });
});

describe('discard', () => {
  test('asks first: where nobody can be asked it wants --yes', async () => {
    const { code, err } = await world.posthouse('queue', 'discard', '--all');
    expect([code, err.join('\n')]).toEqual([2, expect.stringContaining('4 deliveries of 3.9 KiB')]);
    expect(await states()).not.toContain('discarded local');
  });

  test('is on the timeline, and the ledger stays balanced', async () => {
    expect((await world.posthouse('queue', 'discard', '--all', '--yes')).out).toEqual(['4 discarded']);
    expect(await states()).toEqual([
      'discarded local',
      'discarded local',
      'leased local',
      'discarded local',
      'discarded local',
    ]);
    expect((await world.posthouse('trace', shown(3).replace('#0', ''))).out.join('\n')).toMatch(
      /discarded +#0 +by the operator/,
    );
    expect(await world.posthouse('ledger')).toMatchObject({ code: 0 });
    expect((await world.posthouse('queue', 'list')).err).toEqual(['nothing is held or put off']);
  });
});
