/** A message body while it arrives: held in memory up to the small bound and while the budget lasts, from there on spilled in chunks. */
import { CHUNK_OCTETS, SMALL_BODY } from '#domain';
import type { OctetBudget } from './octet-budget.ts';

/** Octets of bodies in progress that a process holds, all connections together; beyond it a body is spilled at its first whole chunk. */
export const BODY_BUDGET = 128 * 1024 * 1024;
/** Octets allocated for the first that come: what a client only announces must not cost memory. */
const FIRST_ALLOCATION = 8 * 1024;
const NOTHING = Buffer.alloc(0);

/** Where the octets go that are not held any more. */
export interface SpillTarget {
  /** Before the first chunk. */
  begin(): Promise<void>;
  /** In order, from 0; every one but the last has CHUNK_OCTETS. The octets change when it has resolved. */
  chunk(number: number, octets: Buffer): Promise<void>;
}

/**
 * What is held is one buffer that grows by doubling, so that a client that dribbles octets costs linear work and no memory beside what is
 * counted. Only whole chunks are written: that much each body may hold, whatever is left of the budget.
 */
export class SpillingBody {
  readonly #budget: OctetBudget;
  readonly #target: SpillTarget;
  #buffer = NOTHING;
  #filled = 0;
  #spills: boolean;
  #begun = false;
  #chunks = 0;
  #writing: Promise<void> | undefined;
  #released = false;

  /** @param announced octets of the whole body, as far as the client says: a large one is spilled from its first chunk on */
  constructor(budget: OctetBudget, target: SpillTarget, announced = 0) {
    this.#budget = budget;
    this.#target = target;
    this.#spills = announced > SMALL_BODY;
  }

  /** The target has heard of it. */
  get begun(): boolean {
    return this.#begun;
  }

  /** Resolves when more may come; undefined when it may come at once. After `release` octets are thrown away. */
  write(octets: Buffer): Promise<void> | undefined {
    if (this.#released) return undefined;
    const needed = this.#filled + octets.length;
    const held = this.#spills ? needed < CHUNK_OCTETS : needed <= SMALL_BODY;
    if (held && this.#makeRoom(needed)) return this.#hold(octets);
    return (this.#writing = this.#spill(octets));
  }

  /**
   * Everything has come.
   * @returns the whole body, which counts until `release`; undefined: it is in the chunks
   */
  async end(): Promise<Buffer | undefined> {
    // Who was asked to wait may have ended all the same: the last octets can still be on their way.
    await this.#writing;
    if (!this.#spills) return this.#buffer.subarray(0, this.#filled);
    await this.#begin();
    if (this.#filled > 0) await this.#target.chunk(this.#chunks++, this.#buffer.subarray(0, this.#filled));
    this.#filled = 0;
    return undefined;
  }

  /** Gives back what it holds. When it has resolved nothing more goes to the target. */
  async release(): Promise<void> {
    this.#released = true;
    await this.#writing?.catch(() => undefined);
    this.#filled = 0;
    this.#resize(0);
  }

  /** False: the budget has no room for so many octets. */
  #makeRoom(octets: number): boolean {
    const { length } = this.#buffer;
    if (octets <= length) return true;
    const most = this.#spills || octets <= CHUNK_OCTETS ? CHUNK_OCTETS : SMALL_BODY;
    const size = Math.min(Math.max(octets, 2 * length, FIRST_ALLOCATION), most);
    if (size > CHUNK_OCTETS && size - length > this.#budget.free) return false;
    this.#resize(size);
    return true;
  }

  #hold(octets: Buffer): undefined {
    octets.copy(this.#buffer, this.#filled);
    this.#filled += octets.length;
  }

  /** Keeps the first octets of what is held, as many as there is room for. */
  #resize(size: number): void {
    this.#budget.give(this.#buffer.length);
    this.#budget.take(size);
    const resized = size === 0 ? NOTHING : Buffer.allocUnsafeSlow(size);
    this.#buffer.copy(resized, 0, 0, this.#filled);
    this.#buffer = resized;
  }

  async #begin(): Promise<void> {
    if (this.#begun) return;
    this.#begun = true;
    await this.#target.begin();
  }

  async #spill(octets: Buffer): Promise<void> {
    this.#spills = true;
    await this.#begin();
    await this.#writeChunks();
    for (let at = 0; at < octets.length && !this.#released;) {
      const part = octets.subarray(at, at + CHUNK_OCTETS - this.#filled);
      this.#makeRoom(this.#filled + part.length);
      this.#hold(part);
      at += part.length;
      if (this.#filled === CHUNK_OCTETS) await this.#writeChunks();
    }
  }

  /** Every whole chunk of what is held; the rest is kept. */
  async #writeChunks(): Promise<void> {
    let at = 0;
    for (; this.#filled - at >= CHUNK_OCTETS; at += CHUNK_OCTETS) {
      if (this.#released) return;
      await this.#target.chunk(this.#chunks++, this.#buffer.subarray(at, at + CHUNK_OCTETS));
    }
    this.#buffer.copyWithin(0, at, this.#filled);
    this.#filled -= at;
    if (this.#buffer.length > CHUNK_OCTETS) this.#resize(CHUNK_OCTETS);
  }
}
