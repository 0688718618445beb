/** The message of APPEND on its way into the store: in memory up to the small bound, larger ones chunk by chunk. */
import {
  CHUNK_OCTETS,
  SMALL_BODY,
  type Account,
  type AppendFacts,
  type Appended,
  type FolderName,
  type FolderStore,
  type MessageId,
} from '#domain';
import { LinePosition } from '#wire';

/** Octets allocated before any came: what a client only announces must not cost memory. */
const FIRST_ALLOCATION = 8 * 1024;

export class AppendBody {
  readonly #store: FolderStore;
  readonly #account: Account;
  readonly #remoteAddress: string;
  /** A small message is all of it; of a large one the chunk in hand, one buffer for all. */
  #buffer: Buffer;
  readonly #capacity: number;
  #filled = 0;
  readonly #position = new LinePosition();
  readonly #large: boolean;
  #pending: MessageId | undefined;
  #chunks = 0;
  #writing: Promise<void> | undefined;
  #abandoned = false;

  /** @param size octets of the whole message, as announced */
  constructor(store: FolderStore, account: Account, remoteAddress: string, size: number) {
    this.#store = store;
    this.#account = account;
    this.#remoteAddress = remoteAddress;
    this.#large = size > SMALL_BODY;
    this.#capacity = this.#large ? CHUNK_OCTETS : size;
    this.#buffer = Buffer.allocUnsafeSlow(Math.min(this.#capacity, FIRST_ALLOCATION));
  }

  /** Resolves when more may come; undefined when it may come at once. */
  write(octets: Buffer): Promise<void> | undefined {
    this.#position.pass(octets);
    const room = this.#capacity - this.#filled;
    if (octets.length < room || !this.#large) return this.#hold(octets);
    return (this.#writing = this.#spill(octets));
  }

  async commit(target: FolderName, known: Omit<AppendFacts, 'lacksFinalCrlf'>): Promise<Appended> {
    const facts = { ...known, lacksFinalCrlf: this.#position.at !== 'line-start' };
    if (!this.#large) {
      return this.#store.append(this.#account, target, { ...facts, body: [this.#buffer.subarray(0, this.#filled)] });
    }
    await this.#flush();
    if (this.#pending === undefined) throw new Error('a large message without octets');
    return this.#store.commitLarge(this.#account, target, this.#pending, facts);
  }

  /** Frees what was stored; trouble in doing so is the sweeper's. */
  async abandon(): Promise<void> {
    this.#abandoned = true;
    // A chunk written after the pending message is gone would belong to nothing, and nobody would sweep it.
    await this.#writing?.catch(() => undefined);
    if (this.#pending !== undefined) {
      await this.#store.abandonLarge(this.#account, this.#pending).catch(() => undefined);
    }
  }

  // Grows by doubling with what came: dribbling costs linear work.
  #hold(octets: Buffer): undefined {
    const needed = this.#filled + octets.length;
    if (needed > this.#buffer.length) {
      const grown = Buffer.allocUnsafeSlow(Math.min(this.#capacity, Math.max(needed, 2 * this.#buffer.length)));
      this.#buffer.copy(grown, 0, 0, this.#filled);
      this.#buffer = grown;
    }
    octets.copy(this.#buffer, this.#filled);
    this.#filled = needed;
  }

  async #spill(octets: Buffer): Promise<void> {
    for (let at = 0; at < octets.length && !this.#abandoned;) {
      const part = octets.subarray(at, at + CHUNK_OCTETS - this.#filled);
      this.#hold(part);
      at += part.length;
      if (this.#filled === CHUNK_OCTETS) await this.#flush();
    }
  }

  async #flush(): Promise<void> {
    if (this.#filled === 0) return;
    this.#pending ??= await this.#store.beginLarge(this.#account, this.#remoteAddress);
    const chunk = this.#buffer.subarray(0, this.#filled);
    await this.#store.appendChunk(this.#account, this.#pending, this.#chunks++, chunk);
    this.#filled = 0;
  }
}
