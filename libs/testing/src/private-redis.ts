/** A Redis of a test's own, where redis-server is on the PATH. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { freePort } from './free-port.ts';

/** Where redis-server is, or undefined: the caller prints that it skips. */
export function redisServer(): string | undefined {
  const places = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'redis-server'));
  return places.find((place) => {
    try {
      accessSync(place, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

export class PrivateRedis {
  readonly port: number;
  readonly #program: string;
  readonly #folder: string;
  #process: ChildProcess | undefined;

  private constructor(program: string, folder: string, port: number) {
    this.#program = program;
    this.#folder = folder;
    this.port = port;
  }

  static async start(program: string): Promise<PrivateRedis> {
    const redis = new PrivateRedis(program, await mkdtemp(join(tmpdir(), 'posthouse-redis-')), await freePort());
    await redis.up();
    return redis;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts it, on the same port as before. Does nothing when it runs. */
  async up(): Promise<void> {
    if (this.#process) return;
    const options = [
      '--port',
      String(this.port),
      '--bind',
      '127.0.0.1',
      '--save',
      '',
      '--appendonly',
      'no',
      '--dir',
      this.#folder,
    ];
    const started = spawn(this.#program, options, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#process = started;
    for await (const line of started.stdout.iterator({ destroyOnReturn: false })) {
      if (String(line).includes('eady to accept connections')) break;
    }
    started.stdout.resume();
  }

  /** Kills it, and with it all that it knew. */
  async down(): Promise<void> {
    const running = this.#process;
    this.#process = undefined;
    if (!running || running.exitCode !== null) return;
    const gone = once(running, 'exit');
    running.kill('SIGKILL');
    await gone;
  }

  async remove(): Promise<void> {
    await this.down();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
