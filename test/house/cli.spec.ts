import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { once } from 'node:events';
import { SmtpTalk } from '#testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CliHouse, type Running } from './cli-house.ts';
import { until } from './smtp-house.ts';

/** In no output, no log and no file for people. */
const CANARY = 'canary-Zq7-pässwort';

let house: CliHouse;
let up: Running;

beforeAll(async () => {
  house = await CliHouse.make();
  up = await house.up();
  await house.posthouse('domain', 'add', 'example.test');
});
afterAll(() => house.close());

describe('up', () => {
  test('prints listeners, the settings of a mail client and the way to the first mail', () => {
    const { listeners } = house.record();
    for (const name of ['smtp', 'pop3', 'imap', 'http'])
      expect(up.out).toMatch(new RegExp(`${name.toUpperCase()} +127\\.0\\.0\\.1:${listeners[name]} `));
    expect(up.out).toContain(`IMAP       127.0.0.1 port ${listeners['imap']}, no encryption`);
    expect(up.out).toContain(`POP3       127.0.0.1 port ${listeners['pop3']}, no encryption`);
    for (const command of ['domain add', 'mailbox add', 'send --to', 'trace', 'demo', 'doctor'])
      expect(up.out).toContain(`  ${command === 'send --to' ? 'echo "Hello" | ' : ''}npx posthouse ${command}`);
  });

  test('a second one on the same folder is refused with the pid of the first', async () => {
    const second = await house.run(['up']);
    expect(second.code).toBe(5);
    expect(second.err).toContain(`as process ${house.record().pid}: stop it with "npx posthouse down"`);
    expect(await house.posthouse('status')).toContain(`running as process ${house.record().pid}`);
  });
});

describe('tenants, domains, mailboxes and aliases', () => {
  test('are made, listed, shown, changed and removed', async () => {
    expect(await house.json('tenant', 'add', 'acme')).toMatchObject([{ name: 'acme' }]);
    expect(await house.json('domain', 'add', 'Acme.Test', '--tenant', 'acme')).toMatchObject([{ name: 'acme.test' }]);
    const made = await house.run(
      ['mailbox', 'add', 'ann@acme.test', '--tenant', 'acme', '--quota', '1m', '--password-stdin'],
      `${CANARY}\n`,
    );
    expect(made).toMatchObject({ code: 0, err: '' });
    expect(await house.posthouse('mailbox', 'list', '--tenant', 'acme')).toMatch(/^ann@acme\.test +active +set /m);
    expect(await house.json('mailbox', 'show', 'ann@acme.test', '--tenant', 'acme')).toMatchObject([
      { name: 'ann@acme.test', quotaOctets: 1_048_576, hasPassword: true },
    ]);
    await house.posthouse('mailbox', 'set', 'ann@acme.test', '--quota', 'none', '--tenant', 'acme');
    await house.posthouse('alias', 'add', 'sales@acme.test', 'ann@acme.test', '--tenant', 'acme');
    expect(await house.json('alias', 'list', '--tenant', 'acme')).toMatchObject([{ name: 'sales@acme.test' }]);
    await house.posthouse('alias', 'rm', 'sales@acme.test', '--tenant', 'acme');
    const removed = await house.run(['mailbox', 'rm', 'ann@acme.test', '--yes', '--tenant', 'acme']);
    expect(removed).toMatchObject({
      code: 0,
      out: expect.stringContaining('all of it is kept until'),
      err: '',
    });
    await house.posthouse('domain', 'rm', 'acme.test', '--tenant', 'acme');
    await house.posthouse('tenant', 'rm', 'acme', '--yes');
    expect((await house.run(['tenant', 'show', 'acme'])).code).toBe(3);
  });

  test.each([
    ['CR and LF in an argument', ['domain', 'add', 'a.test\r\nb.test'], 2],
    ['NUL cannot be given; another control character is refused', ['mailbox', 'show', 'a\u0007@example.test'], 2],
    ['an address of 1,000 characters', ['mailbox', 'show', `${'a'.repeat(1_000)}@example.test`], 2],
    ['a domain that is none', ['domain', 'add', '__proto__'], 2],
    ['what is there already', ['domain', 'add', 'EXAMPLE.test'], 4],
    ['what is not there', ['mailbox', 'show', 'nobody@example.test'], 3],
    ['an unknown command', ['maibox', 'list'], 2],
  ])('%s', async (_, args, code) => {
    const outcome = await house.run(args);
    expect(outcome).toMatchObject({ code, out: '' });
    expect(outcome.err).toMatch(/^posthouse: [^\r\n]+\n$/);
  });

  test.each([
    ['standard output', 'stdout', ['domain', 'list'], 0],
    ['standard error', 'stderr', ['mailbox', 'show', 'nobody@example.test'], 3],
  ] as const)(
    'a reader of %s that leaves early changes neither the end nor the exit code',
    async (_, pipe, args, code) => {
      const running = house.spawn('posthouse.js', args);
      running.child[pipe]?.destroy(); // long before the first line
      expect(await running.ended).toBe(code);
      expect(running).toMatchObject({ out: '', err: '' });
    },
  );

  test('a password of 10,000 characters is refused, and not repeated', async () => {
    const long = CANARY.repeat(600);
    const outcome = await house.run(['mailbox', 'add', 'long@example.test', '--password-stdin'], long);
    expect(outcome).toMatchObject({ code: 2, err: expect.stringMatching(/^posthouse: the password has \d+ octets/) });
  });
});

