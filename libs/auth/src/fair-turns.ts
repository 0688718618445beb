/** Who is next: one network after the other, in each one account after the other, in each the one who came first. */

export interface Turn {
  readonly network: string;
  readonly account: string;
}

/** A network with a thousand waiting has one turn in each round, as a network with one has. Every step takes the same time, however many wait. */
export class FairTurns<Waiting extends Turn> {
  /** Networks, in each its accounts, in each those who wait; the first are next. */
  readonly #networks = new Map<string, Map<string, Waiting[]>>();

  add(waiting: Waiting): void {
    const { network, account } = waiting;
    const accounts = this.#networks.get(network) ?? new Map<string, Waiting[]>();
    const queue = accounts.get(account) ?? [];
    queue.push(waiting);
    accounts.set(account, queue);
    this.#networks.set(network, accounts);
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
    const waiting = queue.shift();
    if (queue.length > 0) accounts.set(account, queue);
    if (accounts.size > 0) this.#networks.set(network, accounts);
    return waiting;
  }
}
