/** How a process ends: drained on a signal, at once on the second, and never half-alive after a fault. */
import { setTimeout as sleep } from 'node:timers/promises';
import { reasonOf } from './errors.ts';
import { droppedLogLines, lastWords } from './log-sink.ts';
import type { Log } from './log.ts';

const SIGNALS = { SIGTERM: 15, SIGINT: 2, SIGHUP: 1 } as const;
type StopSignal = keyof typeof SIGNALS;

/** Ctrl-C under `npm start` arrives twice, from the terminal and from npm: within this many milliseconds it is one signal. */
export const SAME_SIGNAL_MS = 1_000;
/** Beyond the drain itself: closing pools and stopping the embedded database. */
const CLOSE_SECONDS = 35;

/** Seconds from the signal until a process that does not end by itself leaves what is left, and ends all the same. */
export const longestStopSeconds = (drainSeconds: number): number => drainSeconds + CLOSE_SECONDS;

export interface ShutdownOptions {
  readonly log: Log;
  /** Finishes what is in hand and closes everything, in order. Called once. */
  readonly drain: () => Promise<void>;
  /** Time `drain` has for transactions and deliveries in hand; it is cut off half a minute later. */
  readonly drainSeconds: number;
  /** Ends the process; tests give their own. */
  readonly exit?: (code: number) => void;
  /** Milliseconds of a clock that never goes back; tests give their own. */
  readonly now?: () => number;
}

/**
 * Installs the signal handlers of a main: the first SIGTERM, SIGINT or SIGHUP drains and exits 0 (1 if draining failed or took too
 * long), the next one exits at once with 128 + its number. Returns a function that starts the same drain without a signal.
 */
export function onShutdown({
  log,
  drain,
  drainSeconds,
  exit = (code) => process.exit(code),
  now = () => performance.now(),
}: ShutdownOptions): () => Promise<void> {
  let began = 0;
  let draining: Promise<void> | undefined;
  const begin = (): Promise<void> => {
    if (draining === undefined) {
      began = now();
      draining = drained(drain, longestStopSeconds(drainSeconds) * 1_000, log).then(exit);
    }
    return draining;
  };
  const onSignal = (signal: StopSignal): void => {
    if (draining === undefined) {
      log.info({ signal }, 'shutting down');
      void begin();
    } else if (now() - began > SAME_SIGNAL_MS) {
      log.warn({ signal }, 'second signal: leaving at once');
      exit(128 + SIGNALS[signal]);
    }
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, onSignal);
  return begin;
}

async function drained(drain: () => Promise<void>, ms: number, log: Log): Promise<number> {
  const late = sleep(ms, 'late' as const, { ref: false });
  try {
    if ((await Promise.race([drain(), late])) !== 'late') return 0;
    log.error({ ms }, 'shutting down takes too long: leaving what is left');
  } catch (error) {
    log.error({ err: error }, 'shutting down failed');
  }
  return 1;
}

/** Exit on a fault nobody caught: what such a process still holds in memory is not to be trusted. Whoever runs it starts it again. */
export function exitOnFault(log: Log, exit: (code: number) => void = (code) => process.exit(code)): void {
  const fatal = (message: string) => (error: unknown) => {
    const before = droppedLogLines();
    log.fatal({ err: error }, message);
    // A full disk under the log must not hide why.
    if (droppedLogLines() !== before) lastWords(`posthouse: ${message}: ${reasonOf(error)}`);
    exit(1);
  };
  process.on('uncaughtException', fatal('uncaught exception'));
  process.on('unhandledRejection', fatal('unhandled rejection'));
  // A reader that went away (`posthouse up | head`) is no fault of the mail.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}
