/**
 * Another tenant's commands while one tenant does the worst it can: p50, p99 and the longest of each, in milliseconds.
 * `npm run build && node bench/isolation.ts [messages=50000] [mailboxes=1000] [mails=20] [only=TEXT]`: the built apps as processes of their own, over a
 * database server of its own.
 */
import { Bystander, TwoTenants, WORST } from '../test/interop/worst.ts';
import { given, machine, numberOf, ownHouse } from './own-house.ts';

const SCALE = {
  messages: numberOf('messages', 50_000),
  mailboxes: numberOf('mailboxes', 1_000),
  mails: numberOf('mails', 20),
};
const ONLY = given.get('only') ?? '';
/** Rounds of the other one with nothing else at work. */
const QUIET_ROUNDS = 50;

const at = (sorted: readonly number[], part: number): string =>
  (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN).toFixed(1);

function tell(name: string, seconds: number, heard: ReadonlyMap<string, number[]>): void {
  const all = [...heard.values()].flat().sort((a, b) => a - b);
  console.log(
    `${name}: ${seconds.toFixed(1)} s, ${all.length} commands of the other tenant, p50 ${at(all, 0.5)}, p99 ${at(all, 0.99)} ms`,
  );
  for (const [command, times] of heard) {
    const sorted = times.sort((a, b) => a - b);
    console.log(
      `  ${command.padEnd(20)} p50 ${at(sorted, 0.5)}, p99 ${at(sorted, 0.99)}, longest ${at(sorted, 1)} (${sorted.length})`,
    );
  }
}

const { house, ownerUrl, stop } = await ownHouse();
const tenants = await TwoTenants.make(house, ownerUrl, SCALE);
let heard = new Map<string, number[]>();
const other = await Bystander.open(house, (command, milliseconds) => {
  const times = heard.get(command);
  if (times) times.push(milliseconds);
  else heard.set(command, [milliseconds]);
});
try {
  console.log(`${machine()}, ${JSON.stringify(SCALE)}`);
  for (let round = 0; round < 5; round++) await other.round();
  heard = new Map();
  const quiet = performance.now();
  for (let round = 0; round < QUIET_ROUNDS; round++) await other.round();
  tell('nothing else', (performance.now() - quiet) / 1_000, heard);
  for (const name of WORST.filter((one) => one.includes(ONLY))) {
    const work = await tenants.prepare(name);
    heard = new Map();
    const began = performance.now();
    let isOver = false;
    const working = work().finally(() => (isOver = true));
    while (!isOver) await other.round();
    await working;
    tell(name, (performance.now() - began) / 1_000, heard);
  }
} finally {
  await other.close().catch(() => undefined);
  await tenants.close();
  await stop();
}
