/**
 * house.lock: who holds the house, and his heartbeat. Among the processes of one kernel it decides nothing, it only says whom the kernel's
 * lock belongs to. Over a volume that several machines share it is all there is: there the heart beats for those who do not see the holder.
 */
import { randomBytes } from 'node:crypto';
import {
  close,
  fdatasync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  write,
  writeSync,
} from 'node:fs';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { z } from 'zod';
import { errorCode } from './errors.ts';

/** Milliseconds between two beats: five of them in the time after which a heart counts as still. */
export const BEAT_MS = 3_000;

/** What the holder runs: the house or its database alone until a signal ends it, or the database for the length of one command. */
export const purposes = z.enum(['house', 'database', 'command']);

const holder = z.object({
  /** As its own PID namespace counts. */
  pid: z.int().positive(),
  identity: z.string(),
  purpose: purposes,
  bootId: z.string().min(1),
  pidNamespace: z.string(),
  netNamespace: z.string(),
  host: z.string(),
  /** Of this holding: no other, before or after, has it. */
  token: z.string().min(1),
});
export type Holder = z.infer<typeof holder>;

const beating = holder.extend({ beat: z.string().regex(/^\d+$/), at: z.iso.datetime() });
/** What a look at the file sees. */
export type Beating = z.infer<typeof beating>;

/** Digits of the beat: every beat has the same length, so that a look between two octets still sees a whole record. */
const DIGITS = 12;

const lineOf = (who: Holder, beat: number): string =>
  `${JSON.stringify({ ...who, beat: String(beat).padStart(DIGITS, '0'), at: new Date().toISOString() } satisfies Beating)}\n`;

/** Undefined for a file that is not there or no record: nobody holds by such a one, since it is put in place whole. Throws EACCES. */
export function readHeartbeat(path: string): Beating | undefined {
  try {
    return beating.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    if (errorCode(error) === 'EACCES') throw error;
    return undefined;
  }
}

/** A draft with the record, durable, whose descriptor stays open. */
function draftOf(path: string, who: Holder): { readonly draft: string; readonly file: number } {
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  const file = openSync(draft, 'wx', 0o600);
  writeSync(file, lineOf(who, 0));
  fsyncSync(file);
  return { draft, file };
}

const [writeTo, syncData, closeFile] = [promisify(write), promisify(fdatasync), promisify(close)];

/** The record of this process, kept beating. What it writes goes to its own file, even where another one has its name by then. */
export class Heartbeat {
  readonly #path: string;
  readonly #who: Holder;
  readonly #onLost: () => void;
  readonly #timer: NodeJS.Timeout;
  #file: number;
  #count = 0;
  #isBusy = false;
  #hasEnded = false;

  private constructor(path: string, who: Holder, file: number, beatMs: number, onLost: () => void) {
    this.#path = path;
    this.#who = who;
    this.#file = file;
    this.#onLost = onLost;
    this.#timer = setInterval(() => void this.#beat(), beatMs).unref();
  }

  /**
   * Puts the record in place: where none is, only where none comes in between; over another one (`over`), whatever it is. Undefined: somebody
   * else was faster. `onLost` is called once, when another holder's record is found in the place of this one. Throws where the folder cannot be
   * written.
   */
  static begin(
    path: string,
    who: Holder,
    { over, beatMs = BEAT_MS }: { readonly over: boolean; readonly beatMs?: number },
    onLost: () => void,
  ): Heartbeat | undefined {
    const { draft, file } = draftOf(path, who);
    try {
      if (!put(draft, path, over)) {
        void closeFile(file);
        return undefined;
      }
    } catch (error) {
      void closeFile(file);
      throw error;
    } finally {
      rmSync(draft, { force: true });
    }
    return new Heartbeat(path, who, file, beatMs, onLost);
  }

  /** Whether the record in place is this one. */
  isOurs(): boolean {
    return readHeartbeat(this.#path)?.token === this.#who.token;
  }

  /** Takes the record away, if it is this one. */
  end(): void {
    if (this.#hasEnded) return;
    this.#stop();
    if (this.isOurs()) rmSync(this.#path, { force: true });
  }

  #stop(): void {
    this.#hasEnded = true;
    clearInterval(this.#timer);
    // Not under a write that is still on its way: its descriptor could be another file by then.
    if (!this.#isBusy) void closeFile(this.#file).catch(() => undefined);
  }

  async #beat(): Promise<void> {
    // A volume that hangs: one beat at a time.
    if (this.#isBusy) return;
    this.#isBusy = true;
    const place = await this.#look();
    try {
      if (this.#hasEnded) return;
      if (place === 'gone') this.#putBack();
      if (place === 'ours' && !this.#hasEnded) await this.#write();
    } catch {
      // Disk full, volume away: the next beat tries again, and sees whether somebody took us for dead meanwhile.
    } finally {
      this.#isBusy = false;
      if (this.#hasEnded) void closeFile(this.#file).catch(() => undefined);
      else if (place === 'taken') this.#lose();
    }
  }

  #lose(): void {
    this.#stop();
    this.#onLost();
  }

  async #write(): Promise<void> {
    await writeTo(this.#file, lineOf(this.#who, ++this.#count), 0);
    // Else a network file system would keep it to itself for half a minute.
    await syncData(this.#file);
  }

  async #look(): Promise<'ours' | 'taken' | 'gone' | 'unknown'> {
    try {
      const found = beating.safeParse(JSON.parse(await readFile(this.#path, 'utf8')));
      if (!found.success) return 'gone';
      return found.data.token === this.#who.token ? 'ours' : 'taken';
    } catch (error) {
      return errorCode(error) === 'ENOENT' || error instanceof SyntaxError ? 'gone' : 'unknown';
    }
  }

  /** Somebody removed the record, or spoilt it: it is written anew, unless another holder's is there by now; then the next look finds that. */
  #putBack(): void {
    const { draft, file } = draftOf(this.#path, this.#who);
    try {
      if (readHeartbeat(this.#path) === undefined) rmSync(this.#path, { recursive: true, force: true });
      const isIn = put(draft, this.#path, false);
      void closeFile(isIn ? this.#file : file);
      if (isIn) this.#file = file;
    } finally {
      rmSync(draft, { force: true });
    }
  }
}

/** False: another one is there. */
function put(draft: string, path: string, over: boolean): boolean {
  if (over) {
    // A folder of that name cannot be renamed over.
    if (readHeartbeat(path) === undefined) rmSync(path, { recursive: true, force: true });
    renameSync(draft, path);
    return true;
  }
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}
