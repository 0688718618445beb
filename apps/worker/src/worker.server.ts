import { setTimeout as sleep } from 'node:timers/promises';
import { Doorbell, MailboxBell, QueueStores, RetentionStore, type Lane, type LaneKind } from '#domain';
import { openBellWorker, type BellWorker } from '#queue';
import { aborted, House, type Log } from '#runtime';
import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { ExpandLane } from './expand-lane.ts';
import { Lanes } from './lanes.ts';
import { LocalLane } from './local-lane.ts';
import { RemoteLane } from './remote-lane.ts';
import { RetentionSweeper } from './retention.ts';
import { Sweeper } from './sweeper.ts';

/** Drains at once in this process, by kind of lane: those of one kind take no place of another. */
const CONCURRENCY: Readonly<Record<LaneKind, number>> = { local: 4, expand: 2, remote: 16 };
/** Milliseconds that the batches in hand have even where sessions used up the whole drain: a batch takes a few. */
const SETTLE_MS = 5_000;

/** Answers the doorbells. Retry times live in Postgres, so a drained lane is simply done. */
@Injectable()
export class WorkerServer implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #house: House;
  readonly #log: Log;
  readonly #lanes: Lanes;
  readonly #sweeper: Sweeper;
  readonly #retention: RetentionSweeper;
  readonly #stop = new AbortController();
  #bells: BellWorker | undefined;

  constructor(house: House, queues: QueueStores, retention: RetentionStore, doorbell: Doorbell, bell: MailboxBell) {
    const log = house.log.child({ app: 'worker' });
    this.#house = house;
    this.#log = log;
    const { metrics } = house;
    const drains = {
      local: new LocalLane(queues.of('local'), bell, metrics, log),
      expand: new ExpandLane(queues.of('expand'), doorbell, metrics, log),
      remote: new RemoteLane(queues.of('remote'), metrics),
    };
    this.#lanes = new Lanes(drains, doorbell);
    this.#sweeper = new Sweeper(queues.of('sweeper'), doorbell, this.#lanes, log);
    this.#retention = new RetentionSweeper(retention, house.config.retention, log);
  }

  async onApplicationBootstrap(): Promise<void> {
    this.#bells = await openBellWorker(
      this.#house,
      'posthouse_worker',
      ({ data }) => this.#answer(data.lane as Lane, data.slot),
      CONCURRENCY,
    );
    this.#sweeper.start();
    this.#retention.start();
  }

  async #answer(lane: Lane, slot: number): Promise<number> {
    try {
      return await this.#lanes.drain(lane, slot, this.#stop.signal);
    } catch (error) {
      // BullMQ keeps no failed ring, so that nobody else would ever hear of this.
      this.#log.warn({ lane, reason: String(error) }, 'a lane could not be drained; the sweeper tries again');
      throw error;
    }
  }

  /** Finishes the batches in hand while the database is still there. What is cut keeps its lease and is due again after it. */
  async beforeApplicationShutdown(): Promise<void> {
    const cut = this.#house.drain();
    this.#stop.abort();
    const settled = Promise.all([this.#sweeper.stop(), this.#retention.stop(), this.#bells?.close()]);
    const late = Promise.all([aborted(cut), sleep(SETTLE_MS, undefined, { ref: false })]);
    await Promise.race([settled, late]);
  }
}
