import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { Metrics } from './metrics.ts';
import { droppedLogLines, LogSink, MAX_LOG_WAITING } from './log-sink.ts';

const fault = (code: string): Error => Object.assign(new Error(code), { code });

/** A descriptor that does what it is told, and keeps what it took. */
function sinkOn(behave: (octets: Uint8Array) => number | string) {
  let taken = '';
  const said: [number, string][] = [];
  const sink = new LogSink(1, {
    onDropped: (lines, reason) => said.push([lines, reason]),
    write(octets) {
      const done = behave(octets);
      if (typeof done === 'string') throw fault(done);
      taken += Buffer.from(octets.subarray(0, done)).toString();
      return done;
    },
  });
  return { sink, said, taken: () => taken };
}

test.for(['ENOSPC', 'EIO', 'EPIPE', 'EDQUOT', 'EFBIG', 'EBADF'])(
  '%s costs the lines, which are counted and told once',
  (code) => {
    let broken = true;
    const { sink, said, taken } = sinkOn((octets) => (broken ? code : octets.length));
    const before = droppedLogLines();
    for (const line of ['one\n', 'two\n']) {
      sink.write(line);
      expect(sink.flushSync()).toBe(false);
    }
    sink.write('three\n');
    expect([said, droppedLogLines() - before]).toEqual([[], 2]);
    broken = false;
    expect(sink.flushSync()).toBe(true);
    expect([taken(), said, droppedLogLines() - before]).toEqual(['three\n', [[2, code]], 2]);
  },
);

test('a line that was cut by a full disk spoils no other one', () => {
  let room = 6;
  const { sink, taken } = sinkOn((octets) => {
    if (room === 0) return 'ENOSPC';
    const done = Math.min(room, octets.length);
    room -= done;
    return done;
  });
  sink.write('{"a":1}\n{"b":2}\n');
  sink.flush();
  room = Infinity;
  sink.write('{"c":3}\n');
  sink.flush();
  expect(taken()).toBe('{"a":1\n{"c":3}\n');
});

test('a reader that does not read gets everything later, in order, up to a bound', () => {
  let isFull = true;
  const { sink, said, taken } = sinkOn((octets) => (isFull ? 'EAGAIN' : Math.min(octets.length, 1_000)));
  const line = `${'x'.repeat(999)}\n`;
  const lines = MAX_LOG_WAITING / 1_000 + 100;
  for (let at = 0; at < lines; at++) sink.write(line);
  isFull = false;
  expect(sink.flushSync()).toBe(true);
  const [dropped, reason] = said[0] ?? [0, ''];
  expect([reason, dropped > 0, taken().length + dropped * 1_000]).toEqual([
    'nobody reads the log',
    true,
    Math.ceil(lines) * 1_000,
  ]);
});

test('an interrupted write is tried again', () => {
  let times = 0;
  const { sink, taken } = sinkOn((octets) => (times++ === 0 ? 'EINTR' : octets.length));
  sink.write('line\n');
  expect([sink.flushSync(), taken()]).toEqual([true, 'line\n']);
});

test('what was dropped is a figure', async () => {
  const { sink } = sinkOn(() => 'ENOSPC');
  sink.write('line\n');
  sink.flush();
  expect(await new Metrics().text()).toMatch(
    new RegExp(`^posthouse_log_lines_dropped_total ${droppedLogLines()}$`, 'm'),
  );
});

const modules = ['./log.ts', './shutdown.ts'].map((path) => JSON.stringify(new URL(path, import.meta.url).href));
/** A process that logs to where the shell sends it: works for a while, prints on file descriptor 3 when it does, and ends as told. */
const main = (
  body: string,
): string => `const [{ createLog }, { onShutdown, exitOnFault }] = await Promise.all([${modules.map((it) => `import(${it})`).join()}]);
  const { writeSync } = await import('node:fs');
  const log = createLog({ level: 'info', format: 'json' });
  exitOnFault(log);
  onShutdown({ log, drainSeconds: 5, drain: async () => log.info('draining') });
  for (let at = 0; at < 200; at++) log.info({ at, words: 'x'.repeat(200) }, 'a line');
  ${body}`;
const shell = (redirect: string, script: string): [string, string[]] => [
  'sh',
  ['-c', `exec "$0" --input-type=module -e "$1" ${redirect}`, process.execPath, script],
];

test.runIf(process.platform === 'linux').for(['>/dev/full', '>/dev/full 2>&1', '>&-', '2>/dev/full'])(
  'a process whose output goes %s works, and ends with SIGTERM',
  async (redirect) => {
    const [program, args] = shell(
      redirect,
      main(`setInterval(() => {}, 1000); setTimeout(() => writeSync(3, 'works'), 150);`),
    );
    const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
    const works = child.stdio[3];
    if (works) expect(String((await once(works, 'data'))[0])).toBe('works');
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  },
);

test('a reader that stopped reading holds up nothing', async () => {
  const script = main(`for (let at = 0; at < 20_000; at++) log.info({ at }, 'a line more');
    setInterval(() => {}, 1000); writeSync(3, 'works');`);
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'ignore', 'pipe'],
  });
  const works = child.stdio[3];
  if (works) expect(String((await once(works, 'data'))[0])).toBe('works');
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
  child.stdout?.destroy();
});

test.runIf(process.platform === 'linux')(
  'a fault whose line cannot be written says its reason on the other stream',
  async () => {
    const [program, args] = shell('>/dev/full', main(`setTimeout(() => { throw new Error('the reason'); });`));
    const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    const said = child.stderr ? text(child.stderr) : '';
    expect(await once(child, 'exit')).toEqual([1, null]);
    expect(await said).toBe('posthouse: uncaught exception: the reason\n');
  },
);

test('lines are whole and in order where all is well', () => {
  const [program, args] = shell('', main(`process.exit(0)`));
  const { stdout, status } = spawnSync(program, args, { encoding: 'utf8' });
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { at?: number });
  expect([status, lines.map(({ at }) => at)]).toEqual([0, Array.from({ length: 200 }, (_, at) => at)]);
});
