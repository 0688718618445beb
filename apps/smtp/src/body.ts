/** A body on its way into the store: in memory up to the small bound, from there on as chunk rows under a pending message. */
import { CHUNK_OCTETS, SMALL_BODY, type IntakeEnvelope, type IntakeStore, type MessageDigest } from '#domain';

export class Body {
  readonly #store: IntakeStore;
  readonly #envelope: IntakeEnvelope;
  #small: Buffer[] = [];
  #octets = 0;
  /** One buffer for all chunks of this body: a large message must not become garbage of its own size. */
  #chunk: Buffer | undefined;
  #filled = 0;
  #chunks = 0;
  #writing: Promise<void> | undefined;
  #abandoned = false;

  constructor(store: IntakeStore, envelope: IntakeEnvelope) {
    this.#store = store;
    this.#envelope = envelope;
  }

  /** Resolves when more may come; undefined when it may come at once. */
  write(octets: Buffer): Promise<void> | undefined {
    this.#octets += octets.length;
    if (this.#chunk) return (this.#writing = this.#spill([octets]));
    this.#small.push(octets);
    return this.#octets > SMALL_BODY ? (this.#writing = this.#begin()) : undefined;
  }

  async commit(envelope: IntakeEnvelope, digest: MessageDigest): Promise<void> {
    // A paused stream may end all the same: its last octets can still be on their way.
    await this.#writing;
    if (!this.#chunk) {
      await this.#store.commit({ ...envelope, digest, body: this.#small });
      return;
    }
    await this.#flush();
    await this.#store.commitLarge(envelope, digest);
  }

  /** Frees what was stored; trouble in doing so is the sweeper's. */
  async abandon(): Promise<void> {
    this.#small = [];
    this.#abandoned = true;
    // A chunk written after the pending message is gone would belong to nothing, and nobody would sweep it.
    await this.#writing?.catch(() => undefined);
    if (this.#chunk) await this.#store.abandonLarge(this.#envelope).catch(() => undefined);
  }

  async #begin(): Promise<void> {
    const held = this.#small;
    this.#small = [];
    this.#chunk = Buffer.allocUnsafeSlow(CHUNK_OCTETS);
    await this.#store.beginLarge(this.#envelope);
    await this.#spill(held);
  }

  async #spill(parts: readonly Buffer[]): Promise<void> {
    for (const part of parts) {
      for (let at = 0; at < part.length && !this.#abandoned;) {
        const copied = this.#chunk ? part.copy(this.#chunk, this.#filled, at) : 0;
        this.#filled += copied;
        at += copied;
        if (this.#filled === CHUNK_OCTETS) await this.#flush();
      }
    }
  }

  async #flush(): Promise<void> {
    if (!this.#chunk || this.#filled === 0) return;
    await this.#store.appendChunk(this.#envelope, this.#chunks++, this.#chunk.subarray(0, this.#filled));
    this.#filled = 0;
  }
}
