/** Turns a delivery whose address leads to several places, or to other addresses, into one delivery for each end. */
import { domainToASCII } from 'node:url';
import {
  expand,
  LOCAL_LANE,
  remoteLane,
  type CanonicalAddress,
  type ExpandedTarget,
  type Leaf,
  type LeasedDelivery,
  type QueueStore,
} from '#domain';
import type { Metrics } from '#runtime';
import { addressOf } from './recipient.ts';

export class Expander {
  readonly #queue: QueueStore;
  readonly #metrics: Metrics;

  constructor(queue: QueueStore, metrics: Metrics) {
    this.#queue = queue;
    this.#metrics = metrics;
  }

  async expand(delivery: LeasedDelivery, address: CanonicalAddress): Promise<void> {
    const { leaves } = await expand(address, {
      lookup: (addresses) => this.#queue.directoryFacts(addresses),
      parse: (forwardPath) => addressOf(forwardPath, domainToASCII),
    });
    const targets = leaves.map(toTarget);
    const [only, ...more] = targets;
    // The alias changed since RCPT and nothing can be delivered: the row itself is held.
    const hold = only === undefined ? 'the address leads nowhere' : more.length === 0 ? only.hold : undefined;
    if (hold === undefined) await this.#queue.expand(delivery, targets);
    else await this.#queue.hold([{ delivery, reason: hold }]);
    this.#metrics.delivery(hold === undefined ? 'forwarded' : 'held');
  }
}

function toTarget(leaf: Leaf): ExpandedTarget {
  const { recipient } = leaf;
  const target = { recipient, lane: LOCAL_LANE, domainId: undefined, mailboxId: undefined, hold: undefined } as const;
  switch (leaf.kind) {
    case 'mailbox':
      return { ...target, domainId: leaf.domainId, mailboxId: leaf.mailboxId };
    case 'remote':
      return { ...target, lane: remoteLane(leaf.domain) };
    case 'dead-end':
      return { ...target, hold: leaf.why };
  }
}
