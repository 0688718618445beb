/** A file that one living process holds. The launcher takes one too, before anything is built: so nothing but Node is imported here. */
import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { errorCode } from './errors.ts';
import { processIdentity } from './process-identity.ts';

export interface Holder {
  readonly pid: number;
  /** Of `processIdentity`: a pid alone is given again, in a container that is started again often to the same program. */
  readonly identity: string;
}

export type LockOutcome<H> =
  | { readonly kind: 'taken' }
  | { readonly kind: 'held'; readonly by: H }
  /** Others kept taking it from a dead holder and giving it up. */
  | { readonly kind: 'contested' };

/** Makes of a lock's JSON who holds it; throws for what is no such thing. */
export type ReadHolder<H> = (json: unknown) => H;

/** Attempts to take over a dead holder's lock while others try the same, and the milliseconds between two. */
const TAKE_OVER_TRIES = 200;
const TAKE_OVER_PAUSE = 10;

/** What this process writes into a lock. */
export const ownHolder = (): Holder => ({ pid: process.pid, identity: processIdentity(process.pid) ?? '' });

/** The plainest of holders. */
export function plainHolder(json: unknown): Holder {
  const { pid, identity } = json as Partial<Record<keyof Holder, unknown>>;
  if (typeof pid !== 'number' || typeof identity !== 'string') throw new Error('no holder');
  return { pid, identity };
}

/** Takes the lock until its file is removed or this process ends, however it ends. Throws where the folder cannot be written. */
export function takeLock<H extends Holder>(path: string, me: H, read: ReadHolder<H>): LockOutcome<H> {
  const draft = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  try {
    writeFileSync(draft, JSON.stringify(me), { mode: 0o600 });
    for (let tries = 0; tries < TAKE_OVER_TRIES; tries++) {
      const outcome = attempt(path, draft, read);
      if (outcome) return outcome;
      pause();
    }
    return { kind: 'contested' };
  } finally {
    removeQuietly(draft);
  }
}

/** Undefined: its holder is dead, or was; the next attempt may find it free. */
function attempt<H extends Holder>(path: string, draft: string, read: ReadHolder<H>): LockOutcome<H> | undefined {
  if (linkOnce(draft, path)) return { kind: 'taken' };
  const other = readHolder(path, read);
  if (other && isAlive(other)) return { kind: 'held', by: other };
  removeDead(path, draft, read);
  return undefined;
}

/**
 * Removes a dead lock, under a lock of its own: of several that have seen it dead, one that is slow would else remove the winner's new one.
 * Nobody but the heir removes a lock of another, and a dead one does not come alive. An heir that died while at it has left such a lock, too.
 */
function removeDead<H extends Holder>(path: string, draft: string, read: ReadHolder<H>): void {
  const heir = `${path}.heir`;
  if (attempt(heir, draft, read)?.kind !== 'taken') return;
  try {
    if (isDead(path, read)) rmSync(path, { recursive: true, force: true });
  } finally {
    rmSync(heir, { force: true });
  }
}

/** By one look: a lock that is gone is not dead, and may be somebody's by now. */
function isDead<H extends Holder>(path: string, read: ReadHolder<H>): boolean {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    if (errorCode(error) === 'EISDIR') return true;
    throw error;
  }
  try {
    return !isAlive(read(JSON.parse(text)));
  } catch {
    return true; // nobody holds one that is half-written
  }
}

/** Undefined for a lock that is gone or half-written: nobody holds such a one, since it is linked in place whole. Throws EACCES. */
export function readHolder<H extends Holder>(path: string, read: ReadHolder<H>): H | undefined {
  try {
    return read(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    if (errorCode(error) === 'EACCES') throw error;
    return undefined;
  }
}

export const isAlive = ({ pid, identity }: Holder): boolean => processIdentity(pid) === identity;

function linkOnce(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Without a turn of the event loop: a lock is taken by one plain call. */
const pause = (): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, TAKE_OVER_PAUSE);

/** Where the folder cannot be written it cannot be cleaned either, and the reason to tell is the first one. */
function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // Nothing was made, then.
  }
}
