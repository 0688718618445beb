import { Doorbell, MailboxBell, QueueStore, type Lane } from '#domain';
import { openBellWorker, type BellWorker } from '#queue';
import { House } from '#runtime';
import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { Expander } from './expander.ts';
import { Lanes } from './lanes.ts';
import { LocalLane } from './local-lane.ts';
import { RemoteLane } from './remote-lane.ts';
import { Sweeper } from './sweeper.ts';

/** Lanes drained at once in this process. */
const CONCURRENCY = 16;

/** Answers the doorbells. Retry times live in Postgres, so a drained lane is simply done. */
@Injectable()
export class WorkerServer implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #house: House;
  readonly #lanes: Lanes;
  readonly #sweeper: Sweeper;
  readonly #stop = new AbortController();
  #bells: BellWorker | undefined;

  constructor(house: House, queue: QueueStore, doorbell: Doorbell, bell: MailboxBell) {
    const log = house.log.child({ app: 'worker' });
    this.#house = house;
    const { metrics } = house;
    const local = new LocalLane(queue, bell, new Expander(queue, metrics), metrics, log);
    this.#lanes = new Lanes(local, new RemoteLane(queue, metrics), doorbell);
    this.#sweeper = new Sweeper(queue, doorbell, this.#lanes, log);
  }

  onApplicationBootstrap(): void {
    this.#bells = openBellWorker(
      this.#house,
      'posthouse_worker',
      ({ data }) => this.#lanes.drain(data.lane as Lane, data.slot, this.#stop.signal),
      CONCURRENCY,
    );
    this.#sweeper.start();
  }

  /** Finishes the batches in hand while the database is still there. */
  async beforeApplicationShutdown(): Promise<void> {
    this.#stop.abort();
    await Promise.all([this.#sweeper.stop(), this.#bells?.close()]);
  }
}
