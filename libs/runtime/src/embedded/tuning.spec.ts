import { expect, test } from 'vitest';
import { memoryOctets, syncsWhole, tuning } from './tuning.ts';

test.for([
  [512, '128MB'],
  [4_096, '512MB'],
  [65_536, '512MB'],
] as const)('%i MiB of memory give %s of shared buffers', ([mib, expected]) => {
  expect(tuning(mib * 1024 * 1024)['shared_buffers']).toBe(expected);
});

test('the memory of this machine is known', () => {
  expect(memoryOctets()).toBeGreaterThan(64 * 1024 * 1024);
});

test.for([
  ['linux', '6.18.44', true],
  ['linux', '5.8.0-1-amd64', true],
  ['linux', '5.7.19', false],
  ['linux', '4.19.0', false],
  ['linux', 'unknown', false],
  ['darwin', '24.1.0', false],
] as const)('%s %s syncs a file system as a whole: %s', ([system, version, expected]) => {
  expect(syncsWhole(system, version)).toBe(expected);
});
