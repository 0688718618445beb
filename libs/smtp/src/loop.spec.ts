import { domainToASCII } from 'node:url';
import { expect, test } from 'vitest';
import { MAX_LOCAL_PART } from './limits.ts';
import { deliveredToAddresses } from './loop.ts';

test.for<[string, string | undefined]>([
  ['joe@example.org', 'joe|example.org'],
  ['JOE@Example.ORG', 'JOE|example.org'],
  ['<joe@example.org>', 'joe|example.org'],
  ['"joe doe"@example.org', 'joe doe|example.org'],
  [' joe@example.org ', 'joe|example.org'],
  ['joe@bücher.example', 'joe|xn--bcher-kva.example'],
  [`${'x'.repeat(MAX_LOCAL_PART)}@example.org`, `${'x'.repeat(MAX_LOCAL_PART)}|example.org`],
  [`${'x'.repeat(MAX_LOCAL_PART + 1)}@example.org`, undefined],
  [`${'+'.repeat(10_000)}@example.org`, undefined],
  [`joe@${'x'.repeat(300)}.example`, undefined],
  ['joe', undefined],
  ['@example.org', undefined],
  ['', undefined],
  ['__proto__', undefined],
])('Delivered-To: %j names %s', ([value, expected]) => {
  const [found, ...more] = deliveredToAddresses([value], domainToASCII);
  expect(found && `${found.local}|${found.domain}`).toBe(expected);
  expect(more).toEqual([]);
});
