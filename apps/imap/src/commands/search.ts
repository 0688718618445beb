/** SEARCH: RFC 3501 6.4.4. Cheap facts first: what they decide is never read. */
import type { MessageRow } from '#domain';
import {
  CHARSETS,
  compileSearch,
  dayOf,
  encodeSearch,
  FLAG_BIT,
  MAX_SEARCH_HEADER,
  MAX_SEARCH_TEXT,
  supportsCharset,
  type Command,
  type FolderView,
  type SearchFacts,
  type SearchKey,
  type SearchMatcher,
} from '#imap';
import { MAX_ADDRESSES, parseAddresses } from '#message';
import { Buffer } from 'node:buffer';
import type { Client } from '../client.ts';
import { SEARCH_PAGE } from '../limits.ts';
import { numbering } from '../numbering.ts';
import { doneButForTheGone, ok, type Reply } from '../reply.ts';
import { rowBatches } from '../row-batches.ts';
import { rootOf } from '../sections.ts';
import { storeSet } from '../selected.ts';

const BAD_CHARSET: Reply = { status: 'NO', text: 'unknown charset', code: { code: 'BADCHARSET', charsets: CHARSETS } };

export async function search(
  client: Client,
  { uid, charset, program }: Extract<Command, { name: 'SEARCH' }>,
): Promise<Reply> {
  if (charset !== undefined && !supportsCharset(charset)) return BAD_CHARSET;
  const view = await client.selected.view();
  const resolved = view.resolve(EVERYTHING, true);
  if (resolved.kind === 'out-of-range') return found(client, []);
  // The last number is what the client knows; the last UID is of a message that is still there (RFC 3501 9, seq-number).
  const match = compileSearch(program, { seq: view.exists, uid: resolved.uids.at(-1) ?? 0 }, addressesOf);
  const run = new Search(client, view, match, needsRow(program));
  const uids = await run.find(resolved.uids);
  // RFC 5530 3: what is gone was not searched, and the client has not been told that it is gone.
  return found(client, uid ? uids : numbersOf(view, uids), resolved.gone > 0 && !uid);
}

/** As many of a field as ENVELOPE shows. */
const addressesOf = (fieldBody: string) => parseAddresses(fieldBody, MAX_ADDRESSES);

const EVERYTHING = [{ first: 1, last: 4_294_967_295 }];

function* numbersOf(view: FolderView, uids: Iterable<number>): Generator<number, void> {
  const seqOf = numbering(view);
  for (const uid of uids) {
    const seq = seqOf(uid);
    if (seq !== undefined) yield seq;
  }
}

/** As fast as the client takes it, in turns with others. */
async function found({ out, parts }: Client, numbers: Iterable<number>, someAreGone = false): Promise<Reply> {
  for (const piece of encodeSearch(numbers)) {
    out.add(piece);
    const wait = (out.full ? out.flush() : undefined) ?? parts.turns.over();
    if (wait) await wait;
    if (!out.open) break;
  }
  return someAreGone ? doneButForTheGone('searched') : ok('searched');
}

/** Whether it asks for dates or sizes: those are in the message's row, not among the flags. */
function needsRow(key: SearchKey): boolean {
  switch (key.key) {
    case 'before':
    case 'on':
    case 'since':
    case 'larger':
    case 'smaller':
      return true;
    case 'and':
    case 'or':
      return key.keys.some(needsRow);
    case 'not':
      return needsRow(key.of);
    default:
      return false;
  }
}

/**
 * Decides in stages: by the numbers, by flags or rows, by headers, by bodies. SEARCH_PAGE messages after the other, so that nothing is held of
 * those that are decided but what was found, and the client is looked for in between.
 */
class Search {
  readonly #client: Client;
  readonly #view: FolderView;
  readonly #match: SearchMatcher;
  readonly #needsRow: boolean;
  /** Of the page in hand. */
  #found: number[] = [];

  constructor(client: Client, view: FolderView, match: SearchMatcher, needsRow: boolean) {
    this.#client = client;
    this.#view = view;
    this.#match = match;
    this.#needsRow = needsRow;
  }