test('a CSV file: good rows are made, bad ones named by their line', async () => {
  const file = join(house.folder, 'people.csv');
  await writeFile(
    file,
    [
      'address,password,quota',
      `one@example.test,${CANARY},`,
      'not an address,secret,',
      `two@example.test,${CANARY},1048576`,
      'three@example.test,,',
      `one@example.test,${CANARY},`,
      `four@example.test,${CANARY},much`,
      '',
    ].join('\r\n'),
  );
  const outcome = await house.run(['mailbox', 'import', file]);
  expect(outcome).toMatchObject({ code: 1, out: '2 mailbox(es) imported, 4 failed\n' });
  expect(outcome.err.match(/^row \d+/gm)).toEqual(['row 3', 'row 5', 'row 6', 'row 7']);
  expect(await house.json('mailbox', 'show', 'two@example.test')).toMatchObject([{ quotaOctets: 1_048_576 }]);
});

test('an unknown setting names the right one, and starts nothing', async () => {
  for (const args of [['up'], ['status']]) {
    const outcome = await house.run(args, '', { POSTHOUSE_SMPT_PORT: '25' });
    expect(outcome).toMatchObject({ code: 2, out: '' });
    expect(outcome.err).toContain('POSTHOUSE_SMPT_PORT: no such setting, did you mean POSTHOUSE_SMTP_PORT?');
  }
});

describe('a mail', () => {
  test('is sent, delivered, traced, explained and accounted for', async () => {
    await house.run(['mailbox', 'add', 'you@example.test', '--password-stdin'], CANARY);
    await house.posthouse('alias', 'add', 'office@example.test', 'you@example.test');
    const args = ['send', '--to', 'office@example.test', '--from', 'me@far.example', '--subject', 'First mail', '-'];
    const sent = await house.run(args, 'Hello\n');
    expect(sent).toMatchObject({ code: 0, out: expect.stringMatching(/^250 2\.0\.0 queued as msg_/) });
    const id = /msg_\w+/.exec(sent.out)?.[0] ?? '';
    await until(async () => ((await house.posthouse('trace', id)).includes('delivered') ? true : undefined));
    for (const reference of ['office@example.test', 'me@far.example', 'you@example.test'])
      expect(await house.posthouse('trace', reference)).toContain(id);
    const traced = (await house.posthouse('trace', id)).split('\n');
    expect(traced.find((line) => line.startsWith('0 '))).toMatch(
      /^0 +office@example\.test +you@example\.test +local +delivered/,
    );
    const explained = await house.posthouse('explain', 'office@example.test');
    expect(explained).toContain('office@example.test: 250 accepted');
    expect(await house.json('ledger')).toMatchObject([{ accepted: 1, balanced: true }]);
  });

  test('for nobody is refused as the server said it', async () => {
    const outcome = await house.run(['send', '--to', 'nobody@example.test', '--subject', 'x', '-'], 'Hello\n');
    expect(outcome).toMatchObject({ code: 1, err: expect.stringContaining('550 5.1.1') });
  });

  test('for an address that would write the terminal’s title is refused, and traced as text', async () => {
    const talk = await SmtpTalk.open(house.port('smtp'), 'client.test');
    const replies = await talk.envelope('me@far.example', ['\u001b]0;owned\u0007@example.test']);
    expect(replies.at(-1)).toBe('501 5.1.3 bad recipient address syntax');
    await talk.quit();
    // The only refusal with this code: its id is in the log.
    const id = await until(async () =>
      up.out
        .split('\n')
        .filter((line) => line.includes('"code":501'))
        .map((line) => /"message":"(msg_\w+)"/.exec(line)?.[1])
        .at(0),
    );
    const traced = await until(async () => {
      const { code, out } = await house.run(['trace', id]);
      return code === 0 ? out : undefined;
    });
    expect(traced).toContain('501 5.1.3 bad recipient address syntax <\ufffd]0;owned\ufffd@example.test> from [127.');
    expect(traced).not.toMatch(/[\u001b\u0007]/); // eslint-disable-line no-control-regex
  });

  test('the demo shows three dialogues and the trace, however often, and leaves nothing behind', async () => {
    const demo = await house.posthouse('demo');
    for (const part of ['SMTP: Alice sends', 'POP3: Bob fetches', 'IMAP: Bob looks again', 'The trace'])
      expect(demo).toContain(part);
    expect(demo).toMatch(/S: 250 2\.0\.0 queued as msg_/);
    expect(demo).toMatch(/C: PASS \*\*\*/);
    // As if it had been shown thirty times.
    const talk = await SmtpTalk.open(house.port('smtp'), 'client.test');
    for (let mails = 0; mails < 30; mails++)
      expect(await talk.mail('me@far.example', ['bob@demo.test'], 'Subject: x\r\n\r\nx\r\n')).toMatch(/^250/);
    await talk.quit();
    expect(await house.posthouse('demo')).toMatch(/^ {2}C: RETR \d+$/m);
    for (let times = 0; times < 2; times++)
      expect(await house.posthouse('demo', '--clean')).toBe('the demo is removed\n');
    expect((await house.run(['tenant', 'show', 'demo'])).code).toBe(3);
  });

  test('the doctor finds nothing wrong', async () => {
    const lines = (await house.posthouse('doctor')).trimEnd().split('\n');
    expect(lines.filter((line) => !line.startsWith('ok    '))).toEqual([]);
    expect(lines.at(-1)).toBe('ok    clean-up: the mailbox of the examination is removed');
  });
});

