import { connect } from 'node:net';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ImapHouse, ImapTalk, PASSWORD, type RunningApp } from './imap.spec-helper.ts';

let house: ImapHouse; let app: RunningApp;
beforeAll(async () => { house = await ImapHouse.open(); app = await house.start(); });
afterAll(async () => { await app?.context.close(); await house?.db.close?.(); });

test('reset while the login is verified', async () => {
  const box = await house.mailbox();
  for (let n = 0; n < 25; n++) {
    const s = connect(app.port, '127.0.0.1'); s.on('error', () => undefined);
    await once(s, 'data');
    s.write(`a LOGIN ${box.address} "${PASSWORD}"\r\n`);
    await sleep(n === 0 ? 8 : 1);
    s.resetAndDestroy();
    await sleep(5);
  }
  await sleep(300);
  const talk = await ImapTalk.open(app.port);
  console.log('after resets:', await talk.say(`LOGIN ${box.address} "${PASSWORD}"`));
});

test('thirty colleagues at once', async () => {
  const boxes = await Promise.all(Array.from({ length: 60 }, () => house.mailbox()));
  const talks = await Promise.all(boxes.map(() => ImapTalk.open(app.port)));
  const says = await Promise.all(talks.map((t, i) => t.say(`LOGIN ${boxes[i]!.address} "${PASSWORD}"`)));
  const count = new Map<string, number>();
  for (const s of says) { const l = s.at(-1)!.slice(0, 25); count.set(l, (count.get(l) ?? 0) + 1); }
  console.log('colleagues', count);
});

test('many sections', async () => {
  const box = await house.mailbox();
  await house.put(box, 'Subject: x\r\n\r\n' + ('y'.repeat(70) + '\r\n').repeat(14000));
  const talk = await ImapTalk.login(app.port, box, 'INBOX');
  const before = process.memoryUsage().rss;
  talk.client.socket?.pause?.();
  await talk.send(`FETCH 1 (${Array.from({ length: 128 }, () => 'BODY.PEEK[]').join(' ')})`);
  await sleep(1500);
  console.log('sections rss +MB', ((process.memoryUsage().rss - before) / 1e6).toFixed(0), process.memoryUsage().external / 1e6, process.memoryUsage().arrayBuffers / 1e6);
});

test('search long pattern', async () => {
  const box = await house.mailbox();
  await house.put(box, 'Subject: x\r\n\r\n' + ('a'.repeat(900) + '\r\n').repeat(1) + 'a'.repeat(900_000) + '\r\n');
  const talk = await ImapTalk.login(app.port, box, 'INBOX');
  const other = await ImapTalk.login(app.port, box, 'INBOX');
  const p = 'a'.repeat(30000) + 'b' + 'a'.repeat(30000);
  const t0 = performance.now();
  await talk.client.send(`x SEARCH BODY {${p.length}+}\r\n${p}\r\n`);
  await other.ok('NOOP');
  console.log('other NOOP after', (performance.now() - t0).toFixed(0));
  let l; do { l = await talk.client.line(); } while (l !== undefined && !l.startsWith('x '));
  console.log(l, (performance.now() - t0).toFixed(0));
});
