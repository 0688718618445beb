/** Heals what doorbells miss: takes back expired leases, rings for every due lane, and drains it itself when no bell can ring. */
import { domainToASCII } from 'node:url';
import {
  goesOn,
  LANE_KINDS,
  laneKind,
  type CanonicalAddress,
  type DirectoryFacts,
  type Doorbell,
  type Lane,
  type LaneKind,
  type QueueStore,
  type WaitingGroup,
} from '#domain';
import type { Log } from '#runtime';
import type { Lanes } from './lanes.ts';
import { Periodic } from './periodic.ts';
import { addressOf, traceOf } from './recipient.ts';

/** Milliseconds between sweeps: mail waits at most this long when every bell is broken. */
const INTERVAL = 1_000;
/** Milliseconds that the sweeper drains one lane while others of its kind wait for their turn. */
const DRAIN_FOR = 10_000;
/** Lanes of one kind that the sweeper drains at once. */
const DRAINS_PER_KIND = 8;
/**
 * Seconds without a chunk after which a large message that was begun and not finished belongs to a dead connection: far more than any
 * idle time-out, and a client that takes longer for CHUNK_OCTETS sends less than 73 octets a second.
 */
export const PENDING_FOR = 3_600;
const SWEEPS_PER_PENDING_SWEEP = 60;

export class Sweeper {
  readonly #queue: QueueStore;
  readonly #doorbell: Doorbell;
  readonly #lanes: Lanes;
  readonly #log: Log;
  readonly #periodic = new Periodic(() => this.#round());
  readonly #draining = new Map<Lane, Promise<void>>();
  /** To be drained as soon as there is room for their kind. */
  readonly #waiting = new Set<Lane>();
  readonly #stop = new AbortController();
  #sweeps = 0;
  /** Lanes that were due at the last sweep: rung then and still due, so nobody hears the bell. */
  #dueBefore = new Set<Lane>();

  constructor(queue: QueueStore, doorbell: Doorbell, lanes: Lanes, log: Log) {
    this.#queue = queue;
    this.#doorbell = doorbell;
    this.#lanes = lanes;
    this.#log = log;
  }

  start(): void {
    this.#periodic.start();
  }

  /** Waits for the sweep and the drains in hand. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#waiting.clear();
    await this.#periodic.stop();
    await Promise.all(this.#draining.values());
  }

  async #round(): Promise<number> {
    try {
      await this.sweep();
    } catch (error) {
      this.#log.warn({ reason: String(error) }, 'sweep failed; the next one tries again');
    }
    return INTERVAL;
  }

  /** Does not wait for the drains it begins: a lane that has much keeps neither the others nor the next sweep. */
  async sweep(): Promise<void> {
    const released = await this.#queue.releaseExpired();
    if (released > 0) this.#log.warn({ released }, 'leases of vanished workers taken back');
    if (this.#sweeps++ % SWEEPS_PER_PENDING_SWEEP === 0) {
      const swept = await this.#queue.sweepPending(PENDING_FOR);
      if (swept > 0) this.#log.info({ swept }, 'unfinished large messages removed');
    }
    await this.#letGoOn();
    const due = await this.#queue.dueLanes();
    // A bell that hangs costs its whole time-out: it is tried once a sweep, not once a lane.
    let rings = true;
    for (const lane of due) {
      const isNew = !this.#dueBefore.has(lane);
      if (isNew && rings) rings = await this.#ring(lane);
      if (!isNew || !rings) this.#waiting.add(lane);
    }
    this.#beginDrains();
    this.#dueBefore = new Set(due);
  }

  #beginDrains(): void {
    if (this.#stop.signal.aborted) return;
    const room = new Map<LaneKind, number>(LANE_KINDS.map((kind) => [kind, DRAINS_PER_KIND]));
    for (const lane of this.#draining.keys()) room.set(laneKind(lane), (room.get(laneKind(lane)) ?? 0) - 1);
    for (const lane of this.#waiting) {
      const left = room.get(laneKind(lane)) ?? 0;
      if (left <= 0 || this.#draining.has(lane)) continue;
      room.set(laneKind(lane), left - 1);
      this.#waiting.delete(lane);
      const draining = this.#drain(lane, AbortSignal.any([AbortSignal.timeout(DRAIN_FOR), this.#stop.signal])).then(
        () => {
          this.#draining.delete(lane);
          this.#beginDrains();
        },
      );
      this.#draining.set(lane, draining);
    }
  }

  /** Mail that was held or put off for what the directory said, and says no more. */
  async #letGoOn(): Promise<void> {
    const groups = (await this.#queue.waiting()).flatMap((group) => {
      const address = addressOf(group.recipient, domainToASCII);
      return address ? [{ group, address }] : [];
    });
    if (groups.length === 0) return;
    const facts = await this.#factsOf(groups);
    const world = {
      lookup: (addresses: readonly CanonicalAddress[]) => this.#queue.directoryFacts(addresses),
      parse: (forwardPath: string) => addressOf(forwardPath, domainToASCII),
    };
    const mayGo = await Promise.all(
      groups.map(async ({ group, address }, at) => {
        const known = facts.get(at);
        if (known === undefined) return false;
        const trace = traceOf(group.reversePath, group.recipient, address);
        return goesOn(group, group.octets + trace.length, address, known, world);
      }),
    );
    const free = groups.filter((_, at) => mayGo[at] === true);
    const count = await this.#queue.goOn(free.map(({ group }) => group));
    if (count > 0) this.#log.info({ count }, 'deliveries go on: what they waited for has come');
  }

  /** By position. Only a postmaster's mail may go to more than the mailbox of RCPT. */
  async #factsOf(
    groups: readonly { readonly group: WaitingGroup; readonly address: CanonicalAddress }[],
  ): Promise<Map<number, DirectoryFacts>> {
    const all = groups.map(({ group: { mailboxId }, address }, at) => ({ at, address, mailboxId }));
    const boxes = all.flatMap(({ mailboxId, ...one }) => (mailboxId === undefined ? [] : [{ ...one, mailboxId }]));
    const others = all.filter(({ mailboxId }) => mailboxId === undefined);
    const [ofBoxes, ofOthers] = await Promise.all([
      boxes.length > 0 ? this.#queue.mailboxFacts(boxes) : [],
      others.length > 0 ? this.#queue.directoryFacts(others.map(({ address }) => address)) : [],
    ]);
    const found = new Map<number, DirectoryFacts>();
    for (const [index, facts] of ofBoxes.entries()) found.set(boxes[index]?.at ?? -1, facts);
    for (const [index, facts] of ofOthers.entries()) found.set(others[index]?.at ?? -1, facts);
    return found;
  }

  /** What is wrong with one lane must not keep the others from their turn. */
  async #drain(lane: Lane, signal: AbortSignal): Promise<void> {
    try {
      await this.#lanes.drain(lane, 0, signal);
    } catch (error) {
      this.#log.warn({ lane, reason: String(error) }, 'a lane could not be drained; the next sweep tries again');
    }
  }

  #ring(lane: Lane): Promise<boolean> {
    return this.#doorbell.ring(lane).then(
      () => true,
      () => false,
    );
  }
}
