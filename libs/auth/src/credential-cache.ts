/** Remembers that a password was right, without remembering the password. */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Account } from '#domain';
import { CACHE_ENTRIES, CACHE_LIFETIME } from './limits.ts';

interface Entry {
  readonly mac: Buffer;
  readonly until: number;
}

/**
 * The key of the HMAC lives and dies with the process. The stored hash is part of what is authenticated: since every login reads
 * the stored hash, a changed password empties its entry by itself.
 */
export class CredentialCache {
  readonly #key = randomBytes(32);
  readonly #entries = new Map<string, Entry>();
  readonly #now: () => number;
  readonly #capacity: number;

  /** @param now milliseconds */
  constructor(now: () => number, capacity = CACHE_ENTRIES) {
    this.#now = now;
    this.#capacity = capacity;
  }

  /** Stands for the pair; useless outside this process. */
  mac(storedHash: string, password: Buffer): Buffer {
    // No stored hash contains a NUL, so that two pairs never run together into one input.
    return createHmac('sha256', this.#key).update(storedHash).update('\0').update(password).digest();
  }

  has(account: Account, mac: Buffer): boolean {
    const name = nameOf(account);
    const entry = this.#entries.get(name);
    if (!entry || !timingSafeEqual(entry.mac, mac)) return false;
    this.#entries.delete(name);
    if (entry.until <= this.#now()) return false;
    // Renewed by use: nobody is refused his own password because somebody else has been guessing for five minutes.
    this.#entries.set(name, { mac, until: this.#now() + CACHE_LIFETIME * 1000 });
    return true;
  }

  add(account: Account, mac: Buffer): void {
    const name = nameOf(account);
    this.#entries.delete(name);
    this.#entries.set(name, { mac, until: this.#now() + CACHE_LIFETIME * 1000 });
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > this.#capacity && oldest !== undefined) this.#entries.delete(oldest);
  }

  get size(): number {
    return this.#entries.size;
  }
}

const nameOf = ({ tenantId, mailboxId }: Account): string => `${tenantId}/${mailboxId}`;
