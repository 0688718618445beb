import type { Steps } from '#imap';
import { setImmediate as allIsQuiet } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { TURN_MS } from './limits.ts';
import { Turns } from './turns.ts';

let now = 0;
let immediates: (() => void)[] = [];
beforeEach(() => {
  now = 0;
  immediates = [];
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  vi.spyOn(globalThis, 'setImmediate').mockImplementation((callback: () => void) => {
    immediates.push(callback);
    return {} as NodeJS.Immediate;
  });
});
afterEach(() => vi.restoreAllMocks());

/** One round of the event loop: what waited for it, with all that follows at once. */
async function round(): Promise<void> {
  for (const callback of immediates.splice(0)) callback();
  await allIsQuiet();
}

/** Work in pieces, each as long as `ms`. */
function* work(done: string[], name: string, pieces: number, ms = TURN_MS): Steps<string> {
  for (let piece = 0; piece < pieces; piece++) {
    done.push(name);
    now += ms;
    yield;
  }
  return name;
}

test('short work waits for nobody', () => {
  expect(new Turns().run(work([], 'a', 3, 1))).toBe('a');
});

test('long work goes on in the next round of the event loop', async () => {
  const done: string[] = [];
  const running = new Turns().run(work(done, 'a', 2));
  expect(done).toEqual(['a']);
  await round();
  expect(done).toEqual(['a', 'a']);
  await round();
  expect(await running).toBe('a');
});

test('however many sessions have long work, one of them works in each round', async () => {
  const done: string[] = [];
  const turns = new Turns();
  const running = ['a', 'b', 'c'].map(async (name) => turns.run(work(done, name, 3)));
  expect(done).toEqual(['a']);
  while (immediates.length > 0) {
    const before = done.length;
    await round();
    expect(done.length - before).toBeLessThanOrEqual(1);
  }
  expect(done.join('')).toBe('aabcabcbc');
  expect(await Promise.all(running)).toEqual(['a', 'b', 'c']);
});

test('what is left of a turn is for the next', async () => {
  const done: string[] = [];
  const turns = new Turns();
  const running = ['a', 'b', 'c'].map(async (name) => turns.run(work(done, name, 1, TURN_MS / 2)));
  expect(done).toEqual(['a', 'b']);
  while (immediates.length > 0) await round();
  expect(await Promise.all(running)).toEqual(['a', 'b', 'c']);
});
