/**
 * Exactly once into INBOX: UIDs and MODSEQ are taken while the folder row is locked, and the folder rows, counters, queue rows and
 * events are written in the same transaction. A crash before COMMIT leaves nothing of it, after COMMIT all of it.
 */
import type { MailboxId, Placed, Placement } from '#domain';
import type { ClientBase } from 'pg';
import { columns } from '../columns.ts';
import {
  BOUND_LOCKS,
  DEFER,
  HOLD,
  LOCK_LEASES,
  lockInboxes,
  lockUsage,
  SETTLE_PLACED,
  type Locking,
} from './statements.ts';

const OVER_QUOTA = '452 4.2.2 mailbox full';
const BUSY = '451 4.2.0 mailbox busy';
/** Seconds until a mailbox that something long holds is tried again. */
const BUSY_FOR = 5;
const GONE = 'the mailbox of RCPT is gone or disabled';
const EXPIRED = '452 4.2.2 mailbox full until the lifetime of the message ended';

interface Inbox {
  readonly folderId: string;
  readonly tenantId: string;
  readonly mailboxId: MailboxId;
  readonly modseq: number;
  uidnext: number;
  room: { octets: number; messages: number };
  addedMessages: number;
  addedOctets: number;
}

interface FolderRow {
  tenant_id: string;
  mailbox_id: MailboxId;
  id: string;
  uidnext: number;
  highestmodseq: number;
}

interface UsageRow {
  mailbox_id: MailboxId;
  octets: number;
  messages: number;
  quota_octets: number | null;
  quota_messages: number | null;
  state: string;
}

/** A placement with what became of it. */
interface Judged {
  readonly placement: Placement;
  readonly fate: Placed;
  readonly inbox: Inbox | undefined;
  readonly uid: number;
  readonly octets: number;
}

/**
 * Runs in a pipelined transaction: one round trip to lock and read, one to write and commit. Throws a lock time-out where another
 * transaction holds a mailbox for long; with `skip locked` the mail for that one is put off instead, and the rest of the batch delivered.
 */
export async function placeAll(
  client: ClientBase,
  placements: readonly Placement[],
  locking: Locking,
): Promise<Placed[]> {
  const asked = [
    client.query('begin'),
    client.query(BOUND_LOCKS),
    takeInboxes(client, placements, locking),
    lockLeases(client, placements),
  ] as const;
  // What was sent behind a failed statement fails for that alone: the first failure tells the reason.
  await Promise.allSettled(asked);
  const [, , inboxes, leases] = await Promise.all(asked);
  const seen = new Set<string>();
  const absent = locking === 'wait' ? 'held' : 'busy';
  const judged = placements.map((placement, at) =>
    judge(placement, inboxes.get(placement.mailboxId) ?? absent, leases.get(at + 1), seen),
  );
  await Promise.all([...settle(client, judged, [...inboxes.values()]), client.query('commit')]);
  return judged.map(({ fate }) => fate);
}

function judge(
  placement: Placement,
  inbox: Inbox | 'held' | 'busy',
  already: boolean | undefined,
  seen: Set<string>,
): Judged {
  const { delivery, mailboxId, trace } = placement;
  const octets = delivery.octets + trace.length;
  const as = (fate: Placed): Judged => ({
    placement,
    fate,
    inbox: typeof inbox === 'string' ? undefined : inbox,
    uid: 0,
    octets,
  });
  if (already === undefined) return as('lost-lease');
  if (typeof inbox === 'string') return as(inbox);
  // The key of "exactly once": message x mailbox x instruction (keep in INBOX).
  const key = `${delivery.messageId} ${mailboxId}`;
  if (already || seen.has(key)) return as('duplicate');
  if (inbox.room.octets < octets || inbox.room.messages < 1) return as('over-quota');
  seen.add(key);
  inbox.room.octets -= octets;
  inbox.room.messages -= 1;
  inbox.addedMessages += 1;
  inbox.addedOctets += octets;
  return { ...as('delivered'), uid: inbox.uidnext++ };
}

async function takeInboxes(
  client: ClientBase,
  placements: readonly Placement[],
  locking: Locking,
): Promise<Map<MailboxId, Inbox>> {
  const wanted = [...new Map(placements.map(({ delivery, mailboxId }) => [mailboxId, delivery.tenantId]))];
  const keys = columns(
    wanted,
    ([, tenantId]) => tenantId,
    ([mailboxId]) => mailboxId,
  );
  const [folders, usage] = await Promise.all([
    client.query<FolderRow>({ ...lockInboxes(locking), values: keys }),
    client.query<UsageRow>({ ...lockUsage(locking), values: keys }),
  ]);
  const rooms = new Map(
    usage.rows
      .filter(({ state }) => state !== 'disabled')
      .map((row) => [
        row.mailbox_id,
        {
          octets: (row.quota_octets ?? Infinity) - row.octets,
          messages: (row.quota_messages ?? Infinity) - row.messages,
        },
      ]),
  );
  const inboxes = new Map<MailboxId, Inbox>();
  for (const row of folders.rows) {
    const room = rooms.get(row.mailbox_id);
    if (!room) continue;
    inboxes.set(row.mailbox_id, {
      folderId: row.id,
      tenantId: row.tenant_id,
      mailboxId: row.mailbox_id,
      modseq: row.highestmodseq + 1,
      uidnext: row.uidnext,
      room,
      addedMessages: 0,
      addedOctets: 0,
    });
  }
  return inboxes;
}

