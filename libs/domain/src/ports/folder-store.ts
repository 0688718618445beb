import type { FolderName } from '../folder-name.ts';
import type { FolderId, MessageId } from '../ids.ts';
import { MAX_UID, type UidSet } from '../uid-set.ts';
import type { Account } from './account-store.ts';
import type { MessageDigest } from './intake-store.ts';

export * from '../folder-name.ts';
export * from '../uid-set.ts';

/** Bits of `flags`. \Recent is no stored flag: see `FolderState.recentFrom`. */
export const FLAG = { seen: 1, answered: 2, flagged: 4, deleted: 8, draft: 16 } as const;
export const ALL_FLAGS = 31;

export const MAX_FOLDERS = 10_000;
export const MAX_SUBSCRIPTIONS = 10_000;
/** Keywords on one message. */
export const MAX_KEYWORDS = 64;
/** Keywords that a folder names. Messages may have others; those are found and shown all the same. */
export const MAX_FOLDER_KEYWORDS = 100;
/** Messages one batch of `messages` should ask for where bodies are wanted, and the first where headers are; the store cuts by octets besides. */
export const FETCH_BATCH_MESSAGES = 100;

export type SpecialUse = '\\Drafts' | '\\Sent' | '\\Trash' | '\\Junk' | '\\Archive';

export interface FolderRef extends Account {
  readonly folderId: FolderId;
}

/** The folder row: everything SELECT and STATUS answer. */
export interface FolderState extends FolderRef {
  readonly name: FolderName;
  readonly uidValidity: number;
  readonly uidNext: number;
  readonly highestModseq: number;
  readonly messages: number;
  /** Messages without \Seen. */
  readonly unseen: number;
  readonly octets: number;
  /** UIDs from here on are \Recent: to the session whose SELECT took them (only SELECT takes), for STATUS to nobody yet. */
  readonly recentFrom: number;
  /** Messages at or above recentFrom. */
  readonly recent: number;
  /** That were ever used in it, each in its first spelling, at most MAX_FOLDER_KEYWORDS. New ones come at the end. */
  readonly keywords: readonly string[];
}

export interface FolderEntry {
  readonly folderId: FolderId;
  readonly name: FolderName;
  readonly specialUse: SpecialUse | undefined;
  readonly hasChildren: boolean;
}

export interface FolderList {
  /** By name in code point order; INBOX is always there. A superior may be missing: it was deleted, or is about to be made. */
  readonly folders: readonly FolderEntry[];
  /** Names, in code point order; may name folders that do not exist (RFC 3501 6.3.9). */
  readonly subscriptions: readonly FolderName[];
}

/** Flags of many messages, five octets each: index n of `uids` (ascending) belongs to index n of `flags`. */
export interface FlagTable {
  readonly uids: Uint32Array;
  readonly flags: Uint8Array;
  /** By UID; messages without keywords are not in it. */
  readonly keywords: ReadonlyMap<number, readonly string[]>;
}

/** How far a session knows a folder. Only the store makes new ones. */
export interface SyncPoint {
  /** Changes with a lower MODSEQ are known, and those with this one up to `uid`. */
  readonly modseq: number;
  readonly uid: number;
  /** Arrivals are known below it. */
  readonly uidNext: number;
}

export const syncPointOf = ({ highestModseq: modseq, uidNext }: FolderState): SyncPoint => ({
  modseq,
  uid: MAX_UID,
  uidNext,
});

/** What moved in a folder since a session looked last, or the oldest part of it. */
export interface FolderChanges {
  /** Where the next look begins; true to what the client knows even if it never comes. */
  readonly point: SyncPoint;
  /** The folder's own, when this was read. */
  readonly highestModseq: number;
  /** The same of its UIDNEXT. */
  readonly uidNext: number;
  /** False: there was more to read than was asked for. */
  readonly complete: boolean;
  /** Ascending, all at or above the UIDNEXT that the session knew and below that of `point`. */
  readonly arrived: Uint32Array;
  /** Messages below that UIDNEXT whose flags changed, with what they are now. */
  readonly changed: FlagTable;
  /** Ascending, below that UIDNEXT, each once; what came and went between two answers may be among them though it never was in `arrived`. */
  readonly expunged: Uint32Array;
  /** Of the folder; undefined where nothing moved. */
  readonly keywords: readonly string[] | undefined;
}

/** Only what is asked for is read. `uid`, `messageId`, `flags`, `keywords` and the octet counts always are. */
export interface MessageWants {
  readonly internalDate?: boolean;
  readonly envelope?: boolean;
  readonly bodyStructure?: boolean;
  readonly mimeIndex?: boolean;
  readonly trace?: boolean;
  readonly header?: boolean;
  readonly body?: boolean;
}

