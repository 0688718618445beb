import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import argon2 from 'argon2';
import { oldPostgres } from '#testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cliWorld, type CliWorld } from './cli-world.spec-helper.ts';
import { run } from './run.ts';
import { fakeTerminal } from './terminal.spec-helper.ts';

let world: CliWorld;
let db: CliWorld['db'];
let folder: CliWorld['folder'];
let posthouse: CliWorld['posthouse'];
let posthouseWith: CliWorld['posthouseWith'];
beforeAll(async () => {
  world = await cliWorld();
  ({ db, folder, posthouse, posthouseWith } = world);
}, 120_000);
afterAll(() => world.drop());

describe('domains, mailboxes and aliases', () => {
  test('from nothing to a mailbox, shown as facts and as JSON', async () => {
    expect((await posthouse('tenant', 'add', 'acme', '--json')).out.map((line) => JSON.parse(line))).toMatchObject([
      { id: expect.stringMatching(/^ten_/), name: 'acme', parent: 'root' },
    ]);
    expect(await posthouse('domain', 'add', 'BÜCHER.example', '--tenant', 'acme', '--separators', '+-')).toMatchObject({
      code: 0,
    });
    const made = await posthouseWith(
      'secret\n',
      'mailbox',
      'add',
      'Bob@bücher.example',
      '--tenant',
      'acme',
      '--quota',
      '1g',
      '--password-stdin',
      '--json',
    );
    expect(made.code).toBe(0);
    expect(JSON.parse(made.out[0] ?? '')).toMatchObject({
      name: 'bob@xn--bcher-kva.example',
      quotaOctets: 1024 ** 3,
      hasPassword: true,
    });
    const list = await posthouse('mailbox', 'list', '--tenant', 'acme');
    expect(list.out).toEqual([
      'MAILBOX                    STATE   PASSWORD  MESSAGES  USED  QUOTA    FURTHER ADDRESSES',
      'bob@xn--bcher-kva.example  active  set              0  0 B   1.0 GiB  -',
    ]);
    expect(
      (
        await posthouse(
          'mailbox',
          'set',
          'bob@bücher.example',
          '--tenant',
          'acme',
          '--state',
          'no-login',
          '--quota',
          'none',
          '--no-password',
        )
      ).out.join('\n'),
    ).toContain('none: nobody can log in');
    expect((await posthouse('domain', 'rm', 'bücher.example', '--tenant', 'acme')).code).toBe(4);
    expect((await posthouse('domain', 'rm', 'bücher.example', '--tenant', 'acme', '--cascade', '--yes')).code).toBe(0);
    expect((await posthouse('tenant', 'rm', 'acme', '--yes')).code).toBe(0);
  });

  test('a list is one JSON object a line, over all pages', async () => {
    await db.owner.query(
      "insert into tenant (id, parent_id, path, name) select gen_random_uuid(), '00000000-0000-7000-8000-000000000000', '{}', 'many-' || n from generate_series(1, 600) n",
    );
    await db.owner.query("update tenant set path = array[parent_id, id] where name like 'many-%'");
    const { out } = await posthouse('tenant', 'list', '--json');
    expect(out.map((line) => (JSON.parse(line) as { name: string }).name)).toHaveLength(601);
    await db.owner.query("delete from tenant where name like 'many-%'");
  });

  test('an alias leads to several places', async () => {
    await posthouse('mailbox', 'add', 'al@example.org', '--no-password');
    const elsewhere = (target: string): string =>
      `posthouse: warning: ${target} is at another host: remote delivery is not part of this release: the message waits`;
    const { code, out, err } = await posthouse('alias', 'add', 'team@example.org', 'al@example.org', 'x@far.example');
    expect({ code, err }).toEqual({ code: 0, err: [elsewhere('x@far.example')] });
    expect(out.slice(3, 5)).toEqual(['leads to  al@example.org', 'leads to  x@far.example']);
    expect((await posthouse('alias', 'list', '--json')).out.map((line) => JSON.parse(line))).toMatchObject([
      { name: 'team@example.org', targets: ['al@example.org', 'x@far.example'] },
    ]);
    const set = await posthouse('alias', 'set', 'team@example.org', 'y@far.example', 'y@example.org.example');
    expect(set).toMatchObject({ code: 0, err: ['y@far.example', 'y@example.org.example'].map(elsewhere) });
    expect((await posthouse('alias', 'set', 'team@example.org', 'al@EXAMPLE.org')).err).toEqual([]);
    expect((await posthouse('alias', 'rm', 'team@example.org')).code).toBe(0);
    expect((await posthouse('alias', 'show', 'team@example.org')).err).toEqual([
      'posthouse: there is no alias team@example.org',
    ]);
  });

  test('a password is never printed', async () => {
    const { out, err } = await posthouseWith(
      'hunter22\n',
      'mailbox',
      'add',
      'quiet@example.org',
      '--password-stdin',
      '--debug',
    );
    expect([...out, ...err].join('\n')).not.toMatch(/hunter22|argon2/);
  });
});

