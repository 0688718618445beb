import { expect, test } from 'vitest';
import { FairSlots } from './fair-slots.ts';

/** Work that ends when it is told to. */
function works() {
  const running: string[] = [];
  const ends = new Map<string, () => void>();
  return {
    running,
    work: (name: string) => () =>
      new Promise<void>((resolve) => {
        running.push(name);
        ends.set(name, resolve);
      }),
    async end(name: string): Promise<void> {
      ends.get(name)?.();
      for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    },
  };
}

test('one key has some of the slots at most, and waits for itself', async () => {
  const slots = new FairSlots<string>(3, 2);
  const { running, work, end } = works();
  for (const name of ['a1', 'a2', 'a3', 'a4']) void slots.run('a', work(name));
  void slots.run('b', work('b1'));
  await end('');
  expect(running).toEqual(['a1', 'a2', 'b1']);
  await end('b1');
  expect(running).toEqual(['a1', 'a2', 'b1']);
  await end('a1');
  expect(running).toEqual(['a1', 'a2', 'b1', 'a3']);
});

test('keys take turns, however many one of them has waiting', async () => {
  const slots = new FairSlots<string>(1, 1);
  const { running, work, end } = works();
  for (const name of ['a1', 'a2', 'a3']) void slots.run('a', work(name));
  for (const name of ['b1', 'b2']) void slots.run('b', work(name));
  void slots.run('c', work('c1'));
  await end('');
  for (const name of ['a1', 'a2', 'b1', 'c1', 'a3', 'b2']) await end(name);
  expect(running).toEqual(['a1', 'a2', 'b1', 'c1', 'a3', 'b2']);
});

test('work that fails gives its slot back', async () => {
  const slots = new FairSlots<string>(1, 1);
  await expect(slots.run('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await slots.run('b', () => Promise.resolve(1))).toBe(1);
});
