/** A private Redis on a free port; `findRedis` says where there can be none. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Redis } from 'ioredis';
import { freePort } from './app-process.ts';

/** Milliseconds without a single key under load after which the doorbell counts as broken. */
const PATIENCE = 30_000;

export class RedisServer {
  readonly url: string;
  readonly #port: number;
  #child: ChildProcess | undefined;

  constructor(port: number) {
    this.#port = port;
    this.url = `redis://127.0.0.1:${port}`;
  }

  /** Does nothing when it runs. */
  async start(): Promise<void> {
    if (this.#child) return;
    const child = spawn(
      'redis-server',
      ['--port', String(this.#port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
      {
        stdio: ['ignore', 'pipe', 'ignore'],
      },
    );
    this.#child = child;
    for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
      if (String(chunk).includes('Ready to accept connections')) break;
    }
    child.stdout.resume();
  }

  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  /** Waits until it knows something, and then that is gone. Rejects when it is told nothing. */
  async flush(): Promise<void> {
    const client = new Redis(this.url);
    client.on('error', () => undefined); // it connects again by itself
    try {
      for (const deadline = Date.now() + PATIENCE; (await client.dbsize()) === 0;) {
        if (Date.now() > deadline) throw new Error('nothing was written to Redis under load');
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      await client.flushall();
    } finally {
      client.disconnect();
    }
  }
}

/** Makes servers, not started yet. Undefined, with a printed line, where redis-server is not installed. */
export function findRedis(): (() => Promise<RedisServer>) | undefined {
  if (spawnSync('redis-server', ['--version']).status === 0) return async () => new RedisServer(await freePort());
  process.stdout.write('redis-server is not installed: runs over Redis are skipped\n');
  return undefined;
}
