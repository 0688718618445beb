import {
  FolderStore,
  INBOX,
  uidsIn,
  type Account,
  type AppendFacts,
  type Appended,
  type AppendMessage,
  type Copied,
  type Created,
  type Deleted,
  type Expunged,
  type FlagChange,
  type FlagTable,
  type FolderChanges,
  type FolderList,
  type FolderName,
  type FolderRef,
  type FolderState,
  type MailboxId,
  type MessageBatch,
  type MessageId,
  type MessageWants,
  type Refused,
  type Renamed,
  type Stored,
  type Subscribed,
  type SyncPoint,
  type UidSet,
} from '#domain';
import { Injectable } from '@nestjs/common';
import type pg from 'pg';
import { bodyStream } from '../body/body-stream.ts';
import { Changes } from '../changes.ts';
import { Database } from '../database.ts';
import type { HotConnection, Reader } from '../hot-connection.ts';
import { LongReads } from '../long-reads.ts';
import { OneAtATime } from '../one-at-a-time.ts';
import { Appends } from './append.ts';
import { setClause } from './compact.ts';
import { asAnswer, copyOrMove, MOVED_AT_ONCE, moveInParts, type Transferred } from './copy.ts';
import { EXPUNGED_AT_ONCE, expungeInParts, expungeResult, expungeText, type ExpungeRow } from './expunge.ts';
import { readFlags, readMessages } from './fetch.ts';
import { storeFlags } from './store-flags.ts';
import { createFolder, deleteFolder, renameFolder, subscribe } from './structure.ts';
import { snapshot } from './snapshot.ts';
import { changes, folderState, listFolders, takeRecent } from './view.ts';

const UNSUBSCRIBE = 'delete from subscription where tenant_id = $1::uuid and mailbox_id = $2::uuid and name = $3';
/** Backends for what is short, and as many for what is long: so that a busy one is not all there is. */
const READERS = 2;
/** UIDs of a set whose COPY or MOVE goes over connections for what is short. */
const SHORT_TRANSFER = 1_000;
/** UIDs of a set that is short where flags or stored texts are read, and where bodies or headers are. */
const SHORT_SET = 500;
const SHORT_BODIES = 10;
/** UIDs of a folder whose map is short: packed, they cost less than flags. */
const SHORT_SNAPSHOT = 5_000;

/**
 * Reads go over pipelined connections: those that are short over connections which nothing long is sent to, the others in steps over their
 * own, in turns. What may wait for a row lock goes over those of `changes.ts`, and a mailbox takes one at most: its changes would
 * wait for each other in the database, and a user with many sessions would have the whole pool wait with them.
 */
@Injectable()
export class PgFolderStore extends FolderStore {
  readonly #connections: Changes;
  readonly #readers: readonly [HotConnection, ...HotConnection[]];
  readonly #long: LongReads;
  readonly #recent: HotConnection;
  readonly #appends: Appends;
  readonly #changes = new OneAtATime<MailboxId>();
  #turn = 0;

  constructor(database: Database) {
    super();
    this.#connections = new Changes(database);
    this.#readers = [database.hot(), ...Array.from({ length: READERS - 1 }, () => database.hot())];
    this.#long = new LongReads(Array.from({ length: READERS }, () => database.hot()));
    // Should a crash undo it, a message is \Recent twice.
    this.#recent = database.hot({ asynchronousCommit: true, byRow: true });
    this.#appends = new Appends(database, this.#connections);
  }

