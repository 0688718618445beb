/** Who is next: one network after the other, in each one account after the other, in each the one who came first. */

export interface Turn {
  readonly network: string;
  readonly account: string;
}

/** A network with a thousand waiting has one turn in each round, as a network with one has. Every step takes the same time, however many wait. */
export class FairTurns<Waiting extends Turn> {
  /** Networks, in each its accounts, in each those who wait; the first are next. */
  readonly #networks = new Map<string, Map<string, Set<Waiting>>>();

  add(waiting: Waiting): void {
    const { network, account } = waiting;
    const accounts = this.#networks.get(network) ?? new Map<string, Set<Waiting>>();
    const queue = accounts.get(account) ?? new Set();
    queue.add(waiting);
    accounts.set(account, queue);
    this.#networks.set(network, accounts);
  }

  /** Who does not wait any more leaves nothing behind. */
  delete(waiting: Waiting): void {
    const { network, account } = waiting;
    const accounts = this.#networks.get(network);
    const queue = accounts?.get(account);
    queue?.delete(waiting);
    if (queue?.size === 0) accounts?.delete(account);
    if (accounts?.size === 0) this.#networks.delete(network);
  }

  /** Undefined: nobody waits. */
  next(): Waiting | undefined {
    const [first] = this.#networks;
    if (!first) return undefined;
    const [network, accounts] = first;
    // Behind all others, if there is more to come.
    this.#networks.delete(network);
    const [turn] = accounts;
    if (!turn) return this.next();
    const [account, queue] = turn;
    accounts.delete(account);
    const [waiting] = queue;
    if (waiting) queue.delete(waiting);
    if (queue.size > 0) accounts.set(account, queue);
    if (accounts.size > 0) this.#networks.set(network, accounts);
    return waiting;
  }
}
