/** Mail for other hosts waits here: this release stores and schedules it, and sends nothing. */
import {
  DSN_LIFETIME_SECONDS,
  LIFETIME_SECONDS,
  nextAttemptAfter,
  type Deferral,
  type Hold,
  type Lane,
  type LeasedDelivery,
  type QueueStore,
} from '#domain';
import type { Metrics } from '#runtime';
import type { Drain } from './lanes.ts';

const REMOTE_BATCH = 100;
const REMOTE_LEASE = 60;
const WAITS = '4.4.0 waiting: this release delivers to its own mailboxes only';
const EXPIRED = '4.4.7 its lifetime is over and this release cannot send it; release it once remote delivery is there';

export class RemoteLane implements Drain {
  readonly #queue: QueueStore;
  readonly #metrics: Metrics;

  constructor(queue: QueueStore, metrics: Metrics) {
    this.#queue = queue;
    this.#metrics = metrics;
  }

  async batch(lane: Lane): Promise<{ claimed: number; more: boolean }> {
    const { deliveries, more } = await this.#queue.claim(lane, REMOTE_BATCH, REMOTE_LEASE);
    const [expired, waiting] = [deliveries.filter(isExpired), deliveries.filter((delivery) => !isExpired(delivery))];
    await this.#queue.hold(expired.map((delivery): Hold => ({ delivery, reason: EXPIRED })));
    await this.#queue.defer(waiting.map(defer));
    if (expired.length > 0) this.#metrics.delivery('held', expired.length);
    if (waiting.length > 0) this.#metrics.delivery('deferred', waiting.length);
    return { claimed: deliveries.length, more };
  }
}

const isExpired = ({ reversePath, ageSeconds }: LeasedDelivery): boolean =>
  ageSeconds >= (reversePath === '' ? DSN_LIFETIME_SECONDS : LIFETIME_SECONDS);

const defer = (delivery: LeasedDelivery): Deferral => ({
  delivery,
  retryAfter: nextAttemptAfter(delivery.ageSeconds, 'remote', Math.random() * 2 - 1),
  reply: WAITS,
});
