/** RETRs in a row: the next messages are fetched in one batch while the client takes the current one. */
import { READ_BATCH_OCTETS, type MaildropMessage, type MaildropStore } from '#domain';
import type { OctetBudget } from '#runtime';
import { READ_AHEAD_LARGEST, READ_AHEAD_MESSAGES } from './limits.ts';
import { uidsOf, type OpenDrop } from './open-drop.ts';

/** When this few messages are left in hand the next batch is fetched. */
const REFILL_AT = READ_AHEAD_MESSAGES / 2;
/** Messages of the first batch: most who read one message read on, but who wants just one should not wait for twenty. */
const FIRST_BATCH = 4;

/** `gone`: expunged over IMAP meanwhile. */
export type Fetched = MaildropMessage | 'gone';

interface Batch {
  readonly first: number;
  readonly last: number;
  /** Of `numbers` first..last, taken from the budget. */
  readonly octets: number;
}

export class ReadAhead {
  readonly #store: MaildropStore;
  readonly #budget: OctetBudget;
  readonly #open: OpenDrop;
  /** By message number, ascending. */
  readonly #ready = new Map<number, Fetched>();
  #coming: (Batch & { readonly arrived: Promise<void> }) | undefined;
  /** The number asked for last. */
  #last = 0;
  #closed = false;

  constructor(store: MaildropStore, budget: OctetBudget, open: OpenDrop) {
    this.#store = store;
    this.#budget = budget;
    this.#open = open;
  }

  /** The message if it is in hand; undefined: `fetch` it. */
  take(number: number): Fetched | undefined {
    const fetched = this.#ready.get(number);
    if (fetched === undefined) return undefined;
    this.#last = number;
    // Those it passed over are not wanted.
    for (const passed of this.#ready.keys()) {
      if (passed > number) break;
      this.#forget(passed);
    }
    if (this.#ready.size <= REFILL_AT && !this.#coming) {
      const next = Math.max(number, ...this.#ready.keys()) + 1;
      const batch = this.#plan(next, READ_AHEAD_MESSAGES);
      // What fails here is fetched, and its fault told, when it is asked for.
      if (batch) this.#fetch(batch).catch(() => undefined);
    }
    return fetched;
  }

  /** Rejects when the database cannot answer. */
  async fetch(number: number): Promise<Fetched> {
    const coming = this.#coming;
    if (coming && coming.first <= number && number <= coming.last) {
      await coming.arrived;
    } else {
      const inARow = this.#last > 0 && number === this.#last + 1;
      this.#forgetAll();
      const batch = this.#coming ? undefined : this.#plan(number, inARow ? READ_AHEAD_MESSAGES : FIRST_BATCH);
      if (batch) await this.#fetch(batch);
    }
    const fetched = this.take(number);
    if (fetched !== undefined) return fetched;
    this.#last = number;
    const [message] = await this.#read([number]);
    return message ?? 'gone';
  }

  /** Gives everything back; what is under way is thrown away when it comes. */
  close(): void {
    this.#closed = true;
    this.#forgetAll();
  }

  /** From `first` on, as many as may be read ahead; undefined: none. */
  #plan(first: number, messages: number): Batch | undefined {
    const { drop } = this.#open;
    let octets = 0;
    let last = first - 1;
    while (last < drop.count && last - first + 1 < messages) {
      const size = drop.sizeOf(last + 1);
      if (size > READ_AHEAD_LARGEST || octets + size > READ_BATCH_OCTETS) break;
      octets += size;
      last++;
    }
    return last >= first && this.#budget.tryTake(octets) ? { first, last, octets } : undefined;
  }

  #fetch(batch: Batch): Promise<void> {
    const arrived = this.#arrive(batch);
    this.#coming = { ...batch, arrived };
    return arrived;
  }

  async #arrive({ first, last, octets }: Batch): Promise<void> {
    const numbers = Array.from({ length: last - first + 1 }, (_, at) => first + at);
    let messages: MaildropMessage[];
    try {
      messages = await this.#read(numbers);
    } catch (error) {
      this.#budget.give(octets);
      throw error;
    } finally {
      this.#coming = undefined;
    }
    const byUid = new Map(messages.map((message) => [message.uid, message]));
    for (const number of numbers) this.#ready.set(number, byUid.get(this.#open.uids[number - 1] ?? 0) ?? 'gone');
    if (this.#closed) this.#forgetAll();
  }

  #read(numbers: readonly number[]): Promise<MaildropMessage[]> {
    return this.#store.read(this.#open.account, this.#open.folderId, uidsOf(this.#open, numbers));
  }

  #forget(number: number): void {
    if (this.#ready.delete(number)) this.#budget.give(this.#open.drop.sizeOf(number));
  }

  #forgetAll(): void {
    for (const number of this.#ready.keys()) this.#forget(number);
  }
}
