import { domainToASCII } from 'node:url';
import {
  MAX_TRACES,
  parseAddress,
  parseId,
  ROOT_TENANT,
  showAddress,
  TraceStore,
  type HouseStatistics,
  type Ledger,
  type MessageTrace,
  type TenantId,
} from '#domain';
import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { Database } from '../database.ts';
import { actAs, type Act } from '../directory/act.ts';
import { readLedger } from './ledger.ts';
import { ROWS_PER_PAGE } from './pages.ts';
import { readStatistics } from './statistics.ts';
import { countTargetsElsewhere } from './targets-elsewhere.ts';
import { readTraces, type MessageKey } from './traces.ts';

/** Under the api role: sees what happened, not what was written. */
@Injectable()
export class PgTraceStore extends TraceStore {
  readonly #database: Database;
  readonly #page: number;
  #statistics: Promise<HouseStatistics> | undefined;

  /** @param page rows of one statement, where a table is read whole */
  constructor(database: Database, { page = ROWS_PER_PAGE }: { readonly page?: number } = {}) {
    super();
    this.#database = database;
    this.#page = page;
  }

  override trace(principal: TenantId, reference: string, limit = MAX_TRACES): Promise<MessageTrace[]> {
    return actAs(this.#database, principal, async (act) =>
      readTraces(act, await findMessages(act, reference, Math.min(limit, MAX_TRACES))),
    );
  }

  override async ledger(principal: TenantId): Promise<Ledger> {
    const kysely = this.#database.unhurried();
    try {
      return await actAs({ kysely }, principal, (act) => readLedger(act, principal, this.#page), { snapshot: true });
    } finally {
      await kysely.destroy();
    }
  }

  override statistics(): Promise<HouseStatistics> {
    // Who asks meanwhile gets the same.
    this.#statistics ??= actAs(this.#database, ROOT_TENANT, (act) => readStatistics(act, this.#page), {
      snapshot: true,
    }).finally(() => (this.#statistics = undefined));
    return this.#statistics;
  }

  override targetsElsewhere(): Promise<number> {
    return actAs(this.#database, ROOT_TENANT, (act) => countTargetsElsewhere(act, this.#page));
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