describe('bad input has an exact answer and its exit code', () => {
  test.each<[string[], number, string]>([
    [['domain', 'add', 'a\r\nb.example'], 2, 'posthouse: the argument 3 holds a control character (CR)'],
    [['explain', 'bob@example.org\n'], 2, 'posthouse: the argument 2 holds a control character (LF)'],
    [
      ['mailbox', 'add', `${'x'.repeat(988)}@example.org`, '--no-password'],
      2,
      'posthouse: the address has 1000 octets; at most 254 are allowed',
    ],
    [['mailbox', 'add', 'bob', '--no-password'], 2, 'posthouse: "bob" is no address: expected local-part@domain'],
    [
      ['mailbox', 'add', 'sales%eu@example.org', '--no-password'],
      2,
      'posthouse: "sales%eu@example.org" would get no mail: port 25 refuses every address with % or ! before the @ as a route',
    ],
    [
      ['alias', 'add', 'a!b@example.org', 'bob@example.org'],
      2,
      'posthouse: "a!b@example.org" would get no mail: port 25 refuses every address with % or ! before the @ as a route',
    ],
    [
      ['alias', 'add', 'team\u200b-default@example.org', 'bob@example.org'],
      2,
      String.raw`posthouse: "team\u200b-default@example.org" would get no mail: port 25 refuses every address with an invisible or misleading character (U+200B)`,
    ],
    [
      ['mailbox', 'add', 'bob@nowhere.example', '--no-password'],
      3,
      'posthouse: there is no domain nowhere.example: add it with posthouse domain add nowhere.example',
    ],
    [
      ['mailbox', 'add', 'bob@example.org'],
      2,
      'posthouse: no password: give it with --password-stdin, or run the command on a terminal',
    ],
    [['mailbox', 'show', '__proto__@example.org'], 3, 'posthouse: there is no mailbox __proto__@example.org'],
    [['mailbox', 'set', 'bob@example.org'], 2, 'posthouse: nothing to change: see posthouse mailbox set --help'],
    [['domain', 'add', 'EXAMPLE.org'], 4, 'posthouse: domain example.org is hosted here already'],
    [['tenant', 'show', 'constructor'], 3, 'posthouse: there is no tenant "constructor"'],
    [['tenant', 'rm', 'default'], 4, 'posthouse: tenant default belongs to the house and stays; suspend it instead'],
    [['domain', 'set', 'example.org'], 2, 'posthouse: nothing to change: give --state or --separators'],
    [
      ['mailbox', 'add', 'q@example.org', '--quota', '1 gb'],
      2,
      "posthouse: option '--quota <octets>' argument '1 gb' is invalid. \"1 gb\" is no quota: give octets from 0 to 9007199254740991, such as 500m or 1g, or none.",
    ],
    [['domian', 'add'], 2, "posthouse: unknown command 'domian' (Did you mean domain?)"],
    [['explain', 'bob'], 2, 'posthouse: "bob" is no address: expected local-part@domain'],
  ])('%j', async (args, code, line) => {
    expect(await posthouse(...args)).toEqual({ code, out: [], err: [line] });
  });

  test('a password of 10,000 characters', async () => {
    expect(await posthouseWith('x'.repeat(10_000), 'mailbox', 'add', 'long@example.org', '--password-stdin')).toEqual({
      code: 2,
      out: [],
      err: ['posthouse: the password has 10000 octets; at most 1024 are allowed'],
    });
  });

  test('unknown settings are refused before anything is done', async () => {
    const terminal = fakeTerminal('', { POSTHOUSE_SMTP_PROT: '25' });
    expect(await run(['status'], terminal)).toBe(2);
    expect(terminal.complained.join('\n')).toContain('did you mean POSTHOUSE_SMTP_PORT?');
  });

  test('a generated password is shown once, logs in, and is in no other answer', async () => {
    const [made, changed] = [
      await posthouse('mailbox', 'add', 'gen@example.org', '--generate-password', '--json'),
      await posthouse('mailbox', 'set', 'gen@example.org', '--generate-password'),
    ];
    const { password } = JSON.parse(made.out[0] ?? '') as { password: string };
    expect(password).toMatch(/^[a-z2-9]{5}(-[a-z2-9]{5}){3}$/);
    const fact = changed.out.find((line) => line.startsWith('password')) ?? '';
    expect(fact).toMatch(/^password {2}[a-z2-9-]{23} {2}\(write it down: it is not shown again\)$/);
    const { rows } = await db.owner.query<{ hash: string }>('select hash from credential');
    const second = /[a-z2-9-]{23}/.exec(fact)?.[0] ?? '';
    expect(await Promise.all(rows.map(({ hash }) => argon2.verify(hash, second)))).toContain(true);
    expect(
      JSON.parse((await posthouse('mailbox', 'show', 'gen@example.org', '--json')).out[0] ?? ''),
    ).not.toHaveProperty('password');
  });

  test.each(['--no-password', '--password-stdin'])('it cannot be had together with %s', async (other) => {
    const refused = await posthouse('mailbox', 'add', 'gen2@example.org', '--generate-password', other);
    expect(refused).toMatchObject({ code: 2, out: [], err: [expect.stringContaining('cannot be used with')] });
  });

  test('a database that is too old is refused in words', async () => {
    const { url, close } = await oldPostgres('140009');
    const terminal = fakeTerminal('', { POSTHOUSE_DATA_DIR: folder, POSTHOUSE_DATABASE_URL: url });
    expect(await run(['migrate'], terminal)).toBe(5);
    expect(terminal.complained).toEqual([
      expect.stringMatching(/^posthouse: the database is PostgreSQL 14, and the oldest that will do is 15: /),
    ]);
    close();
  });

  test('a database that is away is exit code 5, in one line', async () => {
    const terminal = fakeTerminal('', {
      POSTHOUSE_DATA_DIR: folder,
      POSTHOUSE_DATABASE_URL: 'postgres://posthouse:secret@127.0.0.1:1/posthouse',
    });
    expect(await run(['tenant', 'list'], terminal)).toBe(5);
    expect(terminal.complained).toHaveLength(1);
    expect(terminal.complained[0]).toMatch(/^posthouse: the database cannot be reached/);
    expect(terminal.complained[0]).not.toContain('secret');
  });
});

