/** Output that cannot be written: a full disk under the log, a pipe whose reader is gone. Mail goes on, and commands say what they could not. */
import { freePort, SmtpTalk } from '#testing';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { CliHouse } from './cli-house.ts';
import { until } from './smtp-house.ts';

const onLinux = process.platform === 'linux';
if (!onLinux) console.log('SKIPPED: output to a full disk (there is no /dev/full)');

let house: CliHouse | undefined;
afterEach(() => house?.close());

/** Runs what follows with its output sent elsewhere. */
const to = (redirect: string): string[] => [
  'sh',
  '-c',
  `${redirect.startsWith('|') ? '' : 'exec '}"$0" "$@" ${redirect}`,
];

test.runIf(onLinux)('a house serves without its log, counts the lines, and ends with SIGTERM', async () => {
  const inHouse = await CliHouse.make();
  house = inHouse;
  const port = await freePort();
  const http = await freePort();
  const settings = {
    POSTHOUSE_SMTP_PORT: String(port),
    POSTHOUSE_HTTP_PORT: String(http),
    POSTHOUSE_LOG_LEVEL: 'debug',
  };
  const up = house.spawnUnder(to('>/dev/full 2>&1'), ['up'], settings);
  const talk = await until(() => SmtpTalk.open(port, 'client.test').catch(() => undefined));
  expect((await talk.envelope('me@far.example', ['you@example.test']))[1]).toMatch(/^550/);
  await talk.quit();
  const metrics = await (await house.fetch('/metrics', http)).text();
  expect(Number(/^posthouse_log_lines_dropped_total (\d+)$/m.exec(metrics)?.[1])).toBeGreaterThan(0);
  // A second one has its reason, and says it where that can be read.
  const again = await Promise.all(
    ['>/dev/full', '2>/dev/full', '>/dev/full 2>&1'].map((where) => inHouse.runUnder(to(where), ['up'])),
  );
  const reason = expect.stringMatching(/^posthouse: a house runs on .* already, as process \d+/);
  expect(again).toEqual([
    { code: 5, out: '', err: reason },
    { code: 5, out: reason, err: '' },
    { code: 5, out: '', err: '' },
  ]);
  expect(await up.stop()).toBe(0);
});

test.runIf(onLinux)('a start that cannot go on ends at once, with its reason where it can be read', async () => {
  house = await CliHouse.make();
  const taken = createServer();
  await once(taken.listen(0, '127.0.0.1'), 'listening');
  const address = taken.address();
  const port = typeof address === 'object' && address !== null ? String(address.port) : '';
  const { code, err } = await house.runUnder(to('>/dev/full'), ['up'], { POSTHOUSE_SMTP_PORT: port });
  taken.close();
  expect([code, err]).toEqual([5, expect.stringContaining(`POSTHOUSE_SMTP_PORT ${port}`)]);
  const app = ['sh', '-c', `exec "$0" "\${1%posthouse.js}start.js" smtp >/dev/full`];
  expect(await house.runUnder(app, [])).toMatchObject({
    code: 1,
    err: expect.stringContaining('posthouse smtp: no database'),
  });
});

test.runIf(onLinux)('an answer that is lost is no success', async () => {
  house = await CliHouse.make();
  const lost = /^posthouse: the answer cannot be written to standard output: ENOSPC/m;
  expect(await house.runUnder(to('>/dev/full'), ['--version'])).toMatchObject({
    code: 1,
    err: expect.stringMatching(lost),
  });
  expect(await house.runUnder(to('>/dev/full'), ['status'])).toMatchObject({
    code: 5,
    err: expect.stringMatching(lost),
  });
  expect(await house.runUnder(to('2>/dev/full'), ['no-such-command'])).toMatchObject({
    code: 2,
    out: expect.stringContaining('unknown command'),
  });
  // A reader that left early is none of ours.
  expect(await house.runUnder(to('| true'), ['--help'])).toMatchObject({ err: '' });
});
