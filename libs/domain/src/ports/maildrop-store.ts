import type { FolderId, MessageId } from '../ids.ts';
import type { Account } from './account-store.ts';

/** RFC 1939 7: 1 to 70 octets of 0x21 to 0x7e, unique in the maildrop, the same in every session and after a restore from a backup. */
export interface UniqueIds {
  /** @param number of the message, from 1 */
  of(number: number): string;
}

/** What POP3 may know of INBOX, fixed at login. Message number n (from 1) is at index n - 1. 24 octets a message. */
export interface MaildropListing {
  readonly folderId: FolderId;
  /** Ascending. */
  readonly uids: Uint32Array;
  /** Octets as RETR sends them before dot-stuffing: trace fields included, and the CRLF behind a message that ends without. */
  readonly octets: Uint32Array;
  readonly uidls: UniqueIds;
}

export type MaildropOpening =
  { readonly kind: 'open'; readonly listing: MaildropListing } | { readonly kind: 'in-use' };

export interface MaildropMessage {
  readonly uid: number;
  readonly messageId: MessageId;
  /** Return-Path and Delivered-To of this copy: goes out before the body. */
  readonly trace: Buffer;
  /** Of the body, without `trace`. */
  readonly bodyOctets: number;
  /** At most SMALL_BODY octets. Undefined: stored in chunks, to be had by `stream(account, messageId, 0, bodyOctets)` only. */
  readonly body: Buffer | undefined;
}

export type MaildropExpunge = 'expunged' | 'lease-lost';

/** Messages one `read` may ask for. The caller keeps the sum of their octets, known from the listing, near READ_BATCH_OCTETS. */
export const READ_BATCH_MESSAGES = 50;
/** Octets one batch of bodies should hold at most (a single small body may be as large as SMALL_BODY). */
export const READ_BATCH_OCTETS = 1024 * 1024;

/**
 * INBOX as POP3 sees it. Exclusive by a lease that the session renews: RFC 1939 4. A lease that ran out, or whose process is dead, may be
 * taken by the next session; the first one then deletes nothing any more.
 */
export abstract class MaildropStore {
  /**
   * Takes the lease and reads the listing, in bounded steps. `sessionId` is a UUID. Rejects (holding no lease) when the database cannot answer,
   * and when the signal aborts: then with its reason.
   */
  abstract open(
    account: Account,
    sessionId: string,
    leaseSeconds: number,
    signal?: AbortSignal,
  ): Promise<MaildropOpening>;
  /** False: the lease is not ours any more; end the session. */
  abstract renew(account: Account, sessionId: string, leaseSeconds: number): Promise<boolean>;
  abstract release(account: Account, sessionId: string): Promise<void>;
  /** In UID order; those that are gone (expunged over IMAP meanwhile) are left out. At most READ_BATCH_MESSAGES UIDs. */
  abstract read(account: Account, folderId: FolderId, uids: readonly number[]): Promise<MaildropMessage[]>;
  /**
   * Octets [start, end) of a body that is stored in chunks, in pieces of at most CHUNK_OCTETS, one of them read ahead.
   * Throws when the body is gone or has a gap; never ends early without throwing.
   */
  abstract stream(account: Account, messageId: MessageId, start: number, end: number): AsyncIterable<Buffer>;
  /**
   * In parts, each a transaction that looks whether the lease is still ours. When it fails or loses the lease some may be gone: RFC 1939 6
   * has an answer for that. UIDs that are gone already are no error.
   */
  abstract expunge(
    account: Account,
    folderId: FolderId,
    sessionId: string,
    uids: readonly number[],
  ): Promise<MaildropExpunge>;
}
