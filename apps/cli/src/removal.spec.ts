/** Removals at the command line: what they say, ask and refuse, and how they are undone; and what is refused before it is asked. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cliWorld, type CliWorld } from './cli-world.spec-helper.ts';
import { connectHouse } from './open-house.ts';
import { run } from './run.ts';
import { fakeTerminal } from './terminal.spec-helper.ts';

let world: CliWorld;
beforeAll(async () => {
  world = await cliWorld();
  for (const name of ['zoe', 'anna', 'ben', 'cleo'])
    await world.posthouse('mailbox', 'add', `${name}@example.org`, '--no-password');
  await world.posthouse('mailbox', 'set', 'anna@example.org', '--add-address', 'old@example.org');
}, 120_000);
afterAll(() => world.drop());

test('a mailbox goes by its main address or its id alone', async () => {
  const { code, err } = await world.posthouse('mailbox', 'rm', 'OLD@example.org', '--yes');
  expect([code, err.join('\n')]).toEqual([
    4,
    expect.stringContaining('is a further address of mailbox anna@example.org'),
  ]);
  expect(err.join('\n')).toContain('mailbox set anna@example.org --rm-address');
  expect(await world.posthouse('mailbox', 'show', 'old@example.org')).toMatchObject({ code: 0 });
});

test('it says what goes and wants a word, says until when it can come back, and it comes back', async () => {
  const asked = await world.posthouse('mailbox', 'rm', 'Anna@example.org');
  expect([asked.code, asked.err.join('\n')]).toEqual([
    2,
    expect.stringMatching(
      /mailbox anna@example\.org is removed with 0 messages, 0 B, and with its addresses old@example\.org\n.*--yes/,
    ),
  ]);
  const gone = await world.posthouse('mailbox', 'rm', 'anna@example.org', '--yes');
  expect(gone.out.join('\n')).toMatch(
    /^removed mailbox anna@example\.org \(mbx_\w+\) with 0 messages, 0 B; all of it is kept until 20/,
  );
  expect((await world.posthouse('mailbox', 'removed')).out[1]).toMatch(/^anna@example\.org +mbx_/);
  const back = await world.posthouse('mailbox', 'restore', 'anna@example.org');
  expect([back.code, back.out.join('\n')]).toEqual([0, expect.stringContaining('old@example.org')]);
  expect(await world.posthouse('mailbox', 'restore', 'anna@example.org')).toMatchObject({ code: 3 });
  const json = (await world.posthouse('mailbox', 'rm', 'ben@example.org', '--yes', '--json')).out.map((line): unknown =>
    JSON.parse(line),
  );
  expect(json).toMatchObject([{ removed: 'ben@example.org', messages: 0, restorableUntil: expect.any(String) }]);
});

test.each([
  ['n\n', 2],
  ['', 2],
  ['y\n', 0],
])('on a terminal it asks: %j', async (answer, code) => {
  const terminal = fakeTerminal(answer, { POSTHOUSE_DATA_DIR: world.folder });
  Object.assign(terminal.input, { isTTY: true });
  const open = async () => connectHouse(world.db.ownerUrl);
  expect(await run(['mailbox', 'rm', 'cleo@example.org'], terminal, { open })).toBe(code);
});

test('a list is sorted, over its pages, and shows every address', async () => {
  const { out } = await world.posthouse('mailbox', 'list');
  expect(out.slice(1).map((line) => line.split(' ')[0])).toEqual(['anna@example.org', 'zoe@example.org']);
  expect(out[1]).toContain('old@example.org');
  const rows = Array.from({ length: 600 }, (_, at) => `m${String((at * 7) % 600).padStart(3, '0')}@many.test,,`);
  await world.posthouse('domain', 'add', 'many.test');
  const file = join(world.folder, 'many.csv');
  await writeFile(file, ['address,password,quota', ...rows.slice(0, 3)].join('\n'));
  await world.db.owner.query(
    `insert into mailbox (tenant_id, id, domain_id, name) select d.tenant_id, gen_random_uuid(), d.id, 'm' || lpad(((n * 7) % 600)::text, 3, '0') || '@many.test'
       from domain d, generate_series(0, 599) n where d.name = 'many.test'`,
  );
  const names = (await world.posthouse('mailbox', 'list', '--domain', 'many.test', '--json')).out.map(
    (line) => (JSON.parse(line) as { name: string }).name,
  );
  expect(names).toHaveLength(600);
  expect(names).toEqual([...names].sort());
});

test('a domain says what goes with it', async () => {
  const { code, err } = await world.posthouse('domain', 'rm', 'many.test', '--cascade');
  expect([code, err.join('\n')]).toEqual([
    2,
    expect.stringContaining('domain many.test is removed with 600 mailboxes (0 messages, 0 B), 0 aliases'),
  ]);
  expect((await world.posthouse('domain', 'rm', 'many.test', '--cascade', '--yes')).out.join('\n')).toMatch(
    /^removed domain many\.test with 600 mailboxes/,
  );
});

test('an import takes sizes as people write them, standard input, and makes passwords', async () => {
  const csv =
    'address,password,quota\nann2@example.org,,1g\nbob2@example.org,hunter2,\ncid2@example.org,{SHA512-CRYPT}$6$abc$defgh,\n';
  const { code, out, err } = await world.posthouseWith(csv, 'mailbox', 'import', '-', '--generate-passwords');
  expect(code).toBe(1);
  expect(out).toEqual([expect.stringMatching(/^ann2@example\.org,[a-z2-9-]{23}$/), '2 mailbox(es) imported, 1 failed']);
  expect(err.join('\n')).toMatch(/row 4 .*looks like a hash/);
  const shown = JSON.parse(
    (await world.posthouse('mailbox', 'show', 'ann2@example.org', '--json')).out[0] ?? '',
  ) as object;
  expect(shown).toMatchObject({ quotaOctets: 1024 ** 3, hasPassword: true });
  const des =
    'address,password,quota\nx1@example.org,ab01FAX.bQRSU,\nx2@example.org,rl.3StKT.4T8M,\nx3@example.org,CCNf8Sbh3HDfQ,\n';
  expect(await world.posthouseWith(des, 'mailbox', 'import', '-')).toMatchObject({ code: 2, out: [] });
});

test.each([
  [['mailbox', 'add', 'new@example.org', '--password', 'hunter2'], 'is not taken as an argument'],
  [['mailbox', 'add', 'new@example.org', '--password=hunter2'], 'is not taken as an argument'],
  [['mailbox', 'set', 'zoe@example.org', '--password', 'hunter2'], 'is not taken as an argument'],
  [['mailbox', 'add', 'bob'], 'bob'],
  [['mailbox', 'add', 'x@nowhere.test'], 'there is no domain nowhere.test'],
  [['mailbox', 'add', 'zoe@example.org'], 'zoe@example.org'],
  [['trace', 'zoe@example.org', '--limit', '-5'], 'out of range'],
  [['trace', 'zoe@example.org', '--limit', '0'], 'out of range'],
  [['trace', 'zoe@example.org', '--limit', '51'], 'out of range'],
])('%j says what is wrong, and asks for nothing', async (args, words) => {
  const { code, err } = await world.posthouse(...args);
  expect(code).toBeGreaterThan(1);
  expect(err.join('\n')).toContain(words);
  expect(err.join('\n')).not.toMatch(/hunter2|--no-password|Password for/);
});

test('a hash on standard input is no password either', async () => {
  const args = ['mailbox', 'set', 'zoe@example.org', '--password-stdin'];
  expect(await world.posthouseWith('$2y$10$abcdefghijklmnopqrstuv\n', ...args)).toMatchObject({ code: 2 });
});
