/** A body on its way into the store: in memory up to the small bound, larger ones as chunk rows under a pending message. */
import type { Committed, IntakeEnvelope, IntakeStore, MessageDigest } from '#domain';
import { SpillingBody, type OctetBudget } from '#runtime';

/** Whatever happens, it ends with `commit` or `abandon`: until then its memory counts. */
export class Body {
  readonly #store: IntakeStore;
  readonly #envelope: IntakeEnvelope;
  readonly #octets: SpillingBody;

  constructor(store: IntakeStore, budget: OctetBudget, envelope: IntakeEnvelope) {
    this.#store = store;
    this.#envelope = envelope;
    this.#octets = new SpillingBody(budget, {
      begin: () => store.beginLarge(envelope),
      chunk: (number, octets) => store.appendChunk(envelope, number, octets),
    });
  }

  /** Resolves when more may come; undefined when it may come at once. */
  write(octets: Buffer): Promise<void> | undefined {
    return this.#octets.write(octets);
  }

  /** When it rejects, or is overtaken: `abandon`. */
  async commit(envelope: IntakeEnvelope, digest: MessageDigest): Promise<Committed> {
    const body = await this.#octets.end();
    const outcome = body
      ? await this.#store.commit({ ...envelope, digest, body: [body] })
      : await this.#store.commitLarge(envelope, digest);
    if (outcome === 'stored') await this.#octets.release();
    return outcome;
  }

  /** Frees what was stored; trouble in doing so is the sweeper's. */
  async abandon(): Promise<void> {
    // A chunk written after the pending message is gone would belong to nothing, and nobody would sweep it.
    await this.#octets.release();
    if (this.#octets.begun) await this.#store.abandonLarge(this.#envelope).catch(() => undefined);
  }
}
