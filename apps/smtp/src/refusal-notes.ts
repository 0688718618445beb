/** Refusals on the timeline, for as many as a person would read: a harvester must not fill the database with its failures. */
import type { IntakeStore, RefusalEvent } from '#domain';
import { clientKey } from '#runtime';

/** Of one client (IPv6: one /64), in one hour. What comes beyond is in the log alone. */
export const MAX_NOTED_REFUSALS = 200;
/** Told apart in one hour; the others share one count. */
const MAX_CLIENTS = 10_000;
const HOUR_MS = 3_600_000;
const OTHERS = 'others';

export class RefusalNotes {
  readonly #store: Pick<IntakeStore, 'recordRefusal'>;
  readonly #now: () => number;
  readonly #counts = new Map<string, number>();
  #hour = 0;

  /** @param now milliseconds */
  constructor(store: Pick<IntakeStore, 'recordRefusal'>, now: () => number = Date.now) {
    this.#store = store;
    this.#now = now;
  }

  note(event: RefusalEvent, remoteAddress: string): void {
    const count = this.#count(remoteAddress);
    if (count <= MAX_NOTED_REFUSALS) this.#store.recordRefusal(event);
    else if (count === MAX_NOTED_REFUSALS + 1)
      this.#store.recordRefusal({
        ...event,
        detail: `${event.detail}; more from there in this hour are in the log only`,
      });
  }

  #count(remoteAddress: string): number {
    const hour = Math.floor(this.#now() / HOUR_MS);
    if (hour !== this.#hour) this.#counts.clear();
    this.#hour = hour;
    const client = clientKey(remoteAddress);
    const key = this.#counts.has(client) || this.#counts.size < MAX_CLIENTS ? client : OTHERS;
    const count = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, count);
    return count;
  }
}
