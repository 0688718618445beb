import { expect, test } from 'vitest';
import type { BellQueue, RingData } from './bell-backend.ts';
import { LateBellQueue } from './late-bell-queue.ts';

const DATA: RingData = { lane: 'local', slot: 0 };

/** Backends whose first `failures` openings fail, and what became of the others. */
function backends(failures: number) {
  const said: string[] = [];
  let tries = 0;
  const make = async (): Promise<BellQueue> => {
    said.push('opens');
    if (++tries <= failures) throw new Error('no database');
    return {
      ring: async (id) => void said.push(`rings ${id}`),
      close: async () => void said.push('closes'),
    };
  };
  return { said, queue: new LateBellQueue(make) };
}

test('is opened once, by the first of many rings', async () => {
  const { said, queue } = backends(0);
  await Promise.all([queue.ring('a', DATA), queue.ring('b', DATA), queue.open()]);
  await queue.close();
  expect(said).toEqual(['opens', 'rings a', 'rings b', 'closes']);
});

test('one that cannot be opened rejects the ring, and the next one tries again', async () => {
  const { said, queue } = backends(2);
  await queue.open();
  await expect(queue.ring('a', DATA)).rejects.toThrow('no database');
  await queue.ring('b', DATA);
  expect(said).toEqual(['opens', 'opens', 'opens', 'rings b']);
});

test.each([0, 1])(
  'one that was never opened, or could not be (%i failures), is closed without a word',
  async (failures) => {
    const { said, queue } = backends(failures);
    if (failures > 0) await queue.open();
    await queue.close();
    await queue.open();
    await expect(queue.ring('a', DATA)).rejects.toThrow('closed');
    expect(said).toHaveLength(failures);
  },
);
