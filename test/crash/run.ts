/** `npm run crash -- --seeds 25 [--from 1]`: many runs, one line each. Fails when any message was lost or doubled. */
import { parseArgs } from 'node:util';
import { CrashServer } from './crash-house.ts';
import { crashRun, isGood, summary } from './crash-run.ts';
import { findRedis } from './redis-server.ts';

const { values } = parseArgs({
  options: { seeds: { type: 'string', default: '6' }, from: { type: 'string', default: '1' } },
});
const [seeds, from] = [Number(values.seeds), Number(values.from)];
const server = await CrashServer.start();
const redis = await findRedis();
let bad = 0;
try {
  for (let seed = from; seed < from + seeds; seed++) {
    const report = await crashRun(server, seed, seed % 2 === 0 ? redis : undefined);
    if (!isGood(report)) bad++;
    console.log(`${isGood(report) ? 'ok  ' : 'BAD '} ${summary(report)}`);
    for (const line of [...report.lost, ...report.doubled, ...report.misplaced, ...report.faults].slice(0, 10))
      console.log(`     ${line}`);
  }
} finally {
  await server.stop();
  await redis?.remove();
}
console.log(`${seeds} seeds, ${bad} bad`);
process.exitCode = bad === 0 ? 0 : 1;
