/** FETCH: RFC 3501 6.4.5. Answered from what was stored at delivery, in batches, as fast as the client takes it. */
import { FLAG, uidRanges, type FlagTable, type MessageRow, type MessageWants } from '#domain';
import {
  encodeBody,
  encodeFetchFlags,
  FetchResponse,
  FLAG_BIT,
  marksSeen,
  needsIndex,
  type Command,
  type FetchItem,
  type FolderView,
} from '#imap';
import type { Client } from '../client.ts';
import { CutShort } from '../faults.ts';
import { FLAG_BATCH } from '../limits.ts';
import { numbering } from '../numbering.ts';
import { doneButForTheGone, ok, OUT_OF_RANGE, type Reply } from '../reply.ts';
import { rowBatches } from '../row-batches.ts';
import { AnsweredMessage, wantedSection, writeSection, type WantedSection } from '../sections.ts';
import { storeSet } from '../selected.ts';

type FetchCommand = Extract<Command, { name: 'FETCH' }>;
/** An item with what is worked out once for all messages. */
type Item = Exclude<FetchItem, { item: 'section' }> | ({ readonly item: 'section' } & WantedSection);

const DONE = ok('fetched');

export async function fetch(client: Client, { set, uid, items: asked }: FetchCommand): Promise<Reply> {
  const { selected } = client;
  const view = await selected.view();
  const resolved = view.resolve(set, uid);
  if (resolved.kind === 'out-of-range') return OUT_OF_RANGE;
  const { uids, gone } = resolved;
  // RFC 3501 6.4.8: a UID command names the UID.
  const items: FetchItem[] =
    uid && !asked.some(({ item }) => item === 'UID') ? [{ item: 'UID' }, ...asked] : [...asked];
  const flagsAlone = items.every(({ item }) => item === 'UID' || item === 'FLAGS');
  const sent = flagsAlone
    ? await fetchFlags(client, view, uids, items)
    : await new Fetch(client, view, items).run(uids);
  if (sent === uids.length && gone === 0) return DONE;
  if (sent < uids.length) selected.stale = true;
  return uid ? DONE : doneButForTheGone('fetched');
}

/** Whether there may be a millisecond of work in it: parts to encode, a header to filter. */
const isLong = ({ item }: Item): boolean => item === 'section' || item === 'BODY';

const recentBit = (view: FolderView, uid: number): number => (view.isRecent(uid) ? FLAG_BIT.recent : 0);

/** @returns how many messages were there */
async function fetchFlags(
  client: Client,
  view: FolderView,
  uids: Uint32Array,
  items: readonly FetchItem[],
): Promise<number> {
  const { store, selected, out, parts } = client;
  const gone = client.goneSignal(uids.length);
  const wantsFlags = items.some(({ item }) => item === 'FLAGS');
  const wantsUid = items.some(({ item }) => item === 'UID');
  const seqOf = numbering(view);
  let sent = 0;
  for (let at = 0; at < uids.length && out.open; at += FLAG_BATCH) {
    const table = await store.flags(selected.ref, storeSet(view, uids.subarray(at, at + FLAG_BATCH)), gone);
    for (const [index, uid] of table.uids.entries()) {
      const seq = seqOf(uid);
      if (seq === undefined) continue;
      sent++;
      if (wantsFlags) {
        const bits = (table.flags[index] ?? 0) | recentBit(view, uid);
        const keywords = table.keywords.get(uid);
        out.add(selected.keywordsBefore(keywords) + encodeFetchFlags(seq, bits, keywords, wantsUid ? uid : undefined));
        view.forgetFlags(uid);
      } else out.add(new FetchResponse(seq).uid(uid).end());
      const wait = out.full ? (out.flush() ?? parts.turns.over()) : undefined;
      if (wait) await wait;
      if (!out.open) break;
    }
    await out.flush();
    client.checkPresence();
  }
  return sent;
}

function wantsOf(items: readonly Item[]): MessageWants {
  const has = (name: FetchItem['item']): boolean => items.some(({ item }) => item === name);
  const sections = items.flatMap((one) => (one.item === 'section' ? [one.section] : []));
  const headerOnly = sections.every(({ part, text }) => part.length === 0 && text.startsWith('HEADER'));
  return {
    internalDate: has('INTERNALDATE'),
    envelope: has('ENVELOPE'),
    bodyStructure: has('BODYSTRUCTURE'),
    mimeIndex: has('BODY') || sections.some(needsIndex),
    trace: sections.length > 0,
    header: sections.length > 0 && headerOnly,
    body: !headerOnly,
  };
}

/** One FETCH that reads message rows. */
class Fetch {
  readonly #client: Client;
  readonly #view: FolderView;
  readonly #items: readonly Item[];
  readonly #wants: MessageWants;
  /** RFC 3501 6.4.5: fetching a body sets \Seen. */
  readonly #marks: boolean;
  readonly #wantsFlags: boolean;
  #rang = false;

