/** A forward-path that is named again in a transaction is the recipient it was. */
import { MAX_RECIPIENTS } from '#domain';
import { afterEach, expect, test } from 'vitest';
import { MemorySocket, MemoryStore, memoryEngine } from './memory-engine.spec-helper.ts';

const sockets: MemorySocket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

/** One mail to these; gives the codes of the RCPTs and what was stored. */
async function mail(rcpts: readonly string[], parameters = ' SMTPUTF8') {
  const store = new MemoryStore();
  const socket = new MemorySocket(memoryEngine(store));
  sockets.push(socket);
  await socket.until((replies) => replies.includes('220 '));
  const commands = rcpts.map((rcpt) => `RCPT TO:${rcpt}\r\n`).join('');
  socket.client(Buffer.from(`EHLO c\r\nMAIL FROM:<a@b.example>${parameters}\r\n${commands}DATA\r\n`));
  await socket.until((replies) => replies.includes('\r\n354 '));
  const codes = [...socket.replies.matchAll(/^(\d\d\d) [45].\d.\d+|^(\d\d\d) 2\.1\.5/gm)].map(
    ([, bad, ok]) => bad ?? ok,
  );
  socket.client(Buffer.from('Subject: x\r\n\r\nx\r\n.\r\n'));
  await socket.until((replies) => replies.includes('queued as'));
  const [message] = store.committed;
  return { codes, stored: message?.recipients.map(({ forwardPath, notify, orcpt }) => [forwardPath, notify, orcpt]) };
}

test.for<[string, string[], string[]]>([
  ['the same', ['<bob@example.org>', '<bob@example.org>'], ['bob@example.org']],
  ['another case of the domain', ['<bob@Example.ORG>', '<bob@example.org>'], ['bob@Example.ORG']],
  ['another case of the local part', ['<Bob@example.org>', '<bOB@example.org>'], ['Bob@example.org']],
  ['quoted and not', ['<"bob"@example.org>', '<bob@example.org>'], ['"bob"@example.org']],
  ['U-label and A-label', ['<b@bücher.example>', '<b@xn--bcher-kva.example>'], ['b@bücher.example']],
  ['composed and decomposed', ['<gr\u00fc@example.org>', '<gru\u0308@example.org>'], ['gr\u00fc@example.org']],
  ['others between', ['<a@example.org>', '<b@example.org>', '<a@example.org>'], ['a@example.org', 'b@example.org']],
  [
    'two addresses of one mailbox stay two',
    ['<a+1@example.org>', '<a+2@example.org>'],
    ['a+1@example.org', 'a+2@example.org'],
  ],
])('%s', async ([, rcpts, paths]) => {
  const { codes, stored } = await mail(rcpts);
  expect(codes).toEqual(rcpts.map(() => '250'));
  expect(stored?.map(([path]) => path)).toEqual(paths);
});

test("the first one's NOTIFY and ORCPT hold; what is wrong with a later one is said all the same", async () => {
  const { codes, stored } = await mail([
    '<bob@example.org> NOTIFY=NEVER',
    '<bob@example.org> NOTIFY=SUCCESS ORCPT=rfc822;other@example.org',
    '<bob@example.org> NOTIFY=NEVER,SUCCESS',
    '<bob@elsewhere.example>',
  ]);
  expect(codes).toEqual(['250', '250', '501', '550']);
  expect(stored).toEqual([['bob@example.org', 'NEVER', undefined]]);
});

test('repeated ones count for the limit, and are one row', async () => {
  const { codes, stored } = await mail(Array.from({ length: MAX_RECIPIENTS + 2 }, () => '<bob@example.org>'));
  expect(codes).toEqual([...Array.from({ length: MAX_RECIPIENTS }, () => '250'), '452', '452']);
  expect(stored).toHaveLength(1);
});
