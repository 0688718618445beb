/** Long reads, in bounded steps, on connections of their own: short ones do not wait for them, and mailboxes take turns. */
import type { MailboxId } from '#domain';
import type pg from 'pg';
import type { HotConnection, HotStatement, Reader } from './hot-connection.ts';

/** Steps under way on one connection: the next one is there when the one before it ends. */
const STEPS_UNDER_WAY = 2;

interface Waiting {
  readonly signal: AbortSignal | undefined;
  readonly begin: (connection: HotConnection) => void;
  readonly drop: () => void;
}

export class LongReads {
  /** A connection stands here once for each step that it may take now. */
  readonly #free: HotConnection[];
  /** By mailbox, whose turn is next first: one with many sessions has no more of it than one with a single one. */
  readonly #waiting = new Map<MailboxId, Waiting[]>();

  constructor(connections: readonly HotConnection[]) {
    this.#free = Array.from({ length: STEPS_UNDER_WAY }, () => connections).flat();
  }

  /**
   * Asks for one mailbox. A step that is under way ends by itself, since it is bounded.
   * @param signal aborted: no further step is begun; queries reject with its reason
   */
  for(mailbox: MailboxId, signal?: AbortSignal): Reader {
    return { query: (statement, values) => this.#query(mailbox, signal, statement, values) };
  }

  async #query<Row extends pg.QueryResultRow>(
    mailbox: MailboxId,
    signal: AbortSignal | undefined,
    statement: HotStatement,
    values: unknown[],
  ): Promise<Row[]> {
    signal?.throwIfAborted();
    const connection = this.#free.shift() ?? (await this.#turn(mailbox, signal));
    try {
      return await connection.query<Row>(statement, values);
    } finally {
      this.#next(connection);
    }
  }

  #turn(mailbox: MailboxId, signal: AbortSignal | undefined): Promise<HotConnection> {
    const { promise, resolve, reject } = Promise.withResolvers<HotConnection>();
    const waiting = { signal, begin: resolve, drop: () => reject(signal?.reason) };
    const others = this.#waiting.get(mailbox);
    if (others) others.push(waiting);
    else this.#waiting.set(mailbox, [waiting]);
    return promise;
  }

  #next(connection: HotConnection): void {
    for (const [mailbox, waiting] of this.#waiting) {
      this.#waiting.delete(mailbox);
      const first = waiting.shift();
      if (waiting.length > 0) this.#waiting.set(mailbox, waiting);
      if (first?.signal?.aborted) first.drop();
      else if (first) return first.begin(connection);
    }
    this.#free.push(connection);
  }
}
