import { CHUNK_OCTETS } from '#domain';
import { expect, test } from 'vitest';
import { passed } from './young-garbage.ts';

test('buffers of a large body do not pile up', () => {
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  for (let chunk = 0; chunk < 400; chunk++) {
    Buffer.allocUnsafeSlow(CHUNK_OCTETS).fill(1);
    passed(CHUNK_OCTETS);
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  }
  expect(most).toBeLessThan(40 * CHUNK_OCTETS); // of 400; left alone, V8 keeps more than 200
});
