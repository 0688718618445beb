/** A house of its own in a temporary folder, and the command line as an operator runs it: real processes, nothing mocked. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readHouse, type HouseRecord } from '#runtime';
import { ensureBuilt } from '../../bin/ensure-built.js';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** The last line that `up` prints when everything serves. */
export const SERVES = 'npx posthouse doctor';

export interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A process under way; what it says is kept. */
export class Running {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  out = '';
  err = '';
  #heard: (() => void) | undefined;

  constructor(child: ChildProcess) {
    this.child = child;
    child.stdout?.on('data', (chunk: Buffer) => this.#hear('out', chunk));
    child.stderr?.on('data', (chunk: Buffer) => this.#hear('err', chunk));
    this.ended = once(child, 'close').then(([code]: unknown[]) => {
      this.#heard?.();
      return typeof code === 'number' ? code : null;
    });
  }

  #hear(stream: 'out' | 'err', chunk: Buffer): void {
    this[stream] += chunk.toString();
    this.#heard?.();
  }

  /** Resolves when standard output holds the text; rejects when the process ends without having said it. */
  async says(text: string): Promise<void> {
    while (!this.out.includes(text)) {
      if (this.child.exitCode !== null || this.child.signalCode !== null)
        throw new Error(`ended without saying ${text}: ${this.out}${this.err}`);
      await new Promise<void>((resolve) => {
        this.#heard = resolve;
      });
    }
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.child.kill(signal);
    return this.ended;
  }
}

export class CliHouse {
  readonly folder: string;
  readonly dataDir: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly #started: Running[] = [];

  private constructor(folder: string, settings: Readonly<Record<string, string>>) {
    this.folder = folder;
    this.dataDir = join(folder, 'data');
    this.settings = settings;
  }

  static async make(settings: Readonly<Record<string, string>> = {}): Promise<CliHouse> {
    await ensureBuilt(ROOT);
    const folder = await mkdtemp(join(tmpdir(), 'posthouse-cli-'));
    await chmod(folder, 0o711); // the database's account passes through
    return new CliHouse(folder, settings);
  }

  /** Starts a script of `bin`; the house ends it at the latest. */
  spawn(script: string, args: readonly string[], settings: Readonly<Record<string, string>> = {}): Running {
    return this.#spawn(process.execPath, [join(ROOT, 'bin', script), ...args], settings);
  }

  /** Starts a command under another program: `unshare` with its flags, for one. */
  spawnUnder(
    program: readonly string[],
    args: readonly string[],
    settings: Readonly<Record<string, string>> = {},
  ): Running {
    const [first = '', ...rest] = [...program, process.execPath, join(ROOT, 'bin', 'posthouse.js'), ...args];
    return this.#spawn(first, rest, settings);
  }

  /** Such a command from its start to its end. */
  async runUnder(
    program: readonly string[],
    args: readonly string[],
    settings: Readonly<Record<string, string>> = {},
  ): Promise<Outcome> {
    const running = this.spawnUnder(program, args, settings);
    running.child.stdin?.end();
    const code = await running.ended;
    return { code, out: running.out, err: running.err };
  }

  #spawn(program: string, args: readonly string[], settings: Readonly<Record<string, string>> = {}): Running {
    const { PATH = '', HOME = '' } = process.env;
    const child = spawn(program, args, {
      cwd: this.folder,
      stdio: 'pipe',
      env: {
        PATH,
        HOME,
        POSTHOUSE_DATA_DIR: this.dataDir,
        POSTHOUSE_SMTP_PORT: '0',
        POSTHOUSE_POP3_PORT: '0',
        POSTHOUSE_IMAP_PORT: '0',
        POSTHOUSE_HTTP_PORT: '0',
        POSTHOUSE_HOSTNAME: 'mx.cli.test',
        ...this.settings,
        ...settings,
      },
    });
    const running = new Running(child);
    this.#started.push(running);
    return running;
  }

  /** Starts the house and resolves when it serves. */
  async up(settings: Readonly<Record<string, string>> = {}): Promise<Running> {
    const up = this.spawn('posthouse.js', ['up'], settings);
    await up.says(SERVES);
    return up;
  }

  /** A command from its start to its end. */
  async run(args: readonly string[], input = '', settings: Readonly<Record<string, string>> = {}): Promise<Outcome> {
    const running = this.spawn('posthouse.js', args, settings);
    running.child.stdin?.end(input);
    const code = await running.ended;
    return { code, out: running.out, err: running.err };
  }

  /** A shell that reads its commands from standard input, as from a terminal that they were pasted into. */
  async shell(script: string): Promise<Outcome> {
    const running = this.#spawn('sh', []);
    running.child.stdin?.end(script);
    const code = await running.ended;
    return { code, out: running.out, err: running.err };
  }

  /** A command that must succeed; gives what it printed. */
  async posthouse(...args: readonly string[]): Promise<string> {
    const { code, out, err } = await this.run(args);
    if (code !== 0) throw new Error(`posthouse ${args.join(' ')} ended with ${code}: ${out}${err}`);
    return out;
  }

  /** A command that must succeed, with --json; gives what it printed, line by line. */
  async json(...args: readonly string[]): Promise<unknown[]> {
    const out = await this.posthouse(...args, '--json');
    return out
      .split('\n')
      .filter((line) => line !== '')
      .map((line): unknown => JSON.parse(line));
  }

  /** What house.json says of a house that must be running. */
  record(): HouseRecord {
    const house = readHouse(this.dataDir);
    if (house?.running !== true) throw new Error('no house is running');
    return house.record;
  }

  port(listener: string): number {
    const port = this.record().listeners[listener];
    if (port === undefined) throw new Error(`no ${listener} listener`);
    return port;
  }

  fetch(path: string, port = this.port('http')): Promise<Response> {
    return fetch(`http://127.0.0.1:${port}${path}`);
  }

  /** Everything its processes said, and wrote down for people. */
  async everything(): Promise<string> {
    const files = await Promise.all(['house.json', 'postgres.log'].map((name) => readFile(join(this.dataDir, name))));
    return [...this.#started.flatMap(({ out, err }) => [out, err]), ...files].join('\n');
  }

  /** Ends what still runs. */
  async close(): Promise<void> {
    const left = this.#started.filter(({ child }) => child.exitCode === null && child.signalCode === null);
    // What does not drain must not hold up the run.
    for (const { child } of left) setTimeout(() => child.kill('SIGKILL'), 30_000).unref();
    await Promise.all(left.map((running) => running.stop()));
    await rm(this.folder, { recursive: true, force: true });
  }
}