  /** @returns rising. Throws ClientGone. */
  async find(uids: Uint32Array): Promise<number[]> {
    const all: number[] = [];
    for (let at = 0; at < uids.length; at += SEARCH_PAGE) {
      await this.#decide(uids.subarray(at, at + SEARCH_PAGE));
      for (const uid of this.#found.sort((a, b) => a - b)) all.push(uid);
      this.#found = [];
      this.#client.checkPresence();
    }
    return all;
  }

  async #decide(uids: Uint32Array): Promise<void> {
    let open = await this.#byNumbers(uids);
    if (open.length > 0 && !this.#needsRow) open = await this.#byFlags(open);
    if (open.length > 0 && this.#needsRow) open = await this.#byRows(open, {});
    if (open.length > 0) open = await this.#byRows(open, { header: true });
    if (open.length > 0) await this.#byRows(open, { header: true, body: true });
  }

  /** Keeps what matches; in turns with others. @returns whether it cannot be told yet */
  #isOpen(facts: SearchFacts): boolean | Promise<boolean> {
    const answer = this.#client.parts.turns.run(this.#match(facts));
    return answer instanceof Promise ? answer.then((late) => this.#note(facts, late)) : this.#note(facts, answer);
  }

  #note({ uid }: SearchFacts, answer: boolean | undefined): boolean {
    if (answer === true) this.#found.push(uid);
    return answer === undefined;
  }

  async #byNumbers(uids: Uint32Array): Promise<Uint32Array> {
    const seqOf = numbering(this.#view);
    const open: number[] = [];
    for (const uid of uids) {
      const isOpen = this.#isOpen({ seq: seqOf(uid) ?? 0, uid });
      if (isOpen === true || (isOpen !== false && (await isOpen))) open.push(uid);
    }
    return Uint32Array.from(open);
  }

  /** @param uids of one page */
  async #byFlags(uids: Uint32Array): Promise<Uint32Array> {
    const { store, selected } = this.#client;
    const seqOf = numbering(this.#view);
    const open: number[] = [];
    const gone = this.#client.goneSignal(uids.length);
    const table = await store.flags(selected.ref, storeSet(this.#view, uids), gone);
    for (const [index, uid] of table.uids.entries()) {
      const bits = (table.flags[index] ?? 0) | this.#recent(uid);
      const meta = { bits, keywords: table.keywords.get(uid) ?? [], internalDay: 0, octets: 0 };
      const isOpen = this.#isOpen({ seq: seqOf(uid) ?? 0, uid, meta });
      if (isOpen === true || (isOpen !== false && (await isOpen))) open.push(uid);
    }
    return Uint32Array.from(open);
  }

  async #byRows(uids: Uint32Array, { header = false, body = false }): Promise<Uint32Array> {
    const wants = { internalDate: true, trace: header, header, body, mimeIndex: body };
    const seqOf = numbering(this.#view);
    const open: number[] = [];
    for await (const rows of rowBatches(this.#client, this.#view, uids, wants)) {
      this.#client.checkPresence();
      for (const row of rows) {
        const seq = seqOf(row.uid) ?? 0;
        // What is too large for a batch is read on its own, one at a time.
        const missing = (header && !row.header) || (body && !row.body);
        const facts = missing ? await this.#large(row, seq, body) : this.#facts(row, seq);
        if (await this.#isOpen(facts)) open.push(row.uid);
      }
    }
    this.#client.checkPresence();
    return Uint32Array.from(open);
  }

  #facts(row: MessageRow, seq: number): SearchFacts {
    const { uid, trace, header, body, headerOctets } = row;
    const root = body && rootOf(row);
    return {
      seq,
      uid,
      meta: this.#meta(row),
      ...(header && { header: trace ? Buffer.concat([trace, header]) : header }),
      ...(body && { body: body.subarray(headerOctets) }),
      ...(root && { root }),
    };
  }

  async #large(row: MessageRow, seq: number, withBody: boolean): Promise<SearchFacts> {
    const { uid, headerOctets, bodyOctets, trace } = row;
    const header = row.header ?? (await this.#read(row, 0, Math.min(headerOctets, MAX_SEARCH_HEADER)));
    const body =
      row.body?.subarray(headerOctets) ??
      (withBody
        ? await this.#read(row, headerOctets, Math.min(bodyOctets, headerOctets + MAX_SEARCH_TEXT))
        : undefined);
    const root = withBody ? rootOf(row) : undefined;
    return {
      seq,
      uid,
      meta: this.#meta(row),
      header: trace ? Buffer.concat([trace, header]) : header,
      ...(body && { body }),
      ...(root && { root }),
    };
  }

  async #read({ messageId }: MessageRow, start: number, end: number): Promise<Buffer> {
    const { store, selected } = this.#client;
    const parts: Buffer[] = [];
    const { gone } = this.#client.connection;
    for await (const part of store.stream(selected.ref, messageId, start, end, gone)) parts.push(part);
    return Buffer.concat(parts);
  }

  #meta({ uid, flags, keywords, internalDate, octets }: MessageRow) {
    const bits = flags | this.#recent(uid);
    return { bits, keywords, internalDay: internalDate ? dayOf(internalDate) : 0, octets };
  }

  #recent(uid: number): number {
    return this.#view.isRecent(uid) ? FLAG_BIT.recent : 0;
  }
}
