/** What the log says of those who were refused: the address that was meant, and where it came from. */
import { OctetBudget, BODY_BUDGET, ConnectionCaps } from '#runtime';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { Judge } from './judge.ts';
import { memoryEngine, MemorySocket, MemoryStore } from './memory-engine.spec-helper.ts';
import { RefusalNotes } from './refusal-notes.ts';

test.for<[string, string, number]>([
  ['<x@elsewhere.test>', 'x@elsewhere.test', 550],
  ['<Bob@ELSEWHERE.test>', 'Bob@ELSEWHERE.test', 550],
  ['<noaddress>', 'noaddress', 501],
  ['<a\u202e@elsewhere.test>', 'a\ufffd@elsewhere.test', 501],
])('RCPT TO:%j: the line has the recipient', async ([path, recipient, code]) => {
  const lines: object[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line) as object) });
  const store = new MemoryStore();
  store.directoryFacts = (addresses) => Promise.resolve(addresses.map(() => ({ domain: undefined, rows: [] })));
  const judge = new Judge(store, log, { hostname: 'mx.test', maxMessageOctets: 1_000, notes: new RefusalNotes(store) });
  const transaction = judge.mail('MAIL FROM:<s@b.example> SMTPUTF8');
  if ('code' in transaction) throw new Error('refused');
  const peer = { helo: 'c', remoteAddress: '192.0.2.9', extended: true };
  expect(await judge.rcpt(`RCPT TO:${path}`, transaction, peer)).toMatchObject({ code });
  expect(lines).toMatchObject([{ msg: 'recipient refused', recipient, remote: '192.0.2.9', code }]);
});

test('a connection over a cap says where it came from', async () => {
  const refused: string[][] = [];
  const caps = new ConnectionCaps(100, 1);
  caps.take('192.0.2.1', false);
  const engine = memoryEngine(new MemoryStore(), undefined, new OctetBudget(BODY_BUDGET), undefined, undefined, {
    caps,
    onRefused: (address, why) => void refused.push([address, why]),
  });
  const socket = new MemorySocket(engine);
  await socket.until((replies) => replies.startsWith('421 '));
  expect(refused).toEqual([['192.0.2.1', 'too many from one address']]);
  socket.destroy();
});
