import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';

const module = JSON.stringify(new URL('./shutdown.ts', import.meta.url).href);
const logModule = JSON.stringify(new URL('./log.ts', import.meta.url).href);

/** A process with our handlers; `body` sees onShutdown, SAME_SIGNAL_MS, exitOnFault and log. */
function main(body: string) {
  const script = `const { onShutdown, SAME_SIGNAL_MS, exitOnFault } = await import(${module});
    const { createLog } = await import(${logModule});
    const log = createLog({ level: 'info', format: 'json' });
    ${body}
    setInterval(() => {}, 1000);
    process.stdout.write('up\\n');`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return { child, up: once(child.stdout, 'data'), exit: once(child, 'exit'), output: text(child.stdout) };
}

/** Its clock stands still until it drains, and has moved by `later` milliseconds then; it is done behind the next signal. */
const drainUntilNext = (later: string): string => `
  let now = 0;
  onShutdown({ log, drainSeconds: 60, now: () => now, drain: async () => {
    const next = new Promise((resolve) => ['SIGTERM', 'SIGINT', 'SIGHUP'].forEach((name) => process.once(name, resolve)));
    now = ${later};
    process.stdout.write('draining\\n');
    await next;
  } });`;

test.for(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('%s drains once and exits 0', async (signal) => {
  const { child, up, exit, output } = main(drainUntilNext('SAME_SIGNAL_MS'));
  await up;
  const draining = once(child.stdout, 'data');
  child.kill(signal);
  await draining;
  // The same one, as npm passes it on behind the terminal.
  child.kill(signal);
  expect(await exit).toEqual([0, null]);
  expect((await output).match(/draining/g)).toHaveLength(1);
});

test('a second signal, later, leaves at once with its number', async () => {
  const { child, up, exit } = main(drainUntilNext('SAME_SIGNAL_MS + 1'));
  await up;
  const draining = once(child.stdout, 'data');
  child.kill('SIGTERM');
  await draining;
  child.kill('SIGINT');
  expect(await exit).toEqual([130, null]);
});

test('a drain that fails exits 1', async () => {
  const { child, up, exit, output } = main(
    `onShutdown({ log, drainSeconds: 5, drain: async () => { throw new Error('stuck'); } });`,
  );
  await up;
  child.kill('SIGTERM');
  expect(await exit).toEqual([1, null]);
  expect(await output).toContain('shutting down failed');
});

test.for([
  ['uncaught exception', `setTimeout(() => { throw new Error('boom'); });`],
  ['unhandled rejection', `void Promise.reject(new Error('boom'));`],
])('%s is logged as fatal and ends the process with 1', async ([message, fault]) => {
  const { exit, output } = main(`exitOnFault(log); ${fault}`);
  expect(await exit).toEqual([1, null]);
  expect(await output).toMatch(new RegExp(`"level":60.*boom.*"msg":"${message}"`));
});
