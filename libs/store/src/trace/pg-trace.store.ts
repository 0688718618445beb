import { domainToASCII } from 'node:url';
import {
  MAX_TRACES,
  parseAddress,
  parseId,
  showAddress,
  TraceStore,
  type HouseStatistics,
  type Ledger,
  type MessageTrace,
  type QueueDepth,
  type TenantId,
} from '#domain';
import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { Database } from '../database.ts';
import { actAs, type Act } from '../directory/act.ts';
import { readLedger } from './ledger.ts';
import { readTraces, type MessageKey } from './traces.ts';

/** Under the api role: sees what happened, not what was written. */
@Injectable()
export class PgTraceStore extends TraceStore {
  readonly #database: Database;

  constructor(database: Database) {
    super();
    this.#database = database;
  }

  override trace(principal: TenantId, reference: string, limit = MAX_TRACES): Promise<MessageTrace[]> {
    return actAs(this.#database, principal, async (act) =>
      readTraces(act, await findMessages(act, reference, Math.min(limit, MAX_TRACES))),
    );
  }

  override async ledger(principal: TenantId): Promise<Ledger> {
    const kysely = this.#database.unhurried();
    try {
      return await actAs({ kysely }, principal, readLedger, { snapshot: true });
    } finally {
      await kysely.destroy();
    }
  }

  override statistics(principal: TenantId): Promise<HouseStatistics> {
    return actAs(this.#database, principal, readStatistics, { snapshot: true });
  }

  override async clockSkewSeconds(): Promise<number> {
    return actAs(this.#database, NOBODY, async (act) => {
      const before = Date.now();
      const { rows } = await sql<{
        ms: number;
      }>`select extract(epoch from clock_timestamp())::float8 * 1000 as ms`.execute(act);
      return ((rows[0]?.ms ?? before) - (before + Date.now()) / 2) / 1000;
    });
  }
}

/** Sees nothing: enough to ask for the time. */
const NOBODY = 'ffffffff-ffff-ffff-ffff-ffffffffffff' as TenantId;

async function findMessages(act: Act, reference: string, limit: number): Promise<MessageKey[]> {
  const id = parseId('msg', reference);
  const rows =
    id === undefined
      ? byText(reference, limit)
      : sql<MessageKey>`
    select tenant_id, id from message where id = ${id}
    union select tenant_id, message_id from event where message_id = ${id}`;
  return (await rows.execute(act)).rows;
}

/**
 * Header Message-ID, sender, recipient, whom RCPT refused, and the mailbox of an address with what lies in it now, whichever alias led there: each look-up
 * has its index. NUL, which no text in the database holds, finds nothing.
 */
function byText(reference: string, limit: number) {
  const text = reference.replaceAll('\0', '');
  const bare = text.replace(/^<|>$/g, '');
  const address = parseAddress(bare, domainToASCII);
  const addresses = [...new Set([text, bare, ...(address ? [showAddress(address)] : [])])];
  return sql<MessageKey>`
    select tenant_id, id from (
      select m.tenant_id, m.id from message m where m.header_message_id = any (${[text, bare, `<${bare}>`]}::text[])
      union
      select tenant_id, id from find_by_address(${addresses}::text[], ${limit}::int)
      union
      (select newest.tenant_id, newest.message_id
         from domain o
         join address_target t on t.tenant_id = o.tenant_id and t.domain_id = o.id and t.local = ${address?.local ?? ''} and t.kind = 'address'
         join folder f on f.tenant_id = t.tenant_id and f.mailbox_id = t.mailbox_id
        cross join lateral (
              select m.tenant_id, m.message_id from folder_message m
               where m.tenant_id = f.tenant_id and m.folder_id = f.id order by m.uid desc limit ${limit}) newest
        where o.name = ${address?.domain ?? ''})
    ) found order by id desc limit ${limit}`;
}

/** Rows up to which messages are counted one by one. */
const EXACT_MESSAGES = 100_000;

async function readStatistics(act: Act): Promise<HouseStatistics> {
  const queue = await sql<{ lane: string; state: QueueDepth['state']; count: number; oldest: number }>`
    select lane, state, count(*) as count, greatest(0, extract(epoch from now() - min(queued_at)))::float8 as oldest
      from (select lane, state, queued_at from delivery where state = 'queued'
            union all select lane, state, queued_at from delivery where state = 'leased'
            union all select lane, state, queued_at from delivery where state = 'held') waiting
     group by lane, state order by lane, state`.execute(act);
  const totals = await sql<{
    tenants: number;
    domains: number;
    mailboxes: number;
    estimate: number;
    postmaster: number;
  }>`
    select (select count(*) from tenant where parent_id is not null) as tenants,
           (select count(*) from domain) as domains,
           (select count(*) from mailbox) as mailboxes,
           (select reltuples::bigint from pg_class where oid = 'message'::regclass) as estimate,
           (select count(*) from delivery where state = 'held' and mailbox_id is null and lower(recipient) like 'postmaster%') as postmaster`.execute(
    act,
  );
  const { tenants = 0, domains = 0, mailboxes = 0, estimate = 0, postmaster = 0 } = totals.rows[0] ?? {};
  return {
    queue: queue.rows.map(({ lane, state, count, oldest }) => ({ lane, state, count, oldestSeconds: oldest })),
    tenants,
    domains,
    mailboxes,
    messages: estimate > EXACT_MESSAGES ? estimate : await countMessages(act),
    heldForPostmaster: postmaster,
  };
}

async function countMessages(act: Act): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*) as count from message where state = 'accepted'`.execute(
    act,
  );
  return rows[0]?.count ?? 0;
}
