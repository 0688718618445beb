/** RFC 1939 4: a maildrop is one session's, as long as that session's process lives. Real processes, ended without a word. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CliHouse } from '../house/cli-house.ts';
import { BuiltHouse, DOMAIN, PASSWORD } from './built.ts';
import { OctetClient } from './octet-client.ts';
import { Pop3Talk } from './pop3-talk.ts';
import { FREE_WITHIN, promptly } from './promptly.ts';

const IN_USE = '-ERR [IN-USE] maildrop is open in another session';

let house: BuiltHouse;
beforeAll(async () => {
  house = await BuiltHouse.start({ apps: ['pop3'] });
});
afterAll(() => house?.stop());

/** The answer to PASS. */
async function logIn(port: number, address: string): Promise<string> {
  const client = await OctetClient.connect(port);
  await client.line();
  client.send(`USER ${address}\r\nPASS ${PASSWORD}\r\nQUIT\r\n`);
  await client.line();
  const answer = await client.line();
  client.drop();
  return answer;
}

/** Milliseconds until it is let in; every other answer must be that the maildrop is in use. */
async function untilLetIn(port: number, address: string): Promise<number> {
  const began = performance.now();
  for (;;) {
    const answer = await logIn(port, address);
    if (answer.startsWith('+OK')) return performance.now() - began;
    expect(answer).toBe(IN_USE);
    if (performance.now() - began > 30_000) return Infinity;
  }
}

test('killed: its maildrops are free in another process within a second, and those of living ones are not', async () => {
  const [reader, bystander] = [`killed@${DOMAIN}`, `living@${DOMAIN}`];
  await house.mailbox(reader);
  await house.mailbox(bystander);
  const living = await Pop3Talk.open(house.ports.pop3, bystander);
  await promptly(FREE_WITHIN, async () => {
    const { port, app } = await house.beside('pop3');
    await Pop3Talk.open(port, reader);
    expect(await logIn(house.ports.pop3, reader)).toBe(IN_USE);
    await app.kill();
    const took = await untilLetIn(house.ports.pop3, reader);
    expect(await logIn(house.ports.pop3, bystander)).toBe(IN_USE);
    return took;
  });
  await living.quit();
});

test('killed and started again: the next process lets the first who comes in', async () => {
  const reader = `restarted@${DOMAIN}`;
  await house.mailbox(reader);
  const { port, app } = await house.beside('pop3');
  await Pop3Talk.open(port, reader);
  await app.kill();
  await app.start();
  expect(await logIn(port, reader)).toMatch(/^\+OK/);
  await app.kill();
});

test('frozen: its maildrop stays its own until the lease has run out; thawed, it deletes nothing and ends', async () => {
  const reader = `frozen@${DOMAIN}`;
  const mailbox = await house.mailbox(reader);
  const { port, app } = await house.beside('pop3');
  const holder = await Pop3Talk.open(port, reader);
  app.freeze();
  for (let turn = 0; turn < 3; turn++) expect(await logIn(house.ports.pop3, reader)).toBe(IN_USE);
  await house.rows(`update maildrop_lock set lease_until = now() - interval '1 second' where mailbox_id = $1`, [
    mailbox,
  ]);
  const next = await Pop3Talk.open(house.ports.pop3, reader);
  app.thaw();
  await holder.ask('NOOP');
  expect(await logIn(port, reader)).toBe(IN_USE);
  await next.quit();
  holder.client.drop();
  await app.kill();
});

test('a session of the database that is ended under a living process takes nothing from it', async () => {
  const reader = `cut@${DOMAIN}`;
  await house.mailbox(reader);
  const holder = await Pop3Talk.open(house.ports.pop3, reader);
  const { port, app } = await house.beside('pop3');
  await house.rows(
    `select pg_terminate_backend(pid) from pg_stat_activity
      where usename = 'posthouse_pop3' and datname = current_database() and pid <> pg_backend_pid()`,
  );
  expect(await logIn(port, reader)).toMatch(/^-ERR \[(IN-USE|SYS\/TEMP)\]/);
  expect(await logIn(port, reader)).toBe(IN_USE);
  await holder.quit();
  expect(await logIn(port, reader)).toMatch(/^\+OK/);
  await app.kill();
});

test('`up`, killed and started again over its own database: the first who comes is let in', async () => {
  const up = await CliHouse.make();
  try {
    let running = await up.up();
    await up.posthouse('domain', 'add', DOMAIN);
    const added = await up.run(['mailbox', 'add', `anna@${DOMAIN}`, '--password-stdin'], PASSWORD);
    expect(added).toMatchObject({ code: 0, err: '' });
    await Pop3Talk.open(up.port('pop3'), `anna@${DOMAIN}`);
    await running.stop('SIGKILL');
    running = await up.up();
    expect(await logIn(up.port('pop3'), `anna@${DOMAIN}`)).toMatch(/^\+OK/);
  } finally {
    await up.close();
  }
});
