/** The doctor on a house that is well, and on one that was hurt: the line, its remedy, the exit code, and that the remedy helps. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { maskUrl } from '#runtime';
import { freePort } from '#testing';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run } from '../../apps/cli/src/run.ts';
import { fakeTerminal } from '../../apps/cli/src/terminal.spec-helper.ts';
import { CliHouse } from './cli-house.ts';

let house: CliHouse;
let owner: pg.Client;
const proxies: Server[] = [];

beforeAll(async () => {
  house = await CliHouse.make();
  await house.up();
  owner = new pg.Client({ connectionString: house.record().databaseUrl });
  owner.on('error', () => undefined);
  await owner.connect();
});
afterAll(async () => {
  await owner.end();
  for (const proxy of proxies) proxy.close();
  await house.close();
});

async function doctor(settings: Record<string, string> = {}): Promise<{ code: number; lines: string[] }> {
  const terminal = fakeTerminal('', { POSTHOUSE_DATA_DIR: house.dataDir, ...settings });
  const code = await run(['doctor'], terminal);
  expect(terminal.complained).toEqual([]);
  return { code, lines: terminal.printed };
}

const failures = ({ lines }: { lines: readonly string[] }): string[] =>
  lines.filter((line) => !line.startsWith('ok    '));

const ROLES = ['ingress', 'worker', 'pop3', 'imap', 'api'];

test('a healthy house, line by line', async () => {
  const { code, lines } = await doctor();
  const { pid, databaseUrl = '', postgres } = house.record();
  const measured = lines.map((line) =>
    line
      .replace(/\d+\.\d [KMGT]iB free/, '# free')
      .replace(/\d+\.\d\d s (ahead|behind)/, '# s off')
      .replace(/\d+ octets/, '# octets'),
  );
  expect(measured).toEqual([
    `ok    house: running as process ${pid}`,
    ...['smtp', 'pop3', 'imap'].map((name) => `ok    ${name}: greets at 127.0.0.1 port ${house.port(name)}`),
    `ok    http: ready at 127.0.0.1 port ${house.port('http')}`,
    `ok    disk: # free in ${postgres?.cluster}`,
    'ok    doorbell: rings through PostgreSQL',
    `ok    database: ${maskUrl(databaseUrl)}, schema up to date`,
    ...ROLES.map((role) => `ok    role posthouse_${role}: connects`),
    'ok    durability: 250 survives a crash and a power cut; no standby confirms commits, so a fail-over may lose the last of them',
    'ok    clock: the database is # s off',
    'ok    postmaster: no mail is held',
    'ok    removals: none under way',
    'ok    aliases: none leads to another host',
    'ok    loopback mail: # octets through SMTP, POP3 and IMAP, unchanged',
    'ok    body write and read: # octets through SMTP, POP3 and IMAP, unchanged',
    'ok    clean-up: the mailbox of the examination is removed',
  ]);
  expect(code).toBe(0);
});

describe('roles', () => {
  test.each([
    ['imap', 'nologin', 'role "posthouse_imap" is not permitted to log in'],
    ['pop3', "password 'another'", 'password authentication failed for user "posthouse_pop3"'],
  ])('%s: alter role .. %s', async (role, change, words) => {
    await owner.query(`alter role posthouse_${role} ${change}`);
    const hurt = await doctor();
    expect(hurt.code).toBe(1);
    expect(failures(hurt)).toContain(
      `fail  role posthouse_${role}: ${words}  — run posthouse migrate: it makes the roles and sets their passwords`,
    );
    await house.posthouse('migrate');
    expect(failures(await doctor())).toEqual([]);
  });
});

test('a migration that did not run', async () => {
  const { rows } = await owner.query<{ name: string; timestamp: string }>(
    'delete from kysely_migration where name = (select max(name) from kysely_migration) returning *',
  );
  const [{ name, timestamp } = { name: '', timestamp: '' }] = rows;
  const hurt = await doctor();
  await owner.query('insert into kysely_migration (name, timestamp) values ($1, $2)', [name, timestamp]);
  expect([hurt.code, ...failures(hurt)]).toEqual([
    1,
    `fail  database: ${name} did not run yet  — run posthouse migrate`,
  ]);
});

describe('apps reached by settings, the database by URL', () => {
  /** What an operator gives who has no house.json here. */
  const settings = (): Record<string, string> => ({
    POSTHOUSE_DATA_DIR: join(house.folder, 'elsewhere'),
    POSTHOUSE_DATABASE_URL: house.record().databaseUrl ?? '',
    ...Object.fromEntries(
      ['smtp', 'pop3', 'imap', 'http'].map((name) => [
        `POSTHOUSE_${name.toUpperCase()}_PORT`,
        String(house.port(name)),
      ]),
    ),
  });

  /** In front of a listener; changes a word of what it says. */
  async function meddling(listener: string): Promise<number> {
    const proxy = createServer((client) => {
      const server = connect(house.port(listener), '127.0.0.1');
      client.on('error', () => undefined).pipe(server);
      server.on('error', () => undefined);
      server.on('data', (chunk) => {
        client.write(chunk.toString('latin1').replaceAll('from the doctor', 'from the d0ctor'), 'latin1');
      });
      server.on('end', () => client.end());
    });
    proxies.push(proxy);
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    return (proxy.address() as AddressInfo).port;
  }

  test('all is well', async () => {
    const { code, lines } = await doctor(settings());
    expect(lines[0]).toMatch(
      /^ok {4}house: none runs in \S+\/elsewhere, and the database is one by URL; connected: .*worker, pop3, imap/,
    );
    expect([code, ...failures({ lines })]).toEqual([0]);
  });

  test.each(['pop3', 'imap'])('octets that come back changed, over %s', async (name) => {
    const port = await meddling(name);
    const hurt = await doctor({ ...settings(), [`POSTHOUSE_${name.toUpperCase()}_PORT`]: String(port) });
    const remedy =
      'is a proxy or a scanner between us and our own ports? If not, it is a defect of ours: please report it';
    expect([hurt.code, ...failures(hurt)]).toEqual([
      1,
      ...['loopback mail', 'body write and read'].map(
        (what) => `fail  ${what}: ${name.toUpperCase()} gives other octets than were sent  — ${remedy}`,
      ),
    ]);
  });

  test('a listener that is not there', async () => {
    const port = await freePort();
    const hurt = await doctor({ ...settings(), POSTHOUSE_IMAP_PORT: String(port) });
    expect(hurt.code).toBe(1);
    expect(failures(hurt)).toEqual([
      `fail  imap: no greeting at 127.0.0.1 port ${port} (ECONNREFUSED)  — start it with npm run start:imap, or set POSTHOUSE_IMAP_PORT as it has it`,
      ...['loopback mail', 'body write and read'].map(
        (what) =>
          `fail  ${what}: IMAP does not answer at 127.0.0.1 port ${port} (ECONNREFUSED): is the house running? posthouse status  — posthouse status, then look into the log of the house`,
      ),
    ]);
  });

  test('another program at the port of one', async () => {
    const port = await meddling('pop3');
    const hurt = await doctor({ ...settings(), POSTHOUSE_SMTP_PORT: String(port) });
    expect(hurt.code).toBe(1);
    const said = /said ("\+OK .*") at/.exec(failures(hurt)[0] ?? '')?.[1] ?? '';
    expect(failures(hurt)).toEqual([
      `fail  smtp: said ${said} at 127.0.0.1 port ${port}  — another program is on this port: end it, or set POSTHOUSE_SMTP_PORT`,
      ...['loopback mail', 'body write and read'].map(
        (what) =>
          `fail  ${what}: SMTP refused: ${JSON.parse(said)}  — posthouse status, then look into the log of the house`,
      ),
    ]);
  });

  test('a database that does not answer ends the examination', async () => {
    const port = await freePort();
    const gone = { ...settings(), POSTHOUSE_DATABASE_URL: `postgres://o:p@127.0.0.1:${port}/posthouse` };
    const { code, lines } = await doctor(gone);
    expect(code).toBe(1);
    expect(lines[0]).toMatch(
      /^warn {2}house: none runs in .*; which apps are connected is not to be known {2}— see the findings about the database$/,
    );
    expect(failures({ lines }).slice(1)).toEqual([
      `fail  database: connect ECONNREFUSED 127.0.0.1:${port}  — check POSTHOUSE_DATABASE_URL, or look into postgres.log of the data folder`,
    ]);
    expect(lines.at(-1)).toMatch(/^fail {2}database: /);
  });
});
