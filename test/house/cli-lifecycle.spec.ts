/** How a house begins and ends, whoever ends it. */
import { connect, createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { houseHolder } from '#runtime';
import { freePort, LineClient, SmtpTalk } from '#testing';
import { afterEach, expect, test } from 'vitest';
import { STEPS } from '../../apps/cli/src/first-steps.ts';
import { CliHouse, ROOT } from './cli-house.ts';
import { until } from './smtp-house.ts';

const houses: CliHouse[] = [];
async function newHouse(settings: Record<string, string> = {}): Promise<CliHouse> {
  const house = await CliHouse.make(settings);
  houses.push(house);
  return house;
}
afterEach(async () => {
  await Promise.all(houses.splice(0).map((house) => house.close()));
});

/** The pid in the database's own pid file; where this suite runs the cluster is always in the data folder. */
const postmaster = async ({ dataDir }: CliHouse): Promise<number> =>
  Number((await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8')).split('\n')[0]);

test('while no house runs, commands start its database for themselves, one after the other', async () => {
  const house = await newHouse();
  await house.posthouse('migrate');
  expect(await house.run(['status'])).toMatchObject({ code: 5, out: expect.stringContaining('house  not running in') });
  expect(await house.posthouse('down')).toContain('no house is running in');
  expect(await house.posthouse('domain', 'add', 'example.test')).toContain('example.test');
  const [one, two, up] = await Promise.all([
    house.run(['mailbox', 'add', 'one@example.test', '--no-password']),
    house.run(['mailbox', 'add', 'two@example.test', '--no-password']),
    house.up(),
  ]);
  expect([one.code, one.err, two.code, two.err]).toEqual([0, '', 0, '']);
  expect(await house.json('mailbox', 'list')).toHaveLength(2);
  expect(await up.stop()).toBe(0);
  expect(houseHolder(house.dataDir)).toBeUndefined();
});

test('the way to the first mail works pasted at once, as the README has it', async () => {
  const house = await newHouse();
  const up = await house.up();
  expect(up.out).toContain(STEPS.map((line) => `  ${line}\n`).join(''));
  expect(await readFile(join(ROOT, 'README.md'), 'utf8')).toContain(STEPS.map((line) => `${line}\n`).join(''));
  const posthouse = `'${process.execPath}' '${join(ROOT, 'bin', 'posthouse.js')}'`;
  // Whatever lies in the input for the shell, a command that reads it would take away.
  const { code, out, err } = await house.shell(`set -e\n${STEPS.join('\n').replaceAll('npx posthouse', posthouse)}\n`);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toMatch(/^password +[a-z2-9]{5}(-[a-z2-9]{5}){3} {2}\(write it down: it is not shown again\)$/m);
  expect(out).toMatch(/^250 2\.0\.0 queued as msg_/m);
  expect(out).toMatch(/^Message-ID /m);
});

const hasLoopbackNet = process.platform === 'linux';
if (!hasLoopbackNet)
  console.log('SKIPPED: mail ports open to all, HTTP not (127.0.0.2 is an address of its own on Linux only)');

test.runIf(hasLoopbackNet)('mail ports open to all leave HTTP where it was', async () => {
  const house = await newHouse({ POSTHOUSE_BIND: '0.0.0.0' });
  const up = await house.up();
  expect(up.out).toMatch(/^SMTP +0\.0\.0\.0:.*$/m);
  expect(up.out).toMatch(/^HTTP +127\.0\.0\.1:.*$/m);
  const smtp = connect(house.port('smtp'), '127.0.0.2');
  await once(smtp, 'data');
  smtp.destroy();
  await expect(once(connect(house.port('http'), '127.0.0.2'), 'connect')).rejects.toThrow('ECONNREFUSED');
  expect((await house.fetch('/health/live')).status).toBe(200);
});

test('taken ports are named with their settings, all at once, and nothing is left running', async () => {
  const house = await newHouse();
  const settings = ['POSTHOUSE_IMAP_PORT', 'POSTHOUSE_POP3_PORT', 'POSTHOUSE_HTTP_PORT'];
  const taken = settings.map(() => createServer().listen(0, '127.0.0.1'));
  const ports = await Promise.all(
    taken.map(async (server) => {
      await once(server, 'listening');
      return String((server.address() as AddressInfo).port);
    }),
  );
  const refused = await house.run(['up'], '', Object.fromEntries(settings.map((name, at) => [name, ports[at] ?? ''])));
  expect(refused.code).toBe(5);
  expect(refused.err.match(/POSTHOUSE_\w+ \d+ is taken on 127\.0\.0\.1/g)).toEqual(
    settings.map((name, at) => `${name} ${ports[at]} is taken on 127.0.0.1`),
  );
  expect(houseHolder(house.dataDir)).toBeUndefined();
  await expect(readFile(join(house.dataDir, 'postgres', 'postmaster.pid'))).rejects.toThrow('ENOENT');
  for (const server of taken) server.close();
  const up = await house.up({ POSTHOUSE_POP3_PORT: ports[1] ?? '' });
  expect(house.port('pop3')).toBe(Number(ports[1]));
  expect(await up.stop()).toBe(0);
});

test('kill -9 of the house leaves nothing that hinders the next start', async () => {
  const house = await newHouse();
  const first = await house.up();
  await house.posthouse('domain', 'add', 'example.test');
  const orphan = await postmaster(house);
  process.kill(house.record().pid, 'SIGKILL');
  await first.ended;
  expect(await postmaster(house)).toBe(orphan);
  const second = await house.up();
  expect(second.out).toContain('going on with the database server that an earlier run left behind');
  expect(await postmaster(house)).toBe(orphan);
  expect(await house.posthouse('domain', 'list')).toContain('example.test');
  expect(await second.stop()).toBe(0);
});

test('a signal during the start is obeyed: the database does not stay behind', async () => {
  const house = await newHouse();
  const up = house.spawn('posthouse.js', ['up']);
  await until(async () => houseHolder(house.dataDir));
  await up.says('"making the database folder"');
  expect(await up.stop('SIGINT')).toBe(0);
  expect(houseHolder(house.dataDir)).toBeUndefined();
  await expect(readFile(join(house.dataDir, 'postgres', 'postmaster.pid'))).rejects.toThrow('ENOENT');
});

test('SIGTERM lets a mail in hand be finished, and takes no new one', async () => {
  const house = await newHouse();
  const up = await house.up();
  await house.posthouse('domain', 'add', 'example.test');
  await house.posthouse('mailbox', 'add', 'you@example.test', '--no-password');
  const busy = await SmtpTalk.open(house.port('smtp'), 'client.test');
  const idle = await SmtpTalk.open(house.port('smtp'), 'client.test');
  await busy.envelope('me@far.example', ['you@example.test']);
  expect(await busy.say('DATA')).toMatch(/^354/);
  await busy.client.send('Subject: half\r\n\r\nthe first half\r\n');
  const port = house.port('smtp');
  up.child.kill('SIGTERM');
  expect(await idle.reply()).toMatch(/^421 4\.3\.2/);
  await expect(LineClient.connect(port)).rejects.toThrow('ECONNREFUSED');
  await busy.client.send('the second half\r\n.\r\n');
  expect(await busy.reply()).toMatch(/^250 2\.0\.0 queued as msg_/);
  expect(await busy.say('NOOP')).toMatch(/^421/);
  expect(await up.ended).toBe(0);
  expect(await house.json('ledger')).toMatchObject([{ accepted: 1, balanced: true }]);
});

test('a database that dies is started again: not ready until then, and nothing else is lost', async () => {
  const house = await newHouse();
  await house.up();
  const { pid, listeners } = house.record();
  for (let deaths = 0; deaths < 3; deaths++) {
    process.kill(await postmaster(house), 'SIGKILL');
    const away = await until(async () => {
      const response = await house.fetch('/health/ready');
      const { failing } = (await response.json()) as { failing?: Record<string, string> };
      return response.status === 503 ? failing : undefined;
    });
    expect(Object.keys(away)).toContain('database as posthouse_ingress');
    for (const path of ['/health/live', '/metrics']) {
      const response = await house.fetch(path);
      expect([path, response.status]).toEqual([path, 200]);
      await response.text();
    }
    await until(async () => {
      const response = await house.fetch('/health/ready');
      await response.text();
      return response.status === 200 ? true : undefined;
    });
  }
  expect(house.record()).toMatchObject({ pid, listeners });
});

test('the apps run as processes of their own beside the database', async () => {
  const house = await newHouse();
  const early = house.spawn('start.js', ['smtp']);
  expect(await early.ended).toBe(1);
  expect(early.err).toContain('start one with "npx posthouse database"');
  const database = house.spawn('posthouse.js', ['database']);
  await database.says('The database of the house is up');
  const ports = new Map<string, number>();
  const apps = await Promise.all(
    ['smtp', 'worker', 'worker', 'pop3', 'imap', 'api'].map(async (name) => {
      const app = house.spawn('start.js', [name], { POSTHOUSE_LOG_FORMAT: 'json' });
      await app.says('"serving"');
      const line = app.out.split('\n').find((text) => text.includes('"serving"')) ?? '{}';
      const { listeners } = JSON.parse(line) as { listeners: Record<string, number> };
      for (const [listener, port] of Object.entries(listeners)) ports.set(listener, port);
      return app;
    }),
  );
  expect([...ports.keys()].sort()).toEqual(['http', 'imap', 'pop3', 'smtp']);
  const status = await house.posthouse('status');
  expect(status).toMatch(
    /^house +the database runs alone, as process \d+ since \S+; where apps listen that are processes of their own is not known here$/m,
  );
  expect(status).toMatch(/^connected +smtp, worker, pop3, imap, api$/m);
  const down = await house.run(['down']);
  expect(down).toMatchObject({ code: 4, out: '' });
  expect(down.err).toMatch(/runs the database alone, and smtp, worker, pop3, imap, api use it: stop them first/);
  await house.posthouse('domain', 'add', 'example.test');
  await house.posthouse('mailbox', 'add', 'you@example.test', '--no-password');
  const talk = await SmtpTalk.open(ports.get('smtp') ?? 0, 'client.test');
  expect(await talk.mail('me@far.example', ['you@example.test'], 'Subject: hi\r\n\r\nhi\r\n')).toMatch(/^250/);
  await until(async () =>
    (await house.posthouse('trace', 'you@example.test')).includes('INBOX, UID 1') ? true : undefined,
  );
  const ready = await house.fetch('/health/ready', ports.get('http'));
  expect([ready.status, await ready.json()]).toMatchObject([200, { checks: ['database as posthouse_api'] }]);
  const settings = [...ports].map(([name, port]) => [`POSTHOUSE_${name.toUpperCase()}_PORT`, String(port)]);
  const well = await house.run(['doctor'], '', Object.fromEntries(settings) as Record<string, string>);
  expect(well.out).toMatch(
    /^ok {4}house: the database runs alone, as process \d+; connected: smtp, worker, pop3, imap, api$/m,
  );
  expect([well.code, well.out.split('\n').filter((line) => /^(warn|fail)/.test(line))]).toEqual([0, []]);
  expect(await Promise.all(apps.map((app) => app.stop()))).toEqual(apps.map(() => 0));
  expect(await house.posthouse('status')).toMatch(/^connected +no app$/m);
  expect((await house.posthouse('doctor')).split('\n').filter((line) => line.startsWith('warn'))).toEqual([
    `warn  house: the database runs alone, as process ${house.record().pid}; no app is connected  — start the apps with npm run start:smtp and so on`,
    'warn  mail: not tried  — start the house and run posthouse doctor again',
  ]);
  expect(await house.posthouse('down')).toContain('which ran the database alone');
  expect(await database.ended).toBe(0);
});

test('apps outlive kill -9 of their database, and find the next one', async () => {
  const house = await newHouse();
  const first = house.spawn('posthouse.js', ['database']);
  await first.says('The database of the house is up');
  const port = await freePort();
  const smtp = house.spawn('start.js', ['smtp'], { POSTHOUSE_SMTP_PORT: String(port) });
  await smtp.says('serving');
  await house.posthouse('domain', 'add', 'example.test');
  await house.posthouse('mailbox', 'add', 'you@example.test', '--no-password');
  process.kill(house.record().pid, 'SIGKILL');
  await first.ended;
  const second = house.spawn('posthouse.js', ['database']);
  await second.says('The database of the house is up');
  // The first tries may meet connections of the old server: those are answered 451.
  await until(async () => {
    const talk = await SmtpTalk.open(port, 'client.test');
    const [, refused] = await talk.envelope('me@far.example', ['you@example.test']);
    await talk.quit();
    return refused?.startsWith('250') ? true : undefined;
  });
  expect(await smtp.stop()).toBe(0);
  expect(await second.stop()).toBe(0);
});

test('an app alone serves its own health and figures where it is told to', async () => {
  const house = await newHouse();
  const database = house.spawn('posthouse.js', ['database']);
  await database.says('The database of the house is up');
  const port = await freePort();
  const worker = house.spawn('start.js', ['worker'], { POSTHOUSE_HEALTH_PORT: String(port) });
  await worker.says('"serving"');
  const ready = await house.fetch('/health/ready', port);
  expect([ready.status, await ready.json()]).toMatchObject([200, { checks: ['database as posthouse_worker'] }]);
  expect(await (await house.fetch('/metrics', port)).text()).toContain('# TYPE posthouse_deliveries_total counter');
  expect(await worker.stop()).toBe(0);
  expect(await database.stop()).toBe(0);
});
