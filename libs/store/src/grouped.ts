/** Turns many small calls into few statements, without a timer: what waits when a flush ends goes into the next one. */
export interface GroupedOptions<Item> {
  /** Items in one flush at most. */
  readonly maxItems: number;
  /** Weight (octets, say) in one flush at most; an item over it goes alone. */
  readonly maxWeight?: number;
  readonly weigh?: (item: Item) => number;
}

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The first call after a quiet time is flushed at the end of the event loop's turn, together with what the same turn brings.
 * One flush is under way at a time. `flush` gets the items in order of arrival and gives one result for each, or throws for all of them.
 */
export class Grouped<Item, Result> {
  readonly #flush: (items: Item[]) => Promise<readonly Result[]>;
  readonly #options: GroupedOptions<Item>;
  readonly #waiting: Waiting<Item, Result>[] = [];
  #underWay = false;
  #scheduled = false;

  constructor(flush: (items: Item[]) => Promise<readonly Result[]>, options: GroupedOptions<Item>) {
    this.#flush = flush;
    this.#options = options;
  }

  submit(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#scheduled || this.#waiting.length === 0 || this.#underWay) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      void this.#run();
    });
  }

  async #run(): Promise<void> {
    const batch = this.#waiting.splice(0, this.#count());
    if (batch.length === 0) return;
    this.#underWay = true;
    try {
      const results = await this.#flush(batch.map(({ item }) => item));
      for (const [at, { resolve }] of batch.entries()) resolve(results[at] as Result);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      this.#underWay = false;
      this.#schedule();
    }
  }

  #count(): number {
    const { maxItems, maxWeight = Infinity, weigh } = this.#options;
    let weight = 0;
    for (const [at, { item }] of this.#waiting.entries()) {
      weight += weigh?.(item) ?? 0;
      if (at > 0 && (at >= maxItems || weight > maxWeight)) return at;
    }
    return this.#waiting.length;
  }
}