  get #reader(): HotConnection {
    return this.#readers[this.#turn++ % READERS] ?? this.#readers[0];
  }

  override list(account: Account): Promise<FolderList> {
    return listFolders(this.#reader, account);
  }

  /** Of these UIDs at most: there may be fewer messages. */
  #readerOf(mailbox: MailboxId, uids: number, most: number, signal: AbortSignal | undefined): Reader {
    return uids > most ? this.#long.for(mailbox, signal) : this.#reader;
  }

  override status(account: Account, name: FolderName): Promise<FolderState | undefined> {
    return folderState(this.#reader, account, name, (state) => this.#countFrom(state, state.recentFrom));
  }

  override async select(account: Account, name: FolderName, readWrite: boolean): Promise<FolderState | undefined> {
    const state = await this.status(account, name);
    if (!state || !readWrite || state.recentFrom >= state.uidNext) return state;
    const recentFrom = await this.takeRecent(state, state.uidNext);
    if (recentFrom === state.recentFrom) return state;
    // Another session was first to some or all of them.
    const recent = recentFrom >= state.uidNext ? 0 : await this.#countFrom(state, recentFrom);
    return { ...state, recentFrom, recent };
  }

  /** Messages of that moment with this UID or a higher one. */
  async #countFrom(state: FolderState, first: number): Promise<number> {
    return (await this.#snapshot(state, first)).length;
  }

  override takeRecent(folder: FolderRef, uidNext: number): Promise<number> {
    return takeRecent(this.#recent, folder, uidNext);
  }

  override snapshot(at: FolderState, signal?: AbortSignal): Promise<Uint32Array> {
    return this.#snapshot(at, 1, signal);
  }

  #snapshot(at: FolderState, first: number, signal?: AbortSignal): Promise<Uint32Array> {
    return snapshot(this.#readerOf(at.mailboxId, at.messages, SHORT_SNAPSHOT, signal), at, first);
  }

  override changes(
    folder: FolderRef,
    since: SyncPoint,
    most: number,
    signal?: AbortSignal,
  ): Promise<FolderChanges | undefined> {
    return changes({ short: this.#reader, long: this.#long.for(folder.mailboxId, signal) }, folder, since, most);
  }

  override flags(folder: FolderRef, uids: UidSet, signal?: AbortSignal): Promise<FlagTable> {
    return readFlags(this.#readerOf(folder.mailboxId, uidsIn(uids), SHORT_SET, signal), folder, uids);
  }

  override messages(folder: FolderRef, uids: UidSet, wants: MessageWants, signal?: AbortSignal): Promise<MessageBatch> {
    const most = wants.body || wants.header ? SHORT_BODIES : SHORT_SET;
    return readMessages(this.#readerOf(folder.mailboxId, uidsIn(uids), most, signal), folder, uids, wants);
  }

  override stream(
    { tenantId, mailboxId }: Account,
    messageId: MessageId,
    start: number,
    end: number,
    signal?: AbortSignal,
  ): AsyncIterable<Buffer> {
    return bodyStream(this.#long.for(mailboxId, signal), tenantId, messageId, start, end);
  }

  override store(folder: FolderRef, uids: UidSet, change: FlagChange): Promise<Stored> {
    return this.#changes.run(folder.mailboxId, () => storeFlags(this.#connections, folder, uids, change));
  }

  override async expunge({ tenantId, mailboxId, folderId }: FolderRef, uids: UidSet): Promise<Expunged> {
    const expunged = await expungeInParts(uids, async (left) => {
      const set = setClause(left, 4);
      const part = {
        name: 'folder_expunge',
        text: expungeText({ set, only: 'flags & 8 <> 0', most: EXPUNGED_AT_ONCE }),
        values: [tenantId, mailboxId, folderId, ...set.values, 'IMAP'],
      };
      const [row] = await this.#changes.run(mailboxId, () => this.#connections.query<ExpungeRow>(tenantId, part));
      return expungeResult(row);
    });
    return expunged ?? expungeResult(undefined);
  }

  /** A transaction that changes folders of this mailbox. */
  #change<T>({ tenantId, mailboxId }: Account, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    return this.#changes.run(mailboxId, () => this.#connections.transaction(tenantId, work));
  }

  /** The same over connections that only long changes wait for. */
  #longChange<T>({ tenantId, mailboxId }: Account, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    return this.#changes.run(mailboxId, () => this.#connections.long(tenantId, work));
  }

  #transfer(
    kind: 'copied' | 'moved',
    source: FolderRef,
    uids: UidSet,
    target: FolderName,
    most?: number,
  ): Promise<Transferred> {
    const work = (client: pg.PoolClient): Promise<Transferred> => copyOrMove(client, kind, source, uids, target, most);
    return uidsIn(uids) > SHORT_TRANSFER ? this.#longChange(source, work) : this.#change(source, work);
  }

  override async copy(source: FolderRef, uids: UidSet, target: FolderName): Promise<Copied> {
    return asAnswer(await this.#transfer('copied', source, uids, target));
  }

  override move(source: FolderRef, uids: UidSet, target: FolderName): Promise<Copied> {
    return moveInParts(uids, (left) => this.#transfer('moved', source, left, target, MOVED_AT_ONCE));
  }

  override mayAppend(account: Account, target: FolderName, octets: number): Promise<Refused | undefined> {
    return this.#appends.may(this.#reader, account, target, octets);
  }

  override append(account: Account, target: FolderName, message: AppendMessage): Promise<Appended> {
    return this.#changes.run(account.mailboxId, () => this.#appends.small(account, target, message));
  }

  override beginLarge(account: Account, remoteAddress: string): Promise<MessageId> {
    return this.#appends.begin(account, remoteAddress);
  }

  override appendChunk(account: Account, messageId: MessageId, number: number, octets: Buffer): Promise<void> {
    return this.#appends.chunk(account, messageId, number, octets);
  }

  override commitLarge(
    account: Account,
    target: FolderName,
    messageId: MessageId,
    facts: AppendFacts,
  ): Promise<Appended> {
    return this.#changes.run(account.mailboxId, () => this.#appends.commit(account, target, messageId, facts));
  }

  override abandonLarge(account: Account, messageId: MessageId): Promise<void> {
    return this.#appends.abandon(account, messageId);
  }

  override create(account: Account, name: FolderName): Promise<Created> {
    return this.#change(account, (client) => createFolder(client, account, name));
  }

  override delete(account: Account, name: FolderName): Promise<Deleted> {
    return this.#longChange(account, (client) => deleteFolder(client, account, name));
  }

  override rename(account: Account, from: FolderName, to: FolderName): Promise<Renamed> {
    // INBOX stays, and its messages move.
    const work = (client: pg.PoolClient): Promise<Renamed> => renameFolder(client, account, from, to);
    return from === INBOX ? this.#longChange(account, work) : this.#change(account, work);
  }

  override subscribe(account: Account, name: FolderName): Promise<Subscribed> {
    return this.#change(account, (client) => subscribe(client, account, name));
  }

  override async unsubscribe({ tenantId, mailboxId }: Account, name: FolderName): Promise<void> {
    const unsubscribe = { text: UNSUBSCRIBE, values: [tenantId, mailboxId, name] };
    await this.#changes.run(mailboxId, () => this.#connections.query(tenantId, unsubscribe));
  }
}
