/** Octets that all connections of a process may hold together for one purpose. */
export class OctetBudget {
  #free: number;

  constructor(octets: number) {
    this.#free = octets;
  }

  /** Negative while more is held than the budget has. */
  get free(): number {
    return this.#free;
  }

  /** For what cannot be done with less: asks nobody. */
  take(octets: number): void {
    this.#free -= octets;
  }

  /** False: there is not so much left, and nothing was taken. */
  tryTake(octets: number): boolean {
    if (octets > this.#free) return false;
    this.take(octets);
    return true;
  }

  give(octets: number): void {
    this.#free += octets;
  }
}
