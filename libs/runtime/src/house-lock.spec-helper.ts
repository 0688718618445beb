/** Processes that take a house, here or in namespaces of their own. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';

/** Flags of unshare(1): what a second container over the same volume has of its own. Where it does not mount a /proc, it sees that of the others. */
export const NAMESPACES = {
  none: [],
  pid: ['--pid', '--ipc', '--fork'],
  'pid with its own /proc': ['--pid', '--ipc', '--fork', '--mount-proc'],
  'mount, network, host name': ['--mount', '--net', '--uts'],
  'all of them': ['--pid', '--ipc', '--mount', '--net', '--uts', '--cgroup', '--fork', '--mount-proc'],
} as const satisfies Record<string, readonly string[]>;
export type NamespaceName = keyof typeof NAMESPACES;

/** Why processes in these namespaces cannot be started on this machine; undefined: they can. */
export function whyNotIn(name: NamespaceName): string | undefined {
  if (name === 'none') return undefined;
  const { error, status, stderr } = spawnSync('unshare', [...NAMESPACES[name], 'true'], { encoding: 'utf8' });
  return status === 0 ? undefined : `unshare ${NAMESPACES[name].join(' ')}: ${error?.message ?? stderr.trim()}`;
}

/** A Node process that runs a module's text; ends with its standard input. `arguments` is process.argv from the second on. */
export class Other {
  readonly child: ChildProcess;
  readonly #lines: Interface;
  readonly #said: AsyncIterator<string>;

  constructor(script: string, args: readonly string[], name: NamespaceName = 'none') {
    const command = [process.execPath, '--input-type=module', '-e', `process.stdin.resume();${script}`, ...args];
    const [program = '', ...rest] = name === 'none' ? command : ['unshare', ...NAMESPACES[name], ...command];
    this.child = spawn(program, rest, { stdio: ['pipe', 'pipe', 'inherit'] });
    const { stdout } = this.child;
    if (stdout === null) throw new Error('no output');
    this.#lines = createInterface(stdout);
    this.#said = this.#lines[Symbol.asyncIterator]();
  }

  /** The next line it prints, read as JSON; undefined at its end. */
  async says(): Promise<unknown> {
    const { value, done } = await this.#said.next();
    return done === true ? undefined : JSON.parse(value);
  }

  tell(line: string): void {
    this.child.stdin?.write(`${line}\n`);
  }

  /** Ends its input: it leaves what it holds, as at any other end of a process. Resolves when it is gone. */
  async end(signal?: NodeJS.Signals): Promise<void> {
    const isGone = this.child.exitCode !== null || this.child.signalCode !== null;
    const gone = isGone ? undefined : once(this.child, 'exit');
    if (signal === undefined) this.child.stdin?.end();
    else this.child.kill(signal);
    await gone;
    this.#lines.close();
  }
}

const moduleOf = (file: string): string => JSON.stringify(new URL(file, import.meta.url).href);

/** Takes the house and prints what came of it; holds it then. With a word for `givenUp` it gives it up at the end of its input. */
export const TAKE = `
  const { acquireHouse } = await import(${moduleOf('./house-lock.ts')});
  const [folder, purpose = 'house'] = process.argv.slice(1);
  let held;
  try { held = acquireHouse(folder, purpose); } catch (error) { held = { error: error.message }; }
  const taken = 'release' in held;
  console.log(JSON.stringify(taken ? { taken, pid: process.pid } : held));
  process.stdin.on('end', () => { if (taken) held.release(); });`;
