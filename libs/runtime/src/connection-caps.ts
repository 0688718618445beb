import { clientKey } from './client-address.ts';
import { ownDescriptors, type Descriptors } from './descriptors.ts';
import type { ConnectionRefusal } from './metrics.ts';

/** Counts the connections of one listener, in all and by client. */
export class ConnectionCaps {
  readonly #all: number;
  readonly #perClient: number;
  readonly #clients = new Map<string, number>();
  /** What all listeners of the process share. */
  readonly descriptors: Descriptors;
  #open = 0;

  /** `all` connections at once, `perClient` of one address (IPv6: one /64). */
  constructor(all: number, perClient: number, descriptors: Descriptors = ownDescriptors()) {
    this.#all = all;
    this.#perClient = perClient;
    this.descriptors = descriptors;
  }

  /** Counts one more, or says why not. `exempt` clients are held to the cap of all only. */
  take(address: string, exempt: boolean): ConnectionRefusal | undefined {
    const key = clientKey(address);
    const own = this.#clients.get(key) ?? 0;
    if (this.#open >= this.#all) return 'too many';
    if (!exempt && own >= this.#perClient) return 'too many from one address';
    if (!this.descriptors.take()) return 'too many for the process';
    this.#open += 1;
    this.#clients.set(key, own + 1);
    return undefined;
  }

  /** Gives back what `take` counted. */
  give(address: string): void {
    const key = clientKey(address);
    const own = this.#clients.get(key) ?? 0;
    this.#open -= 1;
    this.descriptors.give();
    if (own <= 1) this.#clients.delete(key);
    else this.#clients.set(key, own - 1);
  }
}