export interface MessageRow {
  readonly uid: number;
  readonly messageId: MessageId;
  readonly modseq: number;
  readonly flags: number;
  readonly keywords: readonly string[];
  /** RFC822.SIZE: trace and body. */
  readonly octets: number;
  /** Of the stored message without `trace`; offsets in mimeIndex count from its first octet. */
  readonly bodyOctets: number;
  /** Of the stored header with its empty line, without `trace`. */
  readonly headerOctets: number;
  readonly internalDate: Date | undefined;
  readonly envelope: string | undefined;
  readonly bodyStructure: string | undefined;
  readonly mimeIndex: string | undefined;
  /** Return-Path and Delivered-To of this copy; goes before the header. */
  readonly trace: Buffer | undefined;
  /** At most SMALL_BODY octets. Undefined when not wanted, or larger: then by `stream`. */
  readonly header: Buffer | undefined;
  /** The stored message, header included; at most SMALL_BODY octets. Undefined when not wanted, or stored in chunks: then by `stream`. */
  readonly body: Buffer | undefined;
}

export interface MessageBatch {
  /** In UID order. */
  readonly rows: readonly MessageRow[];
  /** False: READ_BATCH_OCTETS was reached; ask again for the UIDs above the last row's. */
  readonly complete: boolean;
}

export interface FlagChange {
  readonly mode: 'add' | 'remove' | 'replace';
  /** Bits of FLAG. */
  readonly flags: number;
  /** Compared without regard to case; a message keeps the spelling it had first. */
  readonly keywords: readonly string[];
}

export type Stored =
  /** Every message of the set that still exists, changed or not, with its flags now. */
  | {
      readonly kind: 'stored';
      readonly table: FlagTable;
      /** How many of them it changed. */
      readonly changed: number;
      readonly highestModseq: number;
      /** Of the folder; undefined where nothing changed. */
      readonly keywords: readonly string[] | undefined;
    }
  | { readonly kind: 'too-many-keywords' }
  | { readonly kind: 'no-such-folder' };

export interface AppendFacts {
  readonly digest: MessageDigest;
  /** Bits of FLAG. */
  readonly flags: number;
  readonly keywords: readonly string[];
  /** Undefined: now. */
  readonly internalDate: Date | undefined;
  /** It has octets, and the last two are no CRLF: POP3 sends one behind them. */
  readonly lacksFinalCrlf: boolean;
  /** Where the client sits, for the timeline. */
  readonly remoteAddress: string;
}

export interface AppendMessage extends AppendFacts {
  /** At most SMALL_BODY octets together. */
  readonly body: readonly Buffer[];
}

export type Refused = 'no-such-folder' | 'over-quota' | 'too-many-keywords';

export type Appended =
  | { readonly kind: 'appended'; readonly uidValidity: number; readonly uid: number; readonly messageId: MessageId }
  | { readonly kind: Refused };

export type Copied =
  /** Parallel, ascending: COPYUID. Empty when none of the set exists any more. */
  | {
      readonly kind: 'copied';
      readonly uidValidity: number;
      readonly sourceUids: Uint32Array;
      readonly targetUids: Uint32Array;
      /** A folder went away between two parts of a MOVE: the other messages are where they were. */
      readonly restStayed?: true;
      /** What a later part of a MOVE failed with: the messages that are not among these are where they were. */
      readonly fault?: unknown;
    }
  | { readonly kind: 'no-such-folder' | 'over-quota' };

export interface Expunged {
  /** Ascending. */
  readonly uids: Uint32Array;
  readonly highestModseq: number;
}

/** `no-such-mailbox`: it was removed under the session. */
export type Created = 'created' | 'exists' | 'too-many-folders' | 'no-such-mailbox';
export type Subscribed = 'subscribed' | 'too-many-subscriptions' | 'no-such-mailbox';
export type Deleted =
  | 'deleted'
  | 'no-such-folder'
  | 'inbox'
  /** There are folders below the name, and none of that name. */
  | 'not-selectable';
export type Renamed =
  | 'renamed'
  | 'no-such-folder'
  | 'exists'
  /** 'a' to 'a/b'. */
  | 'inside-itself'
  /** A folder below would get a name over the limits. */
  | 'bad-name'
  | 'too-many-folders'
  | 'no-such-mailbox';

/**
 * Folders and what is in them, as IMAP sees them. UIDs and MODSEQs are taken under the folder row's lock: commit order is UID order. Reads
 * with a signal are made of bounded steps: when it aborts no further one is begun, and they reject with its reason.
 */
