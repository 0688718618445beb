import type { Removals } from '#domain';
import { expect, test } from 'vitest';
import { judgeRemovals, removalsLine } from './removals.ts';

const NONE: Removals = { tenants: 0, domains: 0, mailboxes: 0, kept: 0, oldestSeconds: 0 };

test.for<[Partial<Removals>, string | undefined]>([
  [{}, undefined],
  [{ kept: 1 }, '1 mailbox kept, see posthouse mailbox removed'],
  [{ domains: 1 }, '1 domain being removed'],
  [{ tenants: 2, mailboxes: 1 }, '2 tenants, 1 mailbox being removed'],
  [
    { domains: 1, mailboxes: 3, kept: 12 },
    '1 domain, 3 mailboxes being removed; 12 mailboxes kept, see posthouse mailbox removed',
  ],
])('%j', ([some, line]) => {
  expect(removalsLine({ ...NONE, ...some })).toBe(line);
  expect(judgeRemovals({ ...NONE, ...some })).toMatchObject({
    verdict: 'ok',
    what: `removals: ${line ?? 'none under way'}`,
  });
});

test('one that goes on for long is worth a look', () => {
  const finding = judgeRemovals({ ...NONE, domains: 1, oldestSeconds: 7_300 });
  expect(finding).toMatchObject({ verdict: 'warn', what: 'removals: 1 domain being removed, the first for 2 h' });
});
