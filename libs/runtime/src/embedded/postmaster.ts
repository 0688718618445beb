/** One PostgreSQL server: started, or taken over from a house that was killed; watched, started again when it dies, stopped. */
import { spawn } from 'node:child_process';
import { closeSync, copyFileSync, existsSync, openSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { reasonOf } from '../errors.ts';
import type { Log } from '../log.ts';
import { parentOf, processesIn } from '../process-identity.ts';
import { asAccount, type Binaries } from './binaries.ts';
import type { Cluster } from './cluster.ts';
import { EmbeddedError } from './embedded-error.ts';
import { isFree } from './free-port.ts';
import { clearLeftovers, readPidFile, STOP_STEPS, until } from './leftovers.ts';
import { lifeSocket, type LifeSocket } from './living-servers.ts';
import { ofChild, type ServerProcess } from './server-process.ts';
import { memoryOctets, tuning } from './tuning.ts';

/** A server that recovers from a crash replays up to max_wal_size; slow disks take minutes for that. */
const START_MS = 10 * 60_000;
/** Pauses before a dead server is started again, in milliseconds; the last one stays. */
const BACK_OFF_MS = [100, 300, 1_000, 3_000, 10_000] as const;
/** A server that lived this long is well: its next death starts again at the first pause. */
const WELL_MS = 60_000;
/** The server's own log is moved to `.1` above this size. */
export const MAX_LOG_OCTETS = 16 * 1024 * 1024;
const LOG_CHECK_MS = 60_000;

/** The port was taken between the look and the start. */
export class PortTaken extends Error {
  override readonly name = 'PortTaken';
}

export interface PostmasterOptions {
  readonly cluster: Cluster;
  readonly binaries: Binaries;
  readonly port: number;
  /** Where the server's own log goes. */
  readonly logFile: string;
  readonly log: Log;
}

/** The program of a server and its arguments. */
export const command = (cluster: Cluster, { postgres }: Binaries, port: number): readonly string[] => [
  postgres,
  '-D',
  cluster.folder,
  ...Object.entries({ ...tuning(memoryOctets()), port: String(port) }).flatMap(([name, value]) => [
    '-c',
    `${name}=${value}`,
  ]),
];

export class Postmaster {
  readonly #options: PostmasterOptions;
  readonly #stopping = new AbortController();
  readonly #logTimer: NodeJS.Timeout;
  #server: ServerProcess | undefined;
  #watch: Promise<void> = Promise.resolve();
  // A process that ends without stop() (a fault) at least asks the server to end with it.
  readonly #onExit = (): void => this.#server?.kill('SIGINT');

  constructor(options: PostmasterOptions) {
    this.#options = options;
    this.#logTimer = setInterval(() => rotate(options.logFile), LOG_CHECK_MS).unref();
  }

  get pid(): number | undefined {
    return this.#server?.pid;
  }

  /**
   * Resolves when the server takes connections; from then on it is kept running. Throws PortTaken or EmbeddedError.
   * @param isCleared nothing that an earlier run left behind is at work on the cluster any more
   */
  async start({ isCleared }: { readonly isCleared: boolean }): Promise<void> {
    process.on('exit', this.#onExit);
    try {
      await this.#startOnce(isCleared);
    } catch (error) {
      await this.stop();
      throw error;
    }
    this.#watch = this.#keepRunning();
  }

  /** Goes on with a server that runs already. */
  takeOver(server: ServerProcess): void {
    process.on('exit', this.#onExit);
    this.#server = server;
    this.#watch = this.#keepRunning();
  }

  /** Fast shutdown; what does not end within its bound is ended harder. Resolves when the server is gone. Idempotent. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    for (const [signal, wait] of STOP_STEPS) {
      if (!this.#isRunning()) break;
      this.#server?.kill(signal);
      await until(() => !this.#isRunning(), wait);
    }
    await this.#watch;
    clearInterval(this.#logTimer);
    process.off('exit', this.#onExit);
  }

  /**
   * The house is another process's by now, and its server may be at work on the same files: ours ends without writing or removing any, which
   * even its immediate shutdown would do (postmaster.pid).
   */
  abandon(): void {
    this.#stopping.abort();
    process.off('exit', this.#onExit);
    const master = this.#server?.pid;
    if (master === undefined || !this.#isRunning()) return;
    const backends = processesIn(this.#options.cluster.folder, 'postgres').filter((pid) => parentOf(pid) === master);
    for (const pid of [master, ...backends]) kill(pid);
  }

  #isRunning(): boolean {
    return this.#server?.isRunning() ?? false;
  }

  async #startOnce(isCleared = false): Promise<void> {
    const { cluster, port, logFile, log } = this.#options;
    if (!isCleared) await clearLeftovers(cluster.folder, log);
    if (!(await isFree(port))) throw new PortTaken(`port ${port} of 127.0.0.1 is taken`);
    rotate(logFile);
    const life = await this.#lifeSocket();
    const before = existsSync(logFile) ? statSync(logFile).size : 0;
    try {
      // stop() may have come while we waited, and would not see a child made after it.
      if (this.#stopping.signal.aborted) return;
      this.#spawn(life);
    } finally {
      life?.close();
    }
    const { pid } = this;
    await until(() => !this.#isRunning() || isReady(cluster.folder, pid), START_MS, this.#stopping.signal);
    if (this.#isRunning() && isReady(cluster.folder, pid)) return;
    if (this.#stopping.signal.aborted) return;
    if (!(await isFree(port))) throw new PortTaken(`port ${port} of 127.0.0.1 is taken`);
    const words = existsSync(logFile) ? readFileSync(logFile, 'utf8').slice(before).trim() : '';
    throw new EmbeddedError(
      `PostgreSQL did not start in ${cluster.folder}: ${words.slice(-2_000) || 'it said nothing'}; its log is ${logFile}`,
    );
  }

  async #lifeSocket(): Promise<LifeSocket | undefined> {
    const { cluster, log } = this.#options;
    try {
      return await lifeSocket(cluster.folder);
    } catch (error) {
      log.warn(
        { err: error, cluster: cluster.folder },
        'no socket can be made beside the database folder: a server that is left behind in another container will not be known',
      );
      return undefined;
    }
  }

  #spawn(life: LifeSocket | undefined): void {
    const { cluster, binaries, port, logFile, log } = this.#options;
    const [program = '', ...args] = command(cluster, binaries, port);
    const output = openLog(logFile);
    const words = output ?? 'ignore';
    try {
      // Its own session: Ctrl-C on our terminal must not stop the database before the apps are drained.
      const child = spawn(program, args, {
        ...asAccount(cluster.account),
        detached: true,
        stdio: ['ignore', words, words, ...(life ? [life.fd] : [])],
      });
      child.on('error', (error) => log.error({ err: error }, 'the database server cannot be run'));
      this.#server = ofChild(child);
    } finally {
      if (output !== undefined) closeSync(output);
    }
  }

  async #keepRunning(): Promise<void> {
    const { log, cluster } = this.#options;
    const { signal } = this.#stopping;
    let deaths = 0;
    for (;;) {
      const since = performance.now();
      await this.#server?.exited;
      if (signal.aborted) return;
      if (performance.now() - since > WELL_MS) deaths = 0;
      const pause = BACK_OFF_MS[Math.min(deaths++, BACK_OFF_MS.length - 1)];
      log.error({ cluster: cluster.folder, ...this.#server?.end(), pause }, 'the database server died');
      await sleep(pause, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      await this.#startOnce().then(
        () => log.info({ cluster: cluster.folder, server: this.pid }, 'the database server runs again'),
        (error: unknown) => log.error({ err: error }, `the database server does not start again: ${reasonOf(error)}`),
      );
    }
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself.
  }
}

const isReady = (cluster: string, pid: number | undefined): boolean => {
  const file = readPidFile(cluster);
  return file !== undefined && file.pid === pid && file.status === 'ready';
};

/** The server appends (O_APPEND), so the file can be emptied under it. On a full disk it is emptied all the same, without a copy. */
function rotate(logFile: string): void {
  try {
    if (!existsSync(logFile) || statSync(logFile).size <= MAX_LOG_OCTETS) return;
    copyOrNot(logFile, `${logFile}.1`);
    truncateSync(logFile, 0);
  } catch {
    // It goes on growing until the next look.
  }
}

function copyOrNot(from: string, to: string): void {
  try {
    copyFileSync(from, to);
  } catch {
    rmSync(to, { force: true });
  }
}

/** Undefined: it cannot be written, and its lines are lost. */
function openLog(logFile: string): number | undefined {
  try {
    return openSync(logFile, 'a', 0o600);
  } catch {
    return undefined;
  }
}
