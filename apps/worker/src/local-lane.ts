/** Delivers into our own mailboxes: claim a batch, decide in pure code, write all of it in one transaction. */
import { domainToASCII } from 'node:url';
import {
  DSN_LIFETIME_SECONDS,
  LIFETIME_SECONDS,
  mailboxStill,
  nextAttemptAfter,
  resolve,
  type CanonicalAddress,
  type DirectoryFacts,
  type Hold,
  type Lane,
  type LeasedDelivery,
  type MailboxBell,
  type MailboxId,
  type Placed,
  type Placement,
  type QueueStore,
} from '#domain';
import type { DeliveryOutcome, Log, Metrics } from '#runtime';
import type { Drain } from './lanes.ts';
import { addressOf, traceOf } from './recipient.ts';

/** Rows in one transaction: enough to spread the cost of its commit, few enough to hold folder locks for milliseconds. */
export const LOCAL_BATCH = 100;
/** Seconds. A batch takes milliseconds; a worker that is gone this long is dead. */
export const LOCAL_LEASE = 20;

/** What a fate counts as; a lease that was lost is somebody else's attempt. */
const OUTCOMES = {
  delivered: 'delivered',
  duplicate: 'delivered',
  'over-quota': 'deferred',
  busy: 'deferred',
  held: 'held',
} as const satisfies Record<Exclude<Placed, 'lost-lease'>, DeliveryOutcome>;

export class LocalLane implements Drain {
  readonly #queue: QueueStore;
  readonly #bell: MailboxBell;
  readonly #metrics: Metrics;
  readonly #log: Log;

  constructor(queue: QueueStore, bell: MailboxBell, metrics: Metrics, log: Log) {
    this.#queue = queue;
    this.#bell = bell;
    this.#metrics = metrics;
    this.#log = log;
  }

  async batch(lane: Lane): Promise<{ claimed: number; more: boolean }> {
    const { deliveries, more } = await this.#queue.claim(lane, LOCAL_BATCH, LOCAL_LEASE);
    if (deliveries.length > 0) await this.#deliver(deliveries);
    return { claimed: deliveries.length, more };
  }

  async #deliver(deliveries: readonly LeasedDelivery[]): Promise<void> {
    const addresses = deliveries.map(({ recipient }) => addressOf(recipient, domainToASCII));
    const facts = await this.#facts(deliveries, addresses);
    const placements: Placement[] = [];
    const holds: Hold[] = [];
    for (const [at, delivery] of deliveries.entries()) {
      const address = addresses[at];
      if (!address) holds.push({ delivery, reason: 'the recipient is no address' });
      // a different answer than RCPT's is a change behind the sender's back. Held, not silently rerouted.
      else if (delivery.mailboxId !== undefined && mailboxStill(delivery.mailboxId, address, facts.get(at)))
        placements.push(placement(delivery, delivery.mailboxId, address));
      else holds.push({ delivery, reason: whyNot(address, facts.get(at)), waitsFor: 'directory' });
    }
    await this.#queue.hold(holds);
    const fates = await this.#queue.place(placements);
    const moved = placements.filter((_, at) => fates[at] === 'delivered');
    this.#bell.ring(moved.map(({ mailboxId }) => mailboxId));
    this.#count(holds.length, fates);
    this.#log.debug({ claimed: deliveries.length, delivered: moved.length, held: holds.length }, 'local batch');
  }

  /** One observation per outcome and batch, not per message. */
  #count(held: number, fates: readonly Placed[]): void {
    const counts = { delivered: 0, deferred: 0, held };
    for (const fate of fates) if (fate !== 'lost-lease') counts[OUTCOMES[fate]] += 1;
    for (const outcome of ['delivered', 'deferred', 'held'] as const)
      if (counts[outcome] > 0) this.#metrics.delivery(outcome, counts[outcome]);
  }

  /** By position in the batch; none for what is no address, or was not accepted for one mailbox. */
  async #facts(
    deliveries: readonly LeasedDelivery[],
    addresses: readonly (CanonicalAddress | undefined)[],
  ): Promise<Map<number, DirectoryFacts>> {
    const asked = deliveries.flatMap(({ mailboxId }, at) => {
      const address = addresses[at];
      return address && mailboxId !== undefined ? [{ at, address, mailboxId }] : [];
    });
    const answers = await this.#queue.mailboxFacts(asked);
    return new Map(asked.flatMap(({ at }, index) => (answers[index] ? [[at, answers[index]] as const] : [])));
  }
}

/** The true reason, for the one who looks at what is held. */
function whyNot(address: CanonicalAddress, facts: DirectoryFacts | undefined): string {
  const resolution = facts && resolve(address, facts);
  switch (resolution?.kind) {
    case 'domain-disabled':
      return 'the domain is disabled or its tenant suspended';
    case 'not-hosted':
      return 'the domain is not hosted here any more';
    case 'no-such-user':
    case 'postmaster':
      return 'the address is gone';
    default:
      return 'the address leads elsewhere than when the message was accepted';
  }
}

function placement(delivery: LeasedDelivery, mailboxId: MailboxId, address: CanonicalAddress): Placement {
  const lifetime = delivery.reversePath === '' ? DSN_LIFETIME_SECONDS : LIFETIME_SECONDS;
  const retryAfter =
    delivery.ageSeconds >= lifetime ? undefined : nextAttemptAfter(delivery.ageSeconds, 'local', Math.random() * 2 - 1);
  return { delivery, mailboxId, trace: traceOf(delivery.reversePath, delivery.recipient, address), retryAfter };
}
