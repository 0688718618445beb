/** What must hold after any crash: every accepted message once, every other one at most once, and a ledger that balances. */
import { LIST, RESTLESS, type CrashHouse } from './crash-house.ts';
import type { LoadResult } from './load.ts';
import { leftOf } from './quits.ts';
import type { Findings } from './strikes.ts';

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

const literals = (texts: readonly string[]): string => texts.map((text) => `'${text}'`).join();

/** Their mailbox or address is gone: what was under way is held, with its reason, and not lost. Mail of a tenant that is active again goes on. */
const MAY_BE_HELD = [...RESTLESS.removed, ...RESTLESS.renamed];

/** Seconds without any progress after which waiting mail counts as stuck: longer than a lease. */
const STUCK_AFTER = 90;

/** Leases that no worker alive will settle: nothing moved for this many seconds. */
const STILL = 3;

/**
 * Waits until nothing waits: not in a lane, and not held for a tenant that is active again. Progress, not time, is what ends the wait.
 * @param hurry ends leases once nothing has moved for a while, as their own time would: what follows is the same
 */
export async function drained(house: CrashHouse, hurry = false): Promise<void> {
  let last = '';
  let since = Date.now();
  for (;;) {
    const [row] = await house.query<{ waiting: string; held: string }>(
      `select count(*) filter (where state in ('queued', 'leased') or (state = 'held' and recipient not in (${literals(MAY_BE_HELD)})))::text as waiting, count(*) filter (where state = 'held')::text as held from delivery`,
    );
    if (row?.waiting === '0') return;
    const now = `${row?.waiting} ${row?.held}`;
    if (now !== last) [last, since] = [now, Date.now()];
    else if (hurry && Date.now() - since > STILL * 1000) {
      await house.query("update delivery set lease_until = now() where state = 'leased' and lease_until > now()");
      hurry = false;
      since = Date.now();
    } else if (Date.now() - since > STUCK_AFTER * 1000) throw new Error(`${row?.waiting} deliveries make no progress`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Where an accepted message may be elsewhere than in a mailbox: held, removed with its mailbox, fetched over POP3. */
const MAY_BE_GONE: ReadonlySet<string> = new Set([...MAY_BE_HELD, ...RESTLESS.popped]);

/** A message that was put into a mailbox once: it is there, or its tombstone is. */
const PLACES = `
select m.header_message_id as id, count(*)::int as places
  from (select tenant_id, message_id from folder_message union all select tenant_id, message_id from tombstone) x
  join message m on m.tenant_id = x.tenant_id and m.id = x.message_id group by 1`;
const HELD = `
select m.header_message_id as id, 1 as places from delivery d join message m on m.tenant_id = d.tenant_id and m.id = d.message_id where d.state = 'held'`;

const FAULTS = `
select format('message %s: %s recipients accepted, %s envelope rows, %s of %s rows', m.id, m.recipients,
              count(d.ordinal) filter (where d.parent is null), count(d.ordinal), m.deliveries) as fault
  from message m left join delivery d on d.tenant_id = m.tenant_id and d.message_id = m.id
 where m.origin = 'smtp' and m.state = 'accepted'
 group by m.tenant_id, m.id, m.recipients, m.deliveries
having count(d.ordinal) filter (where d.parent is null) <> m.recipients or count(d.ordinal) <> m.deliveries
union all
select format('delivery %s/%s to %s is %s: %s', message_id, ordinal, recipient, state, reply) from delivery
 where state not in ('delivered', 'forwarded') and not (state = 'held' and recipient in (${literals(MAY_BE_HELD)}))
union all
select format('folder %s: counts %s messages and %s octets, holds %s and %s', f.id, f.messages, f.octets, count(x.uid), coalesce(sum(x.octets), 0))
  from folder f left join folder_message x on x.tenant_id = f.tenant_id and x.folder_id = f.id
 group by f.id, f.messages, f.octets, f.uidnext
having count(x.uid) <> f.messages or coalesce(sum(x.octets), 0) <> f.octets or coalesce(max(x.uid), 0) >= f.uidnext
union all
select format('mailbox %s: usage says %s messages, folders hold %s', u.mailbox_id, u.messages, sum(f.messages))
  from mailbox_usage u join folder f on f.tenant_id = u.tenant_id and f.mailbox_id = u.mailbox_id
 group by u.mailbox_id, u.messages having u.messages <> sum(f.messages)`;

/** @param found what the strikes left to be judged */
export async function judge(house: CrashHouse, load: LoadResult, found?: Findings): Promise<Verdict> {
  const copies = await house.query<{ header_message_id: string; name: string; copies: number }>(
    `select m.header_message_id, b.name, count(*)::int as copies
       from folder_message x join message m on m.tenant_id = x.tenant_id and m.id = x.message_id
       join mailbox b on b.tenant_id = x.tenant_id and b.id = x.mailbox_id
      group by 1, 2`,
  );
  const copiesOf = new Map<string, number>();
  const misplaced: string[] = [];
  for (const { header_message_id, name, copies: count } of copies) {
    const id = idOf(header_message_id);
    if (id.startsWith('list-')) continue;
    copiesOf.set(id, (copiesOf.get(id) ?? 0) + count);
    if (!isOf(house, name, load.recipients.get(id))) misplaced.push(`${id} in ${name}`);
  }
  const elsewhere = await accountedFor(house, load);
  const faults = await house.query<{ fault: string }>(FAULTS);
  return {
    accepted: load.accepted.size,
    refused: load.refused.size,
    unknown: load.recipients.size - load.accepted.size - load.refused.size,
    delivered: copiesOf.size,
    lost: [...load.accepted].filter((id) => !copiesOf.has(id) && !elsewhere.has(id)),
    doubled: [...copiesOf].filter(([, count]) => count > 1).map(([id]) => id),
    misplaced,
    faults: [
      ...faults.map(({ fault }) => fault),
      ...(await listFaults(house, found)),
      ...(await quitFaults(house, found)),
      ...house.apps.filter(({ isRunning }) => !isRunning).map(({ name }) => `${name} has ended by itself`),
    ],
  };
}

const idOf = (messageId: string): string => messageId.slice(1, messageId.indexOf('@'));

/** The renamed address was a second one of the first mailbox. */
const isOf = ({ addresses }: CrashHouse, mailbox: string, recipient: string | undefined): boolean =>
  recipient === mailbox || (mailbox === addresses[0] && RESTLESS.renamed.some((address) => address === recipient));

/** Messages that may be elsewhere than in a mailbox, and are: held, or put into a mailbox and removed from it. */
async function accountedFor(house: CrashHouse, load: LoadResult): Promise<ReadonlySet<string>> {
  const rows = await house.query<{ id: string; places: number }>(`${PLACES} union all ${HELD}`);
  const ids = rows.map(({ id }) => idOf(id));
  return new Set(ids.filter((id) => MAY_BE_GONE.has(load.recipients.get(id) ?? '')));
}

/** Every member of the list has each of its messages once. */
async function listFaults(house: CrashHouse, found: Findings | undefined): Promise<string[]> {
  const listed = found?.listed ?? [];
  const places = new Map(
    listed.length > 0
      ? (await house.query<{ id: string; places: number }>(PLACES)).map(({ id, places }) => [idOf(id), places])
      : [],
  );
  return listed
    .filter((id) => places.get(id) !== LIST.targets)
    .map((id) => `message ${id} to a list of ${LIST.targets} is in ${places.get(id) ?? 0} mailboxes`);
}

async function quitFaults(house: CrashHouse, found: Findings | undefined): Promise<string[]> {
  const faults: string[] = [];
  for (const { marked } of found?.quits ?? []) {
    for (const [mailbox, uidls] of marked) {
      const left = await leftOf(house, mailbox, uidls);
      if (left > 0 && left < uidls.length)
        faults.push(`QUIT of ${mailbox} left ${left} of ${uidls.length} marked messages`);
    }
  }
  return faults;
}