describe('health and figures', () => {
  test('live, ready, and a path that is none of ours', async () => {
    expect((await house.fetch('/health/live')).status).toBe(200);
    const ready = await house.fetch('/health/ready');
    expect([ready.status, await ready.json()]).toMatchObject([200, { status: 'ready' }]);
    expect((await house.fetch('/health/../house.json')).status).toBe(404);
  });

  test('the figures are Prometheus text and count what happened', async () => {
    const response = await house.fetch('/metrics');
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    const samples = parsePrometheus(await response.text());
    expect(samples.get('posthouse_connections_accepted_total{protocol="smtp"}')).toBeGreaterThan(0);
    expect(samples.get('posthouse_connections_accepted_total{protocol="pop3"}')).toBeGreaterThan(0);
    expect(samples.get('posthouse_connections_accepted_total{protocol="imap"}')).toBeGreaterThan(0);
    expect(samples.get('posthouse_deliveries_total{outcome="delivered"}')).toBeGreaterThan(0);
    for (const verb of ['MAIL', 'RCPT', 'DATA'])
      expect(
        samples.get(`posthouse_command_seconds_count{protocol="smtp",verb="${verb}",result="ok"}`),
      ).toBeGreaterThan(0);
    expect(samples.get('posthouse_command_seconds_count{protocol="smtp",verb="RCPT",result="refused"}')).toBe(2);
  });

  test('connections that say nothing are counted while they last', async () => {
    const idle = Array.from({ length: 200 }, () => connect(house.port('smtp'), '127.0.0.1'));
    await Promise.all(idle.map((socket) => once(socket, 'data')));
    expect(await house.posthouse('status')).toContain('running as process');
    const samples = parsePrometheus(await (await house.fetch('/metrics')).text());
    expect(samples.get('posthouse_connections{protocol="smtp"}')).toBe(200);
    for (const socket of idle) socket.destroy();
  });
});

test('no password was ever shown', async () => {
  const text = await house.everything();
  expect(text).not.toContain(CANARY);
  expect(text).not.toContain('canary');
});

test('down drains and ends it; a second down finds nothing to do', async () => {
  const { pid } = house.record();
  expect(await house.posthouse('down')).toBe(`stopped process ${pid}\n`);
  expect(await up.ended).toBe(0);
  expect(await house.posthouse('down')).toContain('no house is running');
});

/** Samples by name and labels; throws on a line that is no exposition format. */
function parsePrometheus(text: string): Map<string, number> {
  const samples = new Map<string, number>();
  for (const line of text.split('\n')) {
    if (line === '' || /^# (HELP|TYPE) [a-zA-Z_:][\w:]* ./.test(line)) continue;
    const [, series, value] = /^([a-zA-Z_:][\w:]*(?:\{(?:\w+="[^"\\]*",?)*\})?) (\S+)$/.exec(line) ?? [];
    if (series === undefined || Number.isNaN(Number(value))) throw new Error(`no sample: ${line}`);
    samples.set(series, Number(value));
  }
  return samples;
}
