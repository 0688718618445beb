/** Turns a delivery whose address leads to several places, or to other addresses, into one delivery for each end. */
import { domainToASCII } from 'node:url';
import {
  expand,
  EXPAND_LANE,
  LOCAL_LANE,
  MAX_DELIVERIES,
  nextAttemptAfter,
  remoteLane,
  showId,
  TOO_MANY_TARGETS,
  type CanonicalAddress,
  type Doorbell,
  type ExpandedTarget,
  type Lane,
  type Leaf,
  type LeasedDelivery,
  type QueueStore,
} from '#domain';
import type { DeliveryOutcome, Log, Metrics } from '#runtime';
import type { Drain } from './lanes.ts';
import { addressOf } from './recipient.ts';

/** One address may lead to thousands of places: few in hand, so that tenants take turns after each of them. */
export const EXPAND_BATCH = 8;
/** Seconds; each step of an expansion renews it. */
export const EXPAND_LEASE = 60;

export class ExpandLane implements Drain {
  readonly #queue: QueueStore;
  readonly #doorbell: Doorbell;
  readonly #metrics: Metrics;
  readonly #log: Log;

  constructor(queue: QueueStore, doorbell: Doorbell, metrics: Metrics, log: Log) {
    this.#queue = queue;
    this.#doorbell = doorbell;
    this.#metrics = metrics;
    this.#log = log;
  }

  async batch(lane: Lane): Promise<{ claimed: number; more: boolean }> {
    const { deliveries, more } = await this.#queue.claim(lane, EXPAND_BATCH, EXPAND_LEASE);
    for (const delivery of deliveries) {
      const outcome = await this.#settle(delivery);
      if (outcome === 'forwarded') this.#doorbell.ring(LOCAL_LANE).catch(() => undefined);
      if (outcome !== 'lost-lease') this.#metrics.delivery(outcome);
    }
    return { claimed: deliveries.length, more };
  }

  /** A row whose expansion fails waits for its next attempt; the others of the batch go on. */
  async #settle(delivery: LeasedDelivery): Promise<DeliveryOutcome | 'lost-lease'> {
    const address = addressOf(delivery.recipient, domainToASCII);
    if (!address) return this.#hold(delivery, 'the recipient is no address');
    try {
      return await this.#expand(delivery, address);
    } catch (error) {
      this.#log.warn(
        { err: error, message: showId('msg', delivery.messageId) },
        'an address could not be expanded; later again',
      );
      const retryAfter = nextAttemptAfter(delivery.ageSeconds, 'local', Math.random() * 2 - 1);
      await this.#queue.defer([{ delivery, retryAfter, reply: '451 4.3.0 the address could not be expanded' }]);
      return 'deferred';
    }
  }

  async #expand(delivery: LeasedDelivery, address: CanonicalAddress): Promise<DeliveryOutcome | 'lost-lease'> {
    const { leaves, tooMany } = await expand(address, {
      lookup: (addresses) => this.#queue.directoryFacts(addresses),
      parse: (forwardPath) => addressOf(forwardPath, domainToASCII),
    });
    if (tooMany) return this.#hold(delivery, TOO_MANY_TARGETS);
    const targets = leaves.map(toTarget);
    const [only, ...more] = targets;
    // The alias changed since RCPT and nothing can be delivered: the row itself is held.
    if (!only) return this.#hold(delivery, 'the address leads nowhere');
    if (more.length === 0 && only.hold !== undefined) return this.#hold(delivery, only.hold);
    const outcome = await this.#queue.expand(delivery, targets, EXPAND_LEASE);
    if (outcome === 'too-many')
      return this.#hold(
        delivery,
        `the message would go to more than ${MAX_DELIVERIES.toLocaleString('en')} places of a tenant`,
      );
    return outcome;
  }

  async #hold(delivery: LeasedDelivery, reason: string): Promise<'held'> {
    await this.#queue.hold([{ delivery, reason }]);
    return 'held';
  }
}

function toTarget(leaf: Leaf): ExpandedTarget {
  const { recipient } = leaf;
  const target = { recipient, domainId: undefined, mailboxId: undefined, hold: undefined } as const;
  switch (leaf.kind) {
    case 'mailbox':
      return { ...target, lane: LOCAL_LANE, domainId: leaf.domainId, mailboxId: leaf.mailboxId };
    case 'remote':
      return { ...target, lane: remoteLane(leaf.domain) };
    case 'dead-end':
      // Where it is released it is looked up again.
      return { ...target, lane: EXPAND_LANE, hold: leaf.why };
  }
}