export abstract class FolderStore {
  abstract list(account: Account): Promise<FolderList>;
  abstract status(account: Account, name: FolderName): Promise<FolderState | undefined>;
  /** Reads the folder row alone, however many messages there are. `readWrite` takes the \Recent messages for this session. */
  abstract select(account: Account, name: FolderName, readWrite: boolean): Promise<FolderState | undefined>;
  /**
   * Takes \Recent of arrivals for an open read-write session: all below `uidNext`.
   * @returns the first UID that is \Recent to this session; `uidNext` when another session was first
   */
  abstract takeRecent(folder: FolderRef, uidNext: number): Promise<number>;

  /** UIDs that existed at the moment of `at`, ascending: exactly `at.messages` of them, whatever was expunged or came since. */
  abstract snapshot(at: FolderState, signal?: AbortSignal): Promise<Uint32Array>;
  /**
   * What moved since an earlier answer, in the order of its MODSEQs. Reads one row when nothing did.
   * @param most of one answer, 1 or more: messages that changed or went, and messages that arrived
   * @returns undefined when the folder is gone
   */
  abstract changes(
    folder: FolderRef,
    since: SyncPoint,
    most: number,
    signal?: AbortSignal,
  ): Promise<FolderChanges | undefined>;

  /** Flags alone, compact: FETCH FLAGS and SEARCH by flags. */
  abstract flags(folder: FolderRef, uids: UidSet, signal?: AbortSignal): Promise<FlagTable>;
  abstract messages(folder: FolderRef, uids: UidSet, wants: MessageWants, signal?: AbortSignal): Promise<MessageBatch>;
  /**
   * Octets [start, end) of a message that is stored in chunks, in pieces of at most CHUNK_OCTETS, one of them read ahead.
   * Throws when the body is gone or has a gap; never ends early without throwing.
   */
  abstract stream(
    account: Account,
    messageId: MessageId,
    start: number,
    end: number,
    signal?: AbortSignal,
  ): AsyncIterable<Buffer>;

  abstract store(folder: FolderRef, uids: UidSet, change: FlagChange): Promise<Stored>;
  /** Removes messages that have \Deleted: all of them, or those in `uids`. In parts: rejects where one fails, and those before it are done. */
  abstract expunge(folder: FolderRef, uids: UidSet): Promise<Expunged>;
  /** All or nothing. Flags, keywords and internal date are kept. */
  abstract copy(source: FolderRef, uids: UidSet, target: FolderName): Promise<Copied>;
  /**
   * RFC 6851: like copy, in parts; in each the originals are gone in the same transaction, so that a message is never in both folders
   * or in neither. Rejects where the first part fails; where a later one does, the answer says what moved before, and `fault`.
   */
  abstract move(source: FolderRef, uids: UidSet, target: FolderName): Promise<Copied>;

  /** Judged before the literal is read: room for `octets` now; nothing is reserved. Undefined: go ahead. */
  abstract mayAppend(account: Account, target: FolderName, octets: number): Promise<Refused | undefined>;
  /** Durable when it resolves. */
  abstract append(account: Account, target: FolderName, message: AppendMessage): Promise<Appended>;
  /** A place for a body in chunks, whatever its size; nobody sees it until `commitLarge`, and it is swept when that never comes. */
  abstract beginLarge(account: Account, remoteAddress: string): Promise<MessageId>;
  /** `number` counts from 0; every piece but the last has CHUNK_OCTETS. */
  abstract appendChunk(account: Account, messageId: MessageId, number: number, octets: Buffer): Promise<void>;
  /** When it refuses, the pieces are gone too. */
  abstract commitLarge(
    account: Account,
    target: FolderName,
    messageId: MessageId,
    facts: AppendFacts,
  ): Promise<Appended>;
  abstract abandonLarge(account: Account, messageId: MessageId): Promise<void>;

  /** Missing superior folders are made too: RFC 3501 6.3.3. */
  abstract create(account: Account, name: FolderName): Promise<Created>;
  /** With all its messages. Folders below stay, INBOX too: RFC 3501 6.3.4. The subscription stays: RFC 3501 6.3.6. */
  abstract delete(account: Account, name: FolderName): Promise<Deleted>;
  /** With all folders below; that there are some is enough. INBOX stays and its messages move into a new folder: RFC 3501 6.3.5. Subscriptions stay. */
  abstract rename(account: Account, from: FolderName, to: FolderName): Promise<Renamed>;
  /** The folder need not exist. */
  abstract subscribe(account: Account, name: FolderName): Promise<Subscribed>;
  abstract unsubscribe(account: Account, name: FolderName): Promise<void>;
}
