import { RetentionStore, type Swept } from '#domain';
import { silentLog } from '#runtime';
import { expect, test } from 'vitest';
import { RetentionSweeper } from './retention.ts';

const NOTHING: Swept = { purged: 0, reclaimed: 0, forgotten: 0, tombstones: 0, refusals: 0, failures: 0 };
const KEEP = { expungedDays: 7, traceDays: 90, removedDays: 14 };

test('goes on at once while there is more, waits otherwise, and outlives a database that is away', async () => {
  const answers = [true, false, undefined];
  class Store extends RetentionStore {
    override async sweep(): Promise<Swept & { more: boolean }> {
      const more = answers.shift();
      if (more === undefined) throw new Error('database away');
      return { ...NOTHING, more };
    }
  }
  const sweeper = new RetentionSweeper(new Store(), KEEP, silentLog());
  const [more, done, away] = [await sweeper.sweep(), await sweeper.sweep(), await sweeper.sweep()];
  expect(more).toBeLessThan(done);
  expect(away).toBe(done);
});
