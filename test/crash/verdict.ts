/** What must hold after any crash: every accepted message once, every other one at most once, and a ledger that balances. */
import type { CrashHouse } from './crash-house.ts';
import type { LoadResult } from './load.ts';

export interface Verdict {
  readonly accepted: number;
  readonly refused: number;
  readonly unknown: number;
  readonly delivered: number;
  readonly lost: readonly string[];
  readonly doubled: readonly string[];
  readonly misplaced: readonly string[];
  /** Ledger, counters and UIDs that do not add up, in words. */
  readonly faults: readonly string[];
}

/** Seconds without any progress after which waiting mail counts as stuck: longer than a lease. */
const STUCK_AFTER = 90;

/** Waits until nothing waits in the local lane; progress, not time, is what ends the wait. */
export async function drained(house: CrashHouse): Promise<void> {
  let last = '';
  let since = Date.now();
  for (;;) {
    const [row] = await house.query<{ waiting: string; held: string }>(
      "select count(*) filter (where state in ('queued', 'leased'))::text as waiting, count(*) filter (where state = 'held')::text as held from delivery",
    );
    if (row?.waiting === '0') return;
    const now = `${row?.waiting} ${row?.held}`;
    if (now !== last) [last, since] = [now, Date.now()];
    else if (Date.now() - since > STUCK_AFTER * 1000) throw new Error(`${row?.waiting} deliveries make no progress`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const FAULTS = `
select format('message %s: %s recipients accepted, %s envelope rows, %s of %s rows', m.id, m.recipients,
              count(d.ordinal) filter (where d.parent is null), count(d.ordinal), m.deliveries) as fault
  from message m left join delivery d on d.tenant_id = m.tenant_id and d.message_id = m.id
 where m.origin = 'smtp' and m.state = 'accepted'
 group by m.tenant_id, m.id, m.recipients, m.deliveries
having count(d.ordinal) filter (where d.parent is null) <> m.recipients or count(d.ordinal) <> m.deliveries
union all
select format('delivery %s/%s is %s', message_id, ordinal, state) from delivery where state <> 'delivered'
union all
select format('folder %s: counts %s messages and %s octets, holds %s and %s', f.id, f.messages, f.octets, count(x.uid), coalesce(sum(x.octets), 0))
  from folder f left join folder_message x on x.tenant_id = f.tenant_id and x.folder_id = f.id
 group by f.id, f.messages, f.octets, f.uidnext
having count(x.uid) <> f.messages or coalesce(sum(x.octets), 0) <> f.octets or coalesce(max(x.uid), 0) >= f.uidnext
union all
select format('mailbox %s: usage says %s messages, folders hold %s', u.mailbox_id, u.messages, sum(f.messages))
  from mailbox_usage u join folder f on f.tenant_id = u.tenant_id and f.mailbox_id = u.mailbox_id
 group by u.mailbox_id, u.messages having u.messages <> sum(f.messages)`;

export async function judge(house: CrashHouse, load: LoadResult): Promise<Verdict> {
  const copies = await house.query<{ header_message_id: string; name: string; copies: number }>(
    `select m.header_message_id, b.name, count(*)::int as copies
       from folder_message x join message m on m.tenant_id = x.tenant_id and m.id = x.message_id
       join mailbox b on b.tenant_id = x.tenant_id and b.id = x.mailbox_id
      group by 1, 2`,
  );
  const found = new Map<string, number>();
  const misplaced: string[] = [];
  for (const { header_message_id, name, copies: count } of copies) {
    const id = header_message_id.slice(1, header_message_id.indexOf('@'));
    found.set(id, (found.get(id) ?? 0) + count);
    if (load.recipients.get(id) !== name) misplaced.push(`${id} in ${name}`);
  }
  const faults = await house.query<{ fault: string }>(FAULTS);
  return {
    accepted: load.accepted.size,
    refused: load.refused.size,
    unknown: load.recipients.size - load.accepted.size - load.refused.size,
    delivered: found.size,
    lost: [...load.accepted].filter((id) => !found.has(id)),
    doubled: [...found].filter(([, count]) => count > 1).map(([id]) => id),
    misplaced,
    faults: faults.map(({ fault }) => fault),
  };
}