/** By position from 1: present when the lease is still ours; true when the mailbox has the message already. */
async function lockLeases(client: ClientBase, placements: readonly Placement[]): Promise<Map<number, boolean>> {
  const values = columns(
    placements,
    ({ delivery }) => delivery.tenantId,
    ({ delivery }) => delivery.messageId,
    ({ delivery }) => delivery.ordinal,
    ({ mailboxId }) => mailboxId,
    ({ delivery }) => delivery.lease,
  );
  const { rows } = await client.query<{ at: number; already: boolean }>({ ...LOCK_LEASES, values });
  return new Map(rows.map(({ at, already }) => [at, already]));
}

/** The statements that write what was judged; none waits for another. */
function settle(client: ClientBase, judged: readonly Judged[], inboxes: readonly Inbox[]): Promise<unknown>[] {
  const fates = (fate: Placed): Judged[] => judged.filter((one) => one.fate === fate);
  const settled = judged.filter(({ fate }) => fate === 'delivered' || fate === 'duplicate');
  const full = fates('over-quota');
  const retry = full.filter(({ placement }) => placement.retryAfter !== undefined);
  const busy = fates('busy');
  const held = [...fates('held'), ...full.filter(({ placement }) => placement.retryAfter === undefined)];
  const statements: Promise<unknown>[] = [];
  if (settled.length > 0) {
    statements.push(client.query({ ...SETTLE_PLACED, values: settleValues(fates('delivered'), inboxes, settled) }));
  }
  if (retry.length > 0) {
    const after = retry.map(({ placement }) => placement.retryAfter);
    statements.push(
      client.query({
        ...DEFER,
        values: [...leases(retry), after, retry.map(() => OVER_QUOTA), retry.map(() => 'room')],
      }),
    );
  }
  if (busy.length > 0) {
    const after = busy.map(({ placement }) => placement.delivery.ageSeconds + BUSY_FOR);
    statements.push(
      client.query({ ...DEFER, values: [...leases(busy), after, busy.map(() => BUSY), busy.map(() => null)] }),
    );
  }
  if (held.length > 0) {
    statements.push(
      client.query({
        ...HOLD,
        values: [
          ...leases(held),
          held.map(({ fate }) => (fate === 'held' ? GONE : EXPIRED)),
          held.map(({ fate }) => (fate === 'held' ? 'directory' : 'room')),
        ],
      }),
    );
  }
  return statements;
}

const leases = (judged: readonly Judged[]): unknown[][] =>
  columns(
    judged.map(({ placement }) => placement.delivery),
    ({ tenantId }) => tenantId,
    ({ messageId }) => messageId,
    ({ ordinal }) => ordinal,
    ({ lease }) => lease,
  );

function settleValues(placed: readonly Judged[], inboxes: readonly Inbox[], settled: readonly Judged[]): unknown[] {
  let at = 1;
  const starts = placed.map(({ placement }) => {
    const start = at;
    at += placement.trace.length;
    return start;
  });
  const touched = inboxes.filter(({ addedMessages }) => addedMessages > 0);
  return [
    Buffer.concat(placed.map(({ placement }) => placement.trace)),
    ...columns(
      placed,
      ({ placement }) => placement.delivery.tenantId,
      ({ inbox }) => inbox?.folderId,
      ({ uid }) => uid,
      ({ placement }) => placement.mailboxId,
      ({ placement }) => placement.delivery.messageId,
      ({ inbox }) => inbox?.modseq,
      ({ octets }) => octets,
    ),
    starts,
    placed.map(({ placement }) => placement.trace.length),
    ...columns(
      touched,
      ({ tenantId }) => tenantId,
      ({ folderId }) => folderId,
      ({ uidnext }) => uidnext,
      ({ modseq }) => modseq,
      ({ addedMessages }) => addedMessages,
      ({ addedOctets }) => addedOctets,
      ({ mailboxId }) => mailboxId,
    ),
    ...columns(
      settled,
      ({ placement }) => placement.delivery.tenantId,
      ({ placement }) => placement.delivery.messageId,
      ({ placement }) => placement.delivery.ordinal,
      ({ placement }) => placement.mailboxId,
      ({ fate }) => fate === 'duplicate',
      (one) => (one.fate === 'duplicate' ? 'the mailbox has this message already' : `INBOX, UID ${one.uid}`),
    ),
  ];
}
