/** Holders of another boot: another machine over a shared volume, or this one before it was started again. */
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { Other, TAKE } from './house-lock.spec-helper.ts';
import { acquireHouse, houseHolder, HouseLock, readHouse } from './house-lock.ts';
import { takeHouse } from './take-house.ts';

const root = mkdtempSync(join(tmpdir(), 'posthouse-take-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const newFolder = (): string => mkdtempSync(join(root, 'house-'));
const lockOf = (dataDir: string): string => join(dataDir, 'house.lock');

let beats = 0;
/** What a holder on another machine has in the lock; another beat every time. */
function foreignBeat(dataDir: string, facts: object = {}): void {
  const record = {
    pid: process.pid,
    identity: 'another-boot:1',
    purpose: 'house',
    bootId: 'another-boot',
    pidNamespace: 'pid:[1]',
    netNamespace: 'net:[1]',
    host: 'mx2.example',
    token: 'of the other machine',
    beat: String(beats++).padStart(12, '0'),
    at: new Date().toISOString(),
    ...facts,
  };
  writeFileSync(`${lockOf(dataDir)}.new`, JSON.stringify(record));
  renameSync(`${lockOf(dataDir)}.new`, lockOf(dataDir));
}

const FOREIGN = {
  heldBy: process.pid,
  purpose: 'house',
  elsewhere: { kind: 'boot', host: 'mx2.example', ownNetwork: true },
};

test('a still heart is waited for, said once, and then taken over', async () => {
  const dataDir = newFolder();
  foreignBeat(dataDir);
  expect(acquireHouse(dataDir)).toMatchObject(FOREIGN);
  const said: string[] = [];
  const lock = await takeHouse(dataDir, 'house', { stillMs: 600, onWait: (words) => said.push(words) });
  expect(lock).toBeInstanceOf(HouseLock);
  expect(said).toEqual([
    expect.stringMatching(/was last held by process \d+ on mx2\.example, .*: watching for 0\.6 s/),
  ]);
  if (lock instanceof HouseLock) lock.release();
});

test('a heart that beats refuses the start, and the record is left alone', async () => {
  const dataDir = newFolder();
  foreignBeat(dataDir);
  const waiting = takeHouse(dataDir, 'command', { stillMs: 60_000, onWait: () => foreignBeat(dataDir) });
  expect(await waiting).toMatchObject(FOREIGN);
  expect(readFileSync(lockOf(dataDir), 'utf8')).toContain('of the other machine');
});

test('one that gives the house up meanwhile lets the start go on at once', async () => {
  const dataDir = newFolder();
  foreignBeat(dataDir);
  const lock = await takeHouse(dataDir, 'house', { stillMs: 60_000, onWait: () => rmSync(lockOf(dataDir)) });
  expect(lock).toBeInstanceOf(HouseLock);
  if (lock instanceof HouseLock) lock.release();
});

test('a third machine that takes the house meanwhile has it', async () => {
  const dataDir = newFolder();
  foreignBeat(dataDir);
  const onWait = (): void => foreignBeat(dataDir, { token: 'of a third one', host: 'mx3.example' });
  expect(await takeHouse(dataDir, 'house', { stillMs: 60_000, onWait })).toMatchObject({
    elsewhere: { kind: 'boot', host: 'mx3.example' },
  });
});

test('a process of this kernel that holds the house decides at once, whatever the record says', async () => {
  const dataDir = newFolder();
  const other = new Other(TAKE, [dataDir]);
  await other.says();
  foreignBeat(dataDir);
  const onWait = vi.fn();
  // Its record was overwritten by a machine that took it for dead; the kernel knows that it lives.
  expect(await takeHouse(dataDir, 'house', { stillMs: 300, onWait })).toMatchObject(FOREIGN);
  await other.end('SIGKILL');
});

test('a signal ends the wait', async () => {
  const dataDir = newFolder();
  foreignBeat(dataDir);
  const stopping = new AbortController();
  const waiting = takeHouse(dataDir, 'house', {
    stillMs: 60_000,
    signal: stopping.signal,
    onWait: () => stopping.abort(),
  });
  await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
  expect(readFileSync(lockOf(dataDir), 'utf8')).toContain('of the other machine');
});

test('a holder that finds another one in its place is told, and neither fights nor clears up', async () => {
  const dataDir = newFolder();
  const lock = acquireHouse(dataDir, 'house', { beatMs: 20 });
  if (!(lock instanceof HouseLock)) throw new Error('held');
  lock.record({ listeners: { smtp: 25 } });
  const order: string[] = [];
  const lost = new Promise<void>((resolve) => {
    lock.onLost(() => (order.push('the process'), resolve()));
    lock.onLost(() => order.push('its database'));
  });
  foreignBeat(dataDir);
  await lost;
  expect(order).toEqual(['its database', 'the process']);
  lock.record({ listeners: { smtp: 2525 } });
  lock.release();
  expect(readFileSync(lockOf(dataDir), 'utf8')).toContain('of the other machine');
  expect(readHouse(dataDir)?.record.listeners).toEqual({ smtp: 25 });
});

test('a heart beats, and is put back where somebody removed or spoilt the record', async () => {
  const dataDir = newFolder();
  const lock = acquireHouse(dataDir, 'house', { beatMs: 10 });
  if (!(lock instanceof HouseLock)) throw new Error('held');
  const beat = (): unknown => {
    try {
      return (JSON.parse(readFileSync(lockOf(dataDir), 'utf8')) as { beat: unknown }).beat;
    } catch {
      return undefined;
    }
  };
  await expect.poll(beat, { interval: 10 }).not.toBe('000000000000');
  rmSync(lockOf(dataDir));
  await expect.poll(beat, { interval: 10 }).toMatch(/^\d{12}$/);
  writeFileSync(lockOf(dataDir), 'spoilt');
  await expect.poll(() => lock.isOurs(), { interval: 10 }).toBe(true);
  const then = beat();
  await expect.poll(beat, { interval: 10 }).not.toBe(then);
  lock.release();
  expect(houseHolder(dataDir)).toBeUndefined();
});

test('what is told of a holder of another boot is that it runs, while its record is fresh', () => {
  const dataDir = newFolder();
  foreignBeat(dataDir);
  expect(houseHolder(dataDir)).toMatchObject(FOREIGN);
  foreignBeat(dataDir, { at: new Date(Date.now() - 3_600_000).toISOString() });
  expect(houseHolder(dataDir)).toBeUndefined();
});