describe('import', () => {
  async function csv(text: string): Promise<string> {
    const path = join(folder, 'mailboxes.csv');
    await writeFile(path, text);
    return path;
  }

  const MIXED = [
    'address,password,quota',
    'i1@example.org,pw1,',
    'i2@example.org,"p,w""2",1000',
    'broken,pw,',
    'i1@example.org,pw,',
    'i3@example.org,,',
    'i4@example.org,pw,lots',
    'i5@example.org,pw',
    'i6@nowhere.example,pw,',
    'i7\u202e@example.org,pw,',
  ].join('\r\n');

  const COMPLAINTS = [
    'row 4 ("broken"): "broken" is no address: expected local-part@domain',
    'row 5 ("i1@example.org"): i1@example.org is an address of a mailbox already',
    'row 6 ("i3@example.org"): the password is empty',
    'row 7 ("i4@example.org"): the quota "lots" is no number of octets, and none such as 500m or 1g',
    'row 8 ("i5@example.org"): the row has 2 field(s), not 3',
    'row 9 ("i6@nowhere.example"): there is no domain nowhere.example: add it with posthouse domain add nowhere.example',
    String.raw`row 10 ("i7\u202e@example.org"): "i7\u202e@example.org" would get no mail: port 25 refuses every address with an invisible or misleading character (U+202E)`,
  ];

  test('a dry run reports and makes nothing; the real run makes the good rows', async () => {
    const file = await csv(MIXED);
    expect(await posthouse('mailbox', 'import', file, '--dry-run')).toEqual({
      code: 1,
      out: ['2 mailbox(es) would be imported, 7 failed'],
      err: COMPLAINTS,
    });
    expect((await posthouse('mailbox', 'show', 'i1@example.org')).code).toBe(3);
    expect(await posthouse('mailbox', 'import', file)).toEqual({
      code: 1,
      out: ['2 mailbox(es) imported, 7 failed'],
      err: COMPLAINTS,
    });
    expect(JSON.parse((await posthouse('mailbox', 'show', 'i2@example.org', '--json')).out[0] ?? '')).toMatchObject({
      quotaOctets: 1000,
      hasPassword: true,
    });
  }, 30_000);

  test.each([
    ['', 2, 'posthouse: the first row must be address,password,quota'],
    ['a,b,c\n', 2, 'posthouse: the first row must be address,password,quota'],
  ])('a file with %j', async (text, code, line) => {
    expect(await posthouse('mailbox', 'import', await csv(text))).toEqual({ code, out: [], err: [line] });
  });

  test('a file that is not there, or not UTF-8', async () => {
    expect((await posthouse('mailbox', 'import', join(folder, 'none.csv'))).code).toBe(3);
    const path = join(folder, 'latin1.csv');
    await writeFile(path, Buffer.from([0x61, 0xe9, 0x0a]));
    expect((await posthouse('mailbox', 'import', path)).err[0]).toContain('it is not UTF-8: convert it');
  });

  test('several batches', async () => {
    const rows = Array.from({ length: 450 }, (_, at) => `bulk${at}@example.org,pw,`);
    const file = await csv(['address,password,quota', ...rows].join('\n'));
    expect((await posthouse('mailbox', 'import', file, '--dry-run')).out).toEqual([
      '450 mailbox(es) would be imported, 0 failed',
    ]);
  }, 30_000);
});

describe('without a running house', () => {
  test('send names the port that does not answer', async () => {
    const terminal = fakeTerminal('hello', { POSTHOUSE_DATA_DIR: folder, POSTHOUSE_SMTP_PORT: '1' });
    expect(await run(['send', '--to', 'a@example.org', '-'], terminal)).toBe(5);
    expect(terminal.complained).toEqual([
      'posthouse: SMTP does not answer at 127.0.0.1 port 1 (ECONNREFUSED): is the house running? posthouse status',
    ]);
  });

  test('the version is that of the package', async () => {
    const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
    expect(await posthouse('--version')).toEqual({ code: 0, out: [version], err: [] });
  });

  test('help is no failure', async () => {
    const { code, out } = await posthouse();
    expect(code).toBe(0);
    expect(out.join('\n')).toContain('Commands:');
  });
});
