/** One app of the built platform as a real process that can be killed and started again. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';

const DIST = new URL('../../dist/bin/', import.meta.url);
/** Milliseconds an app may take to serve, on a machine that is busy with all of them at once. */
const PATIENCE = 300_000;
/** Every write to it fails with ENOSPC. */
export const FULL_DISK = '/dev/full';

export class AppProcess {
  readonly name: string;
  readonly #environment: Record<string, string>;
  readonly #port: number | undefined;
  #child: ChildProcess | undefined;
  #errors = '';
  #log: number | undefined;

  /** @param port where it listens; undefined for an app without a listener */
  constructor(name: string, environment: Record<string, string>, port?: number) {
    this.name = name;
    this.#environment = environment;
    this.#port = port;
  }

  /** Resolves when it serves; gives the milliseconds to the first greeting of its listener, 0 without one. */
  async start(): Promise<number> {
    const script = fileURLToPath(new URL(`${this.name}.js`, DIST));
    const { PATH = '', HOME = '', NODE_V8_COVERAGE } = process.env;
    const coverage = NODE_V8_COVERAGE === undefined ? {} : { NODE_V8_COVERAGE };
    const begun = performance.now();
    const log = this.#log ?? 'pipe';
    const level = this.#log === undefined ? {} : { POSTHOUSE_LOG_LEVEL: 'debug' };
    const child = spawn(process.execPath, [script], {
      stdio: ['ignore', log, log],
      env: { PATH, HOME, ...coverage, POSTHOUSE_LOG_FORMAT: 'json', ...this.#environment, ...level },
    });
    this.#child = child;
    child.stderr?.on('data', (chunk: Buffer) => (this.#errors = (this.#errors + chunk.toString()).slice(-4_000)));
    const serving = new Promise<void>((resolve) => {
      // What cannot be said cannot be waited for: a listener's greeting tells.
      if (child.stdout === null) resolve();
      child.stdout?.on('data', (chunk: Buffer) => {
        if (chunk.includes('"serving"')) resolve();
      });
    });
    const died = once(child, 'exit').then(([code, signal]) => {
      throw new Error(`${this.name} ended at its start (${String(code ?? signal)}): ${this.#errors}`);
    });
    died.catch(() => undefined);
    const greeted = this.#port === undefined ? undefined : greeting(this.#port);
    greeted?.catch(() => undefined); // one that died is told by its end
    await Promise.race([Promise.all([serving, greeted]), died]);
    return greeted === undefined ? 0 : (await greeted) - begun;
  }

  /** From its next start on, all that it says meets a full disk. */
  fillLog(): void {
    this.#log ??= openSync(FULL_DISK, 'w');
  }

  /** Whether its standard output is the full disk. */
  get hasFullLog(): boolean {
    return this.pid !== undefined && readlinkSync(`/proc/${this.pid}/fd/1`) === FULL_DISK;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** kill -9; resolves when it is gone. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** For good. */
  async close(): Promise<void> {
    await this.kill();
    if (this.#log !== undefined) closeSync(this.#log);
    this.#log = undefined;
  }

  /** Stands still, its sockets open, until `thaw`. */
  freeze(): void {
    this.#child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child?.kill('SIGCONT');
  }

  /** SIGTERM; resolves when it has drained. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }
}

/** When a connection was first greeted, by the process clock. */
async function greeting(port: number): Promise<number> {
  for (const deadline = Date.now() + PATIENCE; Date.now() < deadline;) {
    const socket = connect(port, '127.0.0.1');
    const answer = await Promise.race([
      once(socket, 'data').then(() => true),
      once(socket, 'close').then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (answer) return performance.now();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`nothing listens on port ${port}`);
}
