/** The message of APPEND on its way into the store: in memory up to the small bound, larger ones chunk by chunk. */
import type { Account, AppendFacts, Appended, FolderName, FolderStore, MessageId } from '#domain';
import { SpillingBody, type OctetBudget } from '#runtime';
import { LinePosition } from '#wire';

/** Whatever happens, it ends with `commit` or `abandon`: until then its memory counts. */
export class AppendBody {
  readonly #store: FolderStore;
  readonly #account: Account;
  readonly #octets: SpillingBody;
  readonly #position = new LinePosition();
  #pending: MessageId | undefined;

  /** @param size octets of the whole message, as announced */
  constructor(store: FolderStore, budget: OctetBudget, account: Account, remoteAddress: string, size: number) {
    this.#store = store;
    this.#account = account;
    const target = {
      begin: async () => void (this.#pending = await store.beginLarge(account, remoteAddress)),
      chunk: async (number: number, octets: Buffer) => {
        if (this.#pending !== undefined) await store.appendChunk(account, this.#pending, number, octets);
      },
    };
    this.#octets = new SpillingBody(budget, target, size);
  }

  /** Resolves when more may come; undefined when it may come at once. */
  write(octets: Buffer): Promise<void> | undefined {
    this.#position.pass(octets);
    return this.#octets.write(octets);
  }

  /** When it rejects: `abandon`. */
  async commit(target: FolderName, known: Omit<AppendFacts, 'lacksFinalCrlf'>): Promise<Appended> {
    const facts = { ...known, lacksFinalCrlf: this.#position.at !== 'line-start' };
    const appended = await this.#commit(target, facts, await this.#octets.end());
    await this.#octets.release();
    return appended;
  }

  /** Frees what was stored; trouble in doing so is the sweeper's. */
  async abandon(): Promise<void> {
    // A chunk written after the pending message is gone would belong to nothing, and nobody would sweep it.
    await this.#octets.release();
    if (this.#pending !== undefined) {
      await this.#store.abandonLarge(this.#account, this.#pending).catch(() => undefined);
    }
  }

  #commit(target: FolderName, facts: AppendFacts, body: Buffer | undefined): Promise<Appended> {
    if (body) return this.#store.append(this.#account, target, { ...facts, body: [body] });
    if (this.#pending === undefined) throw new Error('chunks of no message');
    return this.#store.commitLarge(this.#account, target, this.#pending, facts);
  }
}
