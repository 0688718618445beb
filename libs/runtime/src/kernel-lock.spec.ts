import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { NAMESPACES, Other, whyNotIn, type NamespaceName } from './house-lock.spec-helper.ts';
import { isKernelLocked, KernelLockError, takeKernelLock } from './kernel-lock.ts';

const root = mkdtempSync(join(tmpdir(), 'posthouse-lock-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let files = 0;
const newPath = (): string => join(root, `lock-${files++}`);

const module = JSON.stringify(new URL('./kernel-lock.ts', import.meta.url).href);
const HOLD = `const { takeKernelLock } = await import(${module});
  console.log(JSON.stringify(takeKernelLock(process.argv[1]) !== undefined));`;

test('one has it at a time, within a process too, and a glance takes it from nobody', () => {
  const path = newPath();
  expect(isKernelLocked(path)).toBe(false);
  const lock = takeKernelLock(path);
  expect([isKernelLocked(path), takeKernelLock(path), isKernelLocked(path)]).toEqual([true, undefined, true]);
  lock?.release();
  lock?.release();
  expect(isKernelLocked(path)).toBe(false);
  takeKernelLock(path)?.release();
});

test('its file is for its owner, stays, and stays empty', () => {
  const path = newPath();
  takeKernelLock(path)?.release();
  expect([statSync(path).mode & 0o777, readFileSync(path, 'utf8')]).toEqual([0o600, '']);
});

test.for(Object.keys(NAMESPACES) as NamespaceName[])(
  'a holder in other namespaces has it until it is killed: %s',
  async (name, { skip }) => {
    const why = whyNotIn(name);
    if (why !== undefined) {
      console.log(`SKIPPED: ${why}`);
      skip(why);
    }
    const path = newPath();
    const holder = new Other(HOLD, [path], name);
    expect(await holder.says()).toBe(true);
    expect([isKernelLocked(path), takeKernelLock(path)]).toEqual([true, undefined]);
    await holder.end('SIGKILL');
    await expect.poll(() => isKernelLocked(path)).toBe(false);
    takeKernelLock(path)?.release();
  },
);

test.for([
  ['a folder', (path: string) => mkdirSync(path)],
  ['something that is no lock', (path: string) => writeFileSync(path, 'x'.repeat(5_000))],
] as const)('%s in its place is a fault, not a lock', ([, make]) => {
  const path = newPath();
  make(path);
  expect(() => takeKernelLock(path)).toThrow(KernelLockError);
  expect(() => isKernelLocked(path)).toThrow(path);
});

test('a folder that cannot be written is a fault', () => {
  expect(() => takeKernelLock(join(root, 'nowhere', 'lock'))).toThrow(KernelLockError);
});
