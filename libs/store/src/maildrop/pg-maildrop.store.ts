import { setTimeout as sleep } from 'node:timers/promises';
import {
  INBOX,
  MaildropStore,
  uidRanges,
  type Account,
  type FolderId,
  type MaildropExpunge,
  type MaildropMessage,
  type MaildropOpening,
  type MessageId,
} from '#domain';
import { House } from '#runtime';
import { Injectable, Optional } from '@nestjs/common';
import { bodyStream } from '../body/body-stream.ts';
import { unescaped } from '../body/escaped.ts';
import { Changes } from '../changes.ts';
import { Database } from '../database.ts';
import { setClause } from '../folder/compact.ts';
import { EXPUNGED_AT_ONCE, expungeInParts, expungeResult, expungeText, type ExpungeRow } from '../folder/expunge.ts';
import type { HotConnection } from '../hot-connection.ts';
import { LongReads } from '../long-reads.ts';
import { ListingPages, type ListingRow } from './listing-pages.ts';
import { ProofOfLife } from './proof-of-life.ts';
import { FIRST_PAGE, listing, NEXT_PAGE, READ, RELEASE, RENEW, TAKE_LEASE } from './statements.ts';

interface TakenRow {
  taken: boolean;
  /** The session that holds the lease, where its process looks dead. */
  abandoned: string | null;
}

/** Connections for bodies that are streamed and for long listings: what is short waits for neither. */
const LONG_READERS = 2;

interface ReadRow {
  uid: number;
  message_id: MessageId;
  trace: Buffer;
  octets: number;
  body: string | null;
}

const GUARD = {
  // A lease that ran out but that nobody took is as good as a fresh one: the lock on its row keeps others away.
  cte: `lease as (
  select from maildrop_lock where tenant_id = $1::uuid and mailbox_id = $2::uuid and session_id = $7::uuid for update
)`,
  holds: 'exists (select from lease)',
};

/**
 * Milliseconds between the two looks that say a process is dead: one that lives and has lost its session has it back by then. A maildrop is
 * promised to be free a second after the end of the process that held it.
 */
const SECOND_LOOK_MS = 500;

@Injectable()
export class PgMaildropStore extends MaildropStore {
  readonly #changes: Changes;
  readonly #leases: HotConnection;
  readonly #reads: HotConnection;
  readonly #proof: ProofOfLife;
  readonly #house: string | undefined;
  readonly #long: LongReads;

  /** @param house whose maildrops they are; a spec has none */
  constructor(database: Database, @Optional() house?: House) {
    super();
    this.#changes = new Changes(database);
    this.#house = house?.identity;
    this.#proof = new ProofOfLife(database.sessionConfig);
    database.atClose(() => this.#proof.close());
    // A crash that undoes a lease ends in 'lease-lost' at worst, so that taking one need not wait for the disk.
    this.#leases = database.hot({ asynchronousCommit: true });
    this.#reads = database.hot();
    this.#long = new LongReads(Array.from({ length: LONG_READERS }, () => database.hot()));
  }

  override async open(
    account: Account,
    sessionId: string,
    leaseSeconds: number,
    signal?: AbortSignal,
  ): Promise<MaildropOpening> {
    await this.#proof.ready();
    const first = await this.#try(account, sessionId, leaseSeconds, null, signal);
    if (first.listing !== undefined) return { kind: 'open', listing: first.listing };
    if (first.abandoned === null) return { kind: 'in-use' };
    await sleep(SECOND_LOOK_MS);
    const second = await this.#try(account, sessionId, leaseSeconds, first.abandoned, signal);
    return second.listing === undefined ? { kind: 'in-use' } : { kind: 'open', listing: second.listing };
  }

  /** @param dead a session whose process looked dead before */
  async #try(
    account: Account,
    sessionId: string,
    leaseSeconds: number,
    dead: string | null,
    signal: AbortSignal | undefined,
  ) {
    const { tenantId, mailboxId } = account;
    const { incarnation, stands } = this.#proof;
    // Two statements, so that the listing's snapshot is younger than the lease; one round trip, because they are pipelined.
    const taking = this.#leases.query<TakenRow>(TAKE_LEASE, [
      tenantId,
      mailboxId,
      sessionId,
      leaseSeconds,
      incarnation,
      this.#house ?? null,
      stands,
      dead,
    ]);
    const maildrop = [tenantId, mailboxId, INBOX, sessionId];
    const first = this.#leases.query<ListingRow>(listing(FIRST_PAGE), [...maildrop, 0, 0]);
    try {
      const [[lease], [row]] = await Promise.all([taking, first]);
      if (lease?.taken !== true) return { listing: undefined, abandoned: lease?.abandoned ?? null };
      if (!row) throw new Error(`mailbox ${mailboxId} has no ${INBOX}`);
      const pages = new ListingPages(row);
      const reader = this.#long.for(mailboxId, signal);
      for (let size = FIRST_PAGE; pages.last === size; size = NEXT_PAGE) {
        const [next] = await reader.query<ListingRow>(listing(NEXT_PAGE), [...maildrop, pages.lastUid, pages.messages]);
        if (!next) throw new Error(`the maildrop of ${mailboxId} was taken by another session, or is gone`);
        pages.add(next);
      }
      return { listing: pages.whole(), abandoned: null };
    } catch (error) {
      await Promise.allSettled([taking, first, this.release(account, sessionId)]);
      throw error;
    }
  }

  override async renew({ tenantId, mailboxId }: Account, sessionId: string, leaseSeconds: number): Promise<boolean> {
    const values = [tenantId, mailboxId, sessionId, leaseSeconds, this.#proof.stands];
    return (await this.#leases.query(RENEW, values)).length > 0;
  }

  override async release({ tenantId, mailboxId }: Account, sessionId: string): Promise<void> {
    await this.#leases.query(RELEASE, [tenantId, mailboxId, sessionId]);
  }

  override async read(
    { tenantId, mailboxId }: Account,
    folderId: FolderId,
    uids: readonly number[],
  ): Promise<MaildropMessage[]> {
    const rows = await this.#reads.query<ReadRow>(READ, [tenantId, mailboxId, folderId, uids]);
    return rows.map((row) => ({
      uid: row.uid,
      messageId: row.message_id,
      trace: row.trace,
      bodyOctets: row.octets,
      body: row.body === null ? undefined : unescaped(row.body),
    }));
  }

  override stream(
    { tenantId, mailboxId }: Account,
    messageId: MessageId,
    start: number,
    end: number,
  ): AsyncIterable<Buffer> {
    return bodyStream(this.#long.for(mailboxId), tenantId, messageId, start, end);
  }

  override async expunge(
    { tenantId, mailboxId }: Account,
    folderId: FolderId,
    sessionId: string,
    uids: readonly number[],
  ): Promise<MaildropExpunge> {
    const expunged = await expungeInParts(uidRanges(uids), async (left) => {
      const set = setClause(left, 4);
      const [row] = await this.#changes.query<ExpungeRow>(tenantId, {
        name: 'maildrop_expunge',
        text: expungeText({ set, most: EXPUNGED_AT_ONCE, guard: GUARD }),
        values: [tenantId, mailboxId, folderId, ...set.values, 'POP3', sessionId],
      });
      return row && expungeResult(row);
    });
    return expunged ? 'expunged' : 'lease-lost';
  }
}
