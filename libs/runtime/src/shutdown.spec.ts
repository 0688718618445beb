import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';

const module = JSON.stringify(new URL('./shutdown.ts', import.meta.url).href);
const logModule = JSON.stringify(new URL('./log.ts', import.meta.url).href);

/** A process with our handlers; `body` sees onShutdown, exitOnFault and log. */
function main(body: string) {
  const script = `const { onShutdown, exitOnFault } = await import(${module});
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

test.for(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('%s drains once and exits 0', async (signal) => {
  const { child, up, exit, output } = main(
    `onShutdown({ log, drainSeconds: 5, drain: async () => { process.stdout.write('drained\\n'); } });`,
  );
  await up;
  child.kill(signal);
  child.kill(signal);
  expect(await exit).toEqual([0, null]);
  expect((await output).match(/drained/g)).toHaveLength(1);
});

test('a second signal, later, leaves at once with its number', async () => {
  const { child, up, exit } = main(
    `onShutdown({ log, drainSeconds: 60, drain: () => new Promise(() => { setTimeout(() => process.stdout.write('later\\n'), 1100); }) });`,
  );
  await up;
  const later = once(child.stdout, 'data').then(() => once(child.stdout, 'data'));
  child.kill('SIGTERM');
  await later;
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
