/** What is being removed, in words: for `status` and `doctor`. */
import type { Removals } from '#domain';
import { ok, warn, type Finding } from './doctor/finding.ts';
import { duration } from './table.ts';

/** Seconds after which a removal that goes on is worth a look. */
const LONG = 3_600;

const counted = (count: number, one: string, several: string): string[] =>
  count === 0 ? [] : [`${count} ${count === 1 ? one : several}`];

/** Undefined: nothing is under way. */
export function underWay({ tenants, domains, mailboxes }: Removals): string | undefined {
  const parts = [
    ...counted(tenants, 'tenant', 'tenants'),
    ...counted(domains, 'domain', 'domains'),
    ...counted(mailboxes, 'mailbox', 'mailboxes'),
  ];
  return parts.length === 0 ? undefined : `${parts.join(', ')} being removed`;
}

export function removalsLine(removals: Removals): string | undefined {
  const { kept } = removals;
  const inGrace =
    kept === 0 ? [] : [`${counted(kept, 'mailbox', 'mailboxes').join('')} kept, see posthouse mailbox removed`];
  const parts = [underWay(removals), ...inGrace].filter((part) => part !== undefined);
  return parts.length === 0 ? undefined : parts.join('; ');
}

export function judgeRemovals(removals: Removals): Finding {
  const { oldestSeconds } = removals;
  const line = removalsLine(removals);
  if (line === undefined) return ok('removals: none under way');
  if (oldestSeconds < LONG) return ok(`removals: ${line}`);
  return warn(
    `removals: ${line}, the first for ${duration(oldestSeconds)}`,
    'the worker removes 5,000 rows a second: does one run, and does its log say "retention sweep failed"?',
  );
}
