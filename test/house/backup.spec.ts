/** A house is backed up while mail flows, goes on, is lost, and comes back from the backup. */
import { mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SmtpTalk } from '#testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ImapTalk } from '../interop/imap-talk.ts';
import { Pop3Talk } from '../interop/pop3-talk.ts';
import { PASSWORD } from '../interop/built.ts';
import { CliHouse, type Running } from './cli-house.ts';
import { until } from './smtp-house.ts';

const ANN = 'ann@example.test';
let house: CliHouse;
let up: Running;
let target: string;
beforeAll(async () => {
  house = await CliHouse.make();
  target = join(house.folder, 'backup');
  up = await house.up();
  await house.posthouse('domain', 'add', 'example.test');
  const added = await house.run(['mailbox', 'add', ANN, '--password-stdin'], `${PASSWORD}\n`);
  expect(added).toMatchObject({ code: 0, err: '' });
});
afterAll(() => house.close());

/** Sends until told to stop; gives the ids that were accepted, in order. */
async function stream(prefix: string, isOver: () => boolean, onAccepted: (id: string) => void): Promise<void> {
  const talk = await SmtpTalk.open(house.port('smtp'), 'client.test');
  for (let count = 0; !isOver(); count++) {
    const id = `<${prefix}-${count}@client.test>`;
    const answer = await talk.mail('me@far.example', [ANN], `Message-ID: ${id}\r\n\r\n${'x'.repeat(2_000)}\r\n`);
    expect(answer).toMatch(/^250 /);
    onAccepted(id);
  }
  await talk.quit();
}

/** Message-ID -> unique-id, of the whole maildrop. */
async function uniqueIds(): Promise<Map<string, string>> {
  const talk = await Pop3Talk.open(house.port('pop3'), ANN);
  await talk.ask('UIDL');
  const uids: string[] = [];
  for (let line = await talk.client.line(); line !== '.'; line = await talk.client.line())
    uids.push(line.split(' ')[1] ?? '');
  const found = new Map<string, string>();
  let at = 0;
  for await (const octets of talk.retrieve(uids.map((_, index) => index + 1)))
    found.set(/^Message-ID: (\S+)/im.exec(octets.toString('latin1'))?.[1] ?? '', uids[at++] ?? '');
  await talk.quit();
  return found;
}

async function uidValidity(): Promise<number> {
  const talk = await ImapTalk.login(house.port('imap'), ANN);
  const said = (await talk.ask('SELECT INBOX')).map(({ text }) => text).join('\n');
  talk.client.drop();
  return Number(/UIDVALIDITY (\d+)/.exec(said)?.[1]);
}

test('what was acknowledged before a backup is in it; a restore changes and reuses no unique-id, and UIDVALIDITY rises', async () => {
  const accepted: string[] = [];
  let isOver = false;
  const flow = stream(
    'early',
    () => isOver,
    (id) => accepted.push(id),
  );
  await until(async () => (accepted.length >= 20 ? true : undefined));
  const before = [...accepted];
  // Of a backup that was broken off: it gives way to this one.
  await mkdir(join(target, 'postgres', 'base'), { recursive: true });
  await writeFile(join(target, 'backup.unfinished'), '');
  const [report] = await house.json('backup', target);
  expect(report).toMatchObject({ folder: target, octets: expect.any(Number) });
  expect((await readdir(target)).sort()).toEqual(['backup.json', 'postgres']);
  isOver = true;
  await flow;
  await stream(
    'late',
    () => accepted.length >= before.length + 60,
    (id) => accepted.push(id),
  );
  await until(async () => ((await uniqueIds()).size === accepted.length ? true : undefined));
  const [known, oldValidity] = [await uniqueIds(), await uidValidity()];
  expect(await up.stop()).toBe(0);

  expect((await house.run(['restore', target])).err).toContain('holds a database: move it away first');
  await rename(join(house.dataDir, 'postgres'), join(house.folder, 'damaged'));
  expect(await house.posthouse('restore', target)).toContain('Start the house');
  up = await house.up();
  expect(up.out).toContain('the database was restored from a backup');
  const restored = await until(async () => {
    const now = await uniqueIds();
    return before.every((id) => now.has(id)) ? now : undefined;
  });
  for (const [id, unique] of restored) expect([id, unique]).toEqual([id, known.get(id)]);
  const newValidity = await uidValidity();
  expect(newValidity).toBeGreaterThan(oldValidity);

  let sent = 0;
  await stream(
    'anew',
    () => sent >= 5,
    () => sent++,
  );
  const anew = await until(async () => {
    const now = await uniqueIds();
    return now.size >= restored.size + 5 ? now : undefined;
  });
  const gone = new Set(known.values());
  expect([...anew].filter(([id, unique]) => id.startsWith('<anew') && gone.has(unique))).toEqual([]);
  expect(await house.json('ledger')).toMatchObject([{ balanced: true }]);
  // Once: the next start is one like all others.
  expect(await up.stop()).toBe(0);
  up = await house.up();
  expect(up.out).not.toContain('restored from a backup');
  expect(await uidValidity()).toBe(newValidity);
});

test('the database of a server of your own is backed up with its tools', async () => {
  const url = { POSTHOUSE_DATABASE_URL: 'postgres://owner:secret@127.0.0.1:1/mail' };
  const refused = await house.run(['backup', join(house.folder, 'url')], '', url);
  expect(refused).toEqual({ code: 2, out: '', err: expect.stringContaining('pg_dump') });
});
