/**
 * Where log lines leave the process. Logging never stops mail: a disk that is full, a reader that is gone or does not read costs lines, and
 * nothing else. They are counted, and what was lost is said as soon as something can be said again.
 */
import { constants, openSync, writeSync } from 'node:fs';
import { isatty } from 'node:tty';
import process from 'node:process';
import { errorCode } from './errors.ts';

/** Octets gathered before they are written: one system call for some thirty lines instead of one for each. */
const GATHERED = 8_192;
/** Milliseconds a gathered line waits at most: what `kill -9` can cost. A fault, an exit and `fatal` write all lines first. */
const GATHERED_FOR = 100;
/** Octets that wait for a reader who does not read; a line beyond them is dropped. */
export const MAX_LOG_WAITING = 1_048_576;
/** Milliseconds that a process that ends gives such a reader for the last lines, and between two tries. */
const LAST_LINES_MS = 500;
const TRY_MS = 10;

/** Of this process. */
let droppedInAll = 0;
export const droppedLogLines = (): number => droppedInAll;

export interface LogSinkOptions {
  /** Told when lines can be written again: how many were lost meanwhile, and why. */
  readonly onDropped?: (lines: number, reason: string) => void;
  /** Writes octets, or throws; in place of the descriptor, for tests. */
  readonly write?: (octets: Uint8Array) => number;
}

export class LogSink {
  readonly #write: (octets: Uint8Array) => number;
  readonly #onDropped: ((lines: number, reason: string) => void) | undefined;
  /** Octets whose line has begun, or that came before those of `#gathered`. */
  #waiting: Buffer = Buffer.alloc(0);
  #gathered = '';
  #timer: NodeJS.Timeout | undefined;
  #dropped = 0;
  #reason = '';
  #isStuck = false;
  /** The last line that came out was cut. */
  #isCut = false;

  constructor(fd: number, { onDropped, write }: LogSinkOptions = {}) {
    this.#write = write ?? ((octets) => writeSync(fd, octets));
    this.#onDropped = onDropped;
  }

  /** One line, with its end. Never throws. */
  write(line: string): void {
    if (this.#waiting.length + this.#gathered.length > MAX_LOG_WAITING) return this.#drop(1, 'nobody reads the log');
    this.#gathered += line;
    if (this.#gathered.length >= GATHERED && !this.#isStuck) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), GATHERED_FOR).unref();
  }

  /** For pino: what is gathered goes out now. */
  flush(): void {
    this.#flush();
  }

  /** Before the end of the process: waits a little for a slow reader. Whether all lines are out. */
  flushSync(): boolean {
    this.#flush();
    for (const end = performance.now() + LAST_LINES_MS; this.#isStuck && performance.now() < end; this.#flush())
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, TRY_MS);
    return !this.#isStuck && this.#dropped === 0;
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#gathered !== '') {
      const start = this.#isCut && this.#waiting.length === 0 ? '\n' : '';
      this.#waiting = Buffer.concat([this.#waiting, Buffer.from(start + this.#gathered)]);
      this.#gathered = '';
    }
    this.#isStuck = false;
    while (this.#waiting.length > 0 && !this.#isStuck) this.#writeOnce();
    if (this.#isStuck) this.#timer = setTimeout(() => this.#flush(), GATHERED_FOR).unref();
  }

  #writeOnce(): void {
    try {
      const written = this.#write(this.#waiting);
      this.#isCut = this.#waiting[written - 1] !== LF;
      this.#waiting = this.#waiting.subarray(written);
    } catch (error) {
      const code = errorCode(error) ?? 'unknown';
      if (code === 'EINTR') return;
      // The reader has not read yet: what waits is kept.
      if (code === 'EAGAIN') {
        this.#isStuck = true;
        return;
      }
      const lines = this.#waiting.reduce((count, octet) => count + (octet === LF ? 1 : 0), 0);
      this.#waiting = Buffer.alloc(0);
      return this.#drop(lines, code);
    }
    if (this.#waiting.length === 0 && this.#dropped > 0) this.#sayDropped();
  }

  #drop(lines: number, reason: string): void {
    this.#dropped += lines;
    droppedInAll += lines;
    this.#reason = reason;
  }

  #sayDropped(): void {
    const [lines, reason] = [this.#dropped, this.#reason];
    this.#dropped = 0;
    this.#onDropped?.(lines, reason);
  }
}

const LF = 0x0a;

/**
 * The descriptor for the lines of the process: standard output, so that a write to it never waits. A terminal is opened once more for that:
 * there Ctrl-S would else stop the whole process.
 */
export function standardOutput(): number {
  // Node sets a pipe or a socket to not waiting as soon as somebody asks for the stream.
  process.stdout.on('error', () => undefined);
  if (!isatty(1) || process.platform !== 'linux') return 1;
  try {
    return openSync('/proc/self/fd/1', constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return 1;
  }
}

/** For the reason of an end, when it is near: on standard error, or else on standard output. Never throws. */
export function lastWords(text: string): void {
  for (const fd of [2, 1])
    try {
      writeSync(fd, `${text}\n`);
      return;
    } catch {
      // The other one, then.
    }
}
