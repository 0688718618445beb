/** Whether the doorbells' Redis answers, over all connections of the process: said once per loss, in the log and as a figure. */
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';

/** What one connection tells of itself. */
export interface BellReport {
  up(): void;
  down(reason: string): void;
  /** It is closed on purpose: nothing more is heard of it. */
  close(): void;
}

/**
 * No probe of readiness: without its doorbells mail still flows, by the sweeper and the sessions' poll, and a process that turned
 * itself away from the balancer for that would make a slow house a closed one.
 */
export class BellWatch {
  readonly #log: Log;
  readonly #metrics: Metrics;
  readonly #away = new Set<BellReport>();

  constructor(log: Log, metrics: Metrics) {
    this.#log = log;
    this.#metrics = metrics;
  }

  follow(): BellReport {
    let isClosed = false;
    const report: BellReport = {
      up: () => {
        if (isClosed) return;
        const wasAway = this.#away.delete(report);
        if (wasAway && this.#away.size === 0) this.#log.warn('the doorbells on Redis ring again');
        this.#metrics.doorbell(this.#away.size === 0);
      },
      down: (reason) => {
        if (isClosed) return;
        if (this.#away.size === 0)
          this.#log.warn({ reason }, 'Redis is away, and with it the doorbells: mail flows by the sweeper, slower');
        this.#away.add(report);
        this.#metrics.doorbell(false);
      },
      close: () => {
        isClosed = true;
        this.#away.delete(report);
      },
    };
    return report;
  }
}
