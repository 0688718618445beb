/**
 * Sends mail as fast as it is taken, and says how fast that was.
 * `node --conditions=source bench/smtp-load.ts total=5000 per=100 conns=50 size=4096 port=2525 [imap=2143] [pid=HOUSE | groups=G1,G2] [driver=PROGRAM]`
 * With `imap` the run ends when the last message is visible in its mailbox; with `pid` the CPU of that process tree is counted, with `groups`
 * that of those cpuacct control groups; with `driver` that program sends.
 */
import { Inboxes } from './inboxes.ts';
import { send, sendBy, type Load } from './load.ts';
import { cpuSeconds, groupSeconds } from './process-tree.ts';

const given = new Map(
  process.argv
    .slice(2)
    .map((pair): [string, string] => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
);
const text = (name: string, otherwise: string): string => given.get(name) ?? otherwise;
const count = (name: string, otherwise: number): number => Number(given.get(name) ?? otherwise);

const load: Load = {
  host: text('host', '127.0.0.1'),
  port: count('port', 2525),
  total: count('total', 1000),
  per: count('per', 100),
  conns: count('conns', 10),
  size: count('size', 4096),
  user: text('user', 'user%d@bench.test'),
  users: count('users', 100),
};
const addresses = Array.from({ length: load.users }, (_, at) => load.user.replace('%d', String(at)));

const driver = given.get('driver');
const imap = count('imap', 0);
const pid = count('pid', 0);
const groups = text('groups', '')
  .split(',')
  .filter((group) => group !== '');
const counted = pid !== 0 || groups.length > 0;
const spentSoFar = (): number => (pid === 0 ? groupSeconds(groups) : cpuSeconds(pid));
const inboxes = imap === 0 ? undefined : await Inboxes.open(load.host, imap, addresses, text('pass', 'secret'));
const before = (await inboxes?.messages()) ?? 0;
const cpu = counted ? spentSoFar() : 0;
const began = performance.now();
const { messages, failed, p50, p99 } = driver === undefined ? await send(load) : sendBy(driver, load);
const accepted = performance.now() - began;
await inboxes?.reach(before + messages);
const visible = performance.now() - began;
const spent = counted ? spentSoFar() - cpu : undefined;
inboxes?.close();

const rate = (milliseconds: number): string => `${Math.round(messages / (milliseconds / 1000))}/s`;
console.log(
  [
    `total=${load.total} per=${load.per} conns=${load.conns} size=${load.size}`,
    `accepted ${rate(accepted)}`,
    ...(inboxes ? [`visible ${rate(visible)}`] : []),
    `p50 ${p50.toFixed(1)} ms`,
    `p99 ${p99.toFixed(1)} ms`,
    ...(spent === undefined ? [] : [`cpu ${((spent * 1000) / messages).toFixed(2)} ms/message`]),
    `failed ${failed}`,
  ].join('  '),
);
process.exitCode = failed > 0 || messages < load.total ? 1 : 0;
