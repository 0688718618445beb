/** Work of one key goes one after the other, in order of arrival; that of different keys goes side by side. */
export class OneAtATime<Key> {
  /** The end of what waits for a key; never rejects. */
  readonly #tails = new Map<Key, Promise<void>>();

  run<T>(key: Key, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key);
    const running = before ? before.then(work) : work();
    const tail: Promise<void> = running.then(
      () => this.#end(key, tail),
      () => this.#end(key, tail),
    );
    this.#tails.set(key, tail);
    return running;
  }

  /** Keys with work under way. */
  get size(): number {
    return this.#tails.size;
  }

  #end(key: Key, tail: Promise<void>): void {
    if (this.#tails.get(key) === tail) this.#tails.delete(key);
  }
}