  constructor(client: Client, view: FolderView, items: readonly FetchItem[]) {
    this.#client = client;
    this.#view = view;
    this.#items = items.map((one) =>
      one.item === 'section' ? { item: 'section', ...wantedSection(one.section) } : one,
    );
    this.#wants = wantsOf(this.#items);
    this.#marks = marksSeen(items) && !client.selected.readOnly;
    this.#wantsFlags = items.some(({ item }) => item === 'FLAGS');
  }

  /** @returns how many messages were there */
  async run(uids: Uint32Array): Promise<number> {
    const { out, parts } = this.#client;
    const seqOf = numbering(this.#view);
    let sent = 0;
    for await (const rows of rowBatches(this.#client, this.#view, uids, this.#wants)) {
      this.#client.checkPresence();
      const seen = this.#marks ? await this.#mark(rows) : undefined;
      for (const row of rows) {
        const seq = seqOf(row.uid);
        if (seq === undefined) continue;
        sent++;
        const wait = this.#write(seq, row, seen);
        if (wait) await wait;
        if (out.full) await out.flush();
        const others = parts.turns.over();
        if (others) await others;
        if (!out.open) break;
      }
    }
    return sent;
  }

  /** Sets \Seen where it is not. @returns the new flags of those it changed, by UID */
  async #mark(rows: readonly MessageRow[]): Promise<ReadonlyMap<number, number> | undefined> {
    const unseen = rows.filter(({ flags }) => (flags & FLAG.seen) === 0).map(({ uid }) => uid);
    if (unseen.length === 0) return undefined;
    const { store, selected } = this.#client;
    const stored = await store.store(selected.ref, uidRanges(unseen), { mode: 'add', flags: FLAG.seen, keywords: [] });
    if (stored.kind !== 'stored') return undefined;
    await selected.changedFlags(stored, false);
    if (!this.#rang) this.#client.ring();
    this.#rang = true;
    return flagsByUid(stored.table);
  }

  #write(seq: number, row: MessageRow, seen: ReadonlyMap<number, number> | undefined): Promise<void> | undefined {
    const { out, parts, selected } = this.#client;
    const response = new FetchResponse(seq);
    const changed = seen?.get(row.uid);
    if (this.#wantsFlags || changed !== undefined) out.add(selected.keywordsBefore(row.keywords));
    // RFC 3501 6.4.5: flags changed by the fetch are part of its response.
    if (changed !== undefined && !this.#wantsFlags) this.#flags(response, row, changed);
    const message = new AnsweredMessage(row, this.#wants.mimeIndex === true);
    for (const [at, item] of this.#items.entries()) {
      let reading: Promise<void> | undefined;
      if (item.item === 'FLAGS') this.#flags(response, row, changed ?? row.flags);
      else if (item.item !== 'section') attribute(response, item.item, message);
      else reading = writeSection(this.#client, response, item, message);
      if (!isLong(item)) continue;
      // A response may hold the same body a hundred times.
      const wait = reading ?? (out.full ? out.flush() : undefined) ?? parts.turns.over();
      if (wait) return this.#writeRest({ response, message, wait, changed }, this.#items.slice(at + 1));
    }
    this.#end(response, row);
    return undefined;
  }

  async #writeRest({ response, message, wait, changed }: Begun, items: readonly Item[]): Promise<void> {
    const { out, parts } = this.#client;
    const { row } = message;
    try {
      await wait;
      for (const item of items) {
        if (item.item === 'FLAGS') this.#flags(response, row, changed ?? row.flags);
        else if (item.item !== 'section') attribute(response, item.item, message);
        else await writeSection(this.#client, response, item, message);
        if (out.full) await out.flush();
        const others = parts.turns.over();
        if (others) await others;
      }
    } catch (error) {
      // Until its first octet is on the way a failure can still be told.
      throw response.begun ? new CutShort('a response could not be completed', { cause: error }) : error;
    }
    this.#end(response, row);
  }

  #flags(response: FetchResponse, { uid, keywords }: MessageRow, bits: number): void {
    response.flags(bits | recentBit(this.#view, uid), keywords);
  }

  #end(response: FetchResponse, { uid }: MessageRow): void {
    this.#client.out.add(response.end());
    // Told only now: a response that fails on its way to here tells nothing. Where it marks it may have looked for changes after it read
    // this row: those are told in their own response.
    if (this.#wantsFlags && !this.#marks) this.#view.forgetFlags(uid);
  }
}

/** A response that waits for a section. */
interface Begun {
  readonly response: FetchResponse;
  readonly message: AnsweredMessage;
  readonly wait: Promise<void>;
  /** Flags, where this command changed them. */
  readonly changed: number | undefined;
}

function attribute(
  response: FetchResponse,
  item: Exclude<Item['item'], 'section' | 'FLAGS'>,
  { row, root }: AnsweredMessage,
): void {
  switch (item) {
    case 'UID':
      response.uid(row.uid);
      return;
    case 'INTERNALDATE':
      if (row.internalDate) response.internalDate(row.internalDate);
      return;
    case 'RFC822.SIZE':
      response.size(row.octets);
      return;
    case 'ENVELOPE':
      response.item(item, row.envelope ?? 'NIL');
      return;
    case 'BODYSTRUCTURE':
      response.item(item, row.bodyStructure ?? 'NIL');
      return;
    case 'BODY':
      response.item(item, root ? encodeBody(root) : 'NIL');
  }
}

const flagsByUid = ({ uids, flags }: FlagTable): Map<number, number> =>
  new Map(Array.from(uids, (uid, at) => [uid, flags[at] ?? 0]));
