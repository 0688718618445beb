/** `npm run crash -- --seeds 25 [--from 1]`: many runs, one line each. Fails when any message was lost or doubled, or a run was not what was planned. */
import { parseArgs } from 'node:util';
import { crashRun, isGood, summary } from './crash-run.ts';
import { findRedis } from './redis-server.ts';

const { values } = parseArgs({
  options: { seeds: { type: 'string', default: '6' }, from: { type: 'string', default: '1' } },
});
const [seeds, from] = [Number(values.seeds), Number(values.from)];
const newRedis = findRedis();
let bad = 0;
let done = 0;
// A run that is told to end leaves no process and no folder behind.
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
for (let seed = from; seed < from + seeds; seed++) {
  try {
    const report = await crashRun(seed, {
      redis: seed % 2 === 0 ? await newRedis?.() : undefined,
      signal: stop.signal,
    });
    done++;
    if (!isGood(report)) bad++;
    console.log(`${isGood(report) ? 'ok  ' : 'BAD '} ${summary(report)}`);
    for (const line of [...report.lost, ...report.doubled, ...report.misplaced, ...report.faults].slice(0, 10))
      console.log(`     ${line}`);
  } catch (error) {
    if (stop.signal.aborted) break;
    done++;
    bad++;
    console.log(`BAD  seed ${seed}:`, error);
  }
}
console.log(`${done} of ${seeds} seeds, ${bad} bad`);
process.exitCode = bad === 0 && done === seeds ? 0 : 1;
