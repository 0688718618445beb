/** Turns a delivery whose address leads to several places, or to other addresses, into one delivery for each end. */
import { domainToASCII } from 'node:url';
import {
  expand,
  LOCAL_LANE,
  parseAddress,
  remoteLane,
  resolve,
  type CanonicalAddress,
  type ExpandedTarget,
  type ExpansionNode,
  type LeasedDelivery,
  type QueueStore,
  type Resolution,
} from '#domain';

export class Expander {
  readonly #queue: QueueStore;

  constructor(queue: QueueStore) {
    this.#queue = queue;
  }

  async expand(delivery: LeasedDelivery, address: CanonicalAddress): Promise<void> {
    const nodes = await expand(address, (addresses) => this.#resolve(addresses), domainToASCII);
    const targets = nodes.flatMap(toTarget);
    const [only, ...more] = targets;
    if (!only) await this.#queue.hold([{ delivery, reason: 'the address leads nowhere' }]);
    // The alias changed since RCPT and nothing can be delivered: the row itself is held.
    else if (only.hold !== undefined && more.length === 0) await this.#queue.hold([{ delivery, reason: only.hold }]);
    else await this.#queue.expand(delivery, targets);
  }

  async #resolve(addresses: readonly CanonicalAddress[]): Promise<Resolution[]> {
    const facts = await this.#queue.directoryFacts(addresses);
    return addresses.map((address, at) => resolve(address, facts[at] ?? { domain: undefined, rows: [] }));
  }
}

/** One row for each end; loops and second ways to the same mailbox need none. */
function toTarget({ address, outcome, resolution }: ExpansionNode): ExpandedTarget[] {
  const target = { recipient: address, lane: LOCAL_LANE, domainId: undefined, mailboxId: undefined, hold: undefined } as const;
  switch (outcome?.kind) {
    case 'mailbox':
      return [{ ...target, domainId: resolution && 'domain' in resolution ? resolution.domain.id : undefined, mailboxId: outcome.mailbox.id }];
    case 'remote':
      return [{ ...target, recipient: outcome.forwardPath, lane: remoteLane(domainOf(outcome.forwardPath)) }];
    case 'held':
    case 'refused':
      return [{ ...target, hold: outcome.reason }];
    case 'too-deep':
      return [{ ...target, hold: 'aliases lead to aliases too deep' }];
    case 'duplicate':
    case 'loop':
    case undefined:
      return [];
  }
}

const domainOf = (forwardPath: string): string => parseAddress(forwardPath, domainToASCII)?.domain ?? 'unknown';
