import { expect, test } from 'vitest';
import type { Log } from './log.ts';
import { MAX_REFUSED_LINES, RefusedLog } from './refused-log.ts';

test('a flood is a few lines a minute, and the next one says how many were not said', () => {
  const lines: object[] = [];
  const log = { warn: (facts: object) => lines.push(facts) } as unknown as Log;
  let now = 0;
  const refused = new RefusedLog(log, 'smtp', () => now);
  for (let number = 0; number < 1_000; number++) refused.note('192.0.2.1', 'too many');
  expect(lines).toHaveLength(MAX_REFUSED_LINES);
  expect(lines[0]).toEqual({ protocol: 'smtp', remote: '192.0.2.1', why: 'too many' });
  now = 60_000;
  refused.note('2001:db8::1', 'too many from one address');
  expect(lines.at(-1)).toMatchObject({ remote: '2001:db8::1', unsaid: 1_000 - MAX_REFUSED_LINES });
});
