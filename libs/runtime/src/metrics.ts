/** Prometheus figures, at four seams: connections, commands, deliveries, the queue. Labels come from closed sets, never from input. */
import { droppedLogLines } from './log-sink.ts';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

export type Protocol = 'smtp' | 'pop3' | 'imap' | 'http';
export type CommandResult = 'ok' | 'refused' | 'failed';
const OUTCOMES = ['delivered', 'forwarded', 'deferred', 'held', 'bounced', 'discarded'] as const;
export type DeliveryOutcome = (typeof OUTCOMES)[number];
/** `too many for the process`: its limit of file descriptors. */
export type ConnectionRefusal = 'too many' | 'too many from one address' | 'too many for the process';

/** One lane and state of the queue: how many rows, and how long (seconds) the oldest of them has been due. */
export interface QueueFigure {
  readonly lane: string;
  readonly state: string;
  readonly count: number;
  readonly oldestSeconds: number;
}

/** From a command answered out of memory to one that waits for a slow disk. */
const COMMAND_BUCKETS_SECONDS = [0.0005, 0.002, 0.01, 0.05, 0.25, 1, 5, 30];

/** The figures of one process; all apps in it share them. */
export class Metrics {
  readonly registry = new Registry();
  readonly #open: Gauge<'protocol'>;
  readonly #accepted: Counter<'protocol'>;
  readonly #refused: Counter<'protocol' | 'reason'>;
  readonly #commands: Histogram<'protocol' | 'verb' | 'result'>;
  readonly #deliveries: Counter<'outcome'>;
  readonly #doorbell: Gauge<'backend'>;
  readonly #depth: Gauge<'lane' | 'state'>;
  readonly #age: Gauge<'lane' | 'state'>;
  readonly #timers = new Map<string, Histogram.Internal<'protocol' | 'verb' | 'result'>>();
  #queue: (() => Promise<readonly QueueFigure[]>) | undefined;

  constructor() {
    const registers = [this.registry];
    this.#open = new Gauge({
      name: 'posthouse_connections',
      help: 'Connections open now. Near POSTHOUSE_MAX_CONNECTIONS: raise it or add a replica.',
      labelNames: ['protocol'],
      registers,
    });
    this.#accepted = new Counter({
      name: 'posthouse_connections_accepted_total',
      help: 'Connections served. A sudden rise with few commands is somebody knocking: look at the log.',
      labelNames: ['protocol'],
      registers,
    });
    this.#refused = new Counter({
      name: 'posthouse_connections_refused_total',
      help: 'Connections over a cap. Rising for honest clients: raise POSTHOUSE_MAX_CONNECTIONS(_PER_IP), or the open files of the process.',
      labelNames: ['protocol', 'reason'],
      registers,
    });
    this.#commands = new Histogram({
      name: 'posthouse_command_seconds',
      help: 'Time to answer a command. Failed ones are faults of ours: look for errors in the log.',
      labelNames: ['protocol', 'verb', 'result'],
      buckets: COMMAND_BUCKETS_SECONDS,
      registers,
    });
    this.#deliveries = new Counter({
      name: 'posthouse_deliveries_total',
      help: 'Delivery attempts by outcome. Many deferred or held: posthouse trace tells why.',
      labelNames: ['outcome'],
      registers,
    });
    // There from the start: Prometheus sees no increase in a series that begins with the first one.
    for (const outcome of OUTCOMES) this.#deliveries.inc({ outcome }, 0);
    this.#doorbell = new Gauge({
      name: 'posthouse_doorbell_up',
      help: 'The Redis of the doorbells answers (1) or not (0); absent where they ring through PostgreSQL. 0: mail flows by the sweeper, slower; start Redis again.',
      labelNames: ['backend'],
      registers,
    });
    this.#depth = new Gauge({
      name: 'posthouse_queue_depth',
      help: 'Rows of the queue by lane and state. Growing without end: add workers.',
      labelNames: ['lane', 'state'],
      registers,
    });
    this.#age = new Gauge({
      name: 'posthouse_queue_oldest_seconds',
      help: 'How long the oldest row has been due. Minutes in the local lane: the worker is down or stuck.',
      labelNames: ['lane', 'state'],
      registers,
    });
    this.#countDroppedLines();
    collectDefaultMetrics({ register: this.registry });
  }

  #countDroppedLines(): void {
    let said = 0;
    const lines = new Counter({
      name: 'posthouse_log_lines_dropped_total',
      help: 'Log lines that could not be written. Rising: the disk under the log is full, or nobody reads it; mail goes on.',
      registers: [],
      collect() {
        this.inc(droppedLogLines() - said);
        said = droppedLogLines();
      },
    });
    this.registry.registerMetric(lines);
  }

  connectionOpened(protocol: Protocol): void {
    this.#open.inc({ protocol });
    this.#accepted.inc({ protocol });
  }

  connectionClosed(protocol: Protocol): void {
    this.#open.dec({ protocol });
  }

  connectionRefused(protocol: Protocol, reason: ConnectionRefusal): void {
    this.#refused.inc({ protocol, reason });
  }

  /** `verb` must be one of the protocol's own commands, or `other`: a verb taken from input would make endless series. */
  command(protocol: Protocol, verb: string, result: CommandResult, seconds: number): void {
    const key = `${protocol} ${verb} ${result}`;
    let timer = this.#timers.get(key);
    if (timer === undefined) {
      timer = this.#commands.labels({ protocol, verb, result });
      this.#timers.set(key, timer);
    }
    timer.observe(seconds);
  }

  delivery(outcome: DeliveryOutcome, count = 1): void {
    this.#deliveries.inc({ outcome }, count);
  }

  doorbell(isUp: boolean): void {
    this.#doorbell.set({ backend: 'redis' }, isUp ? 1 : 0);
  }

  /** The one query behind depth and age; asked at each scrape. When it fails, both are left out of that scrape. */
  watchQueue(ask: () => Promise<readonly QueueFigure[]>): void {
    this.#queue = ask;
  }

  /** Everything in Prometheus' text format. */
  async text(): Promise<string> {
    await this.#askQueue();
    return this.registry.metrics();
  }

  async #askQueue(): Promise<void> {
    this.#depth.reset();
    this.#age.reset();
    // A scrape must not fail with the database: the other figures are needed most at that time.
    const figures = await this.#queue?.().catch(() => undefined);
    for (const { lane, state, count, oldestSeconds } of figures ?? []) {
      this.#depth.set({ lane, state }, count);
      this.#age.set({ lane, state }, oldestSeconds);
    }
  }
}
