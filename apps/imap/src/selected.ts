/** The selected folder of one session: what the client knows of it, and how that is brought up to date. */
import {
  syncPointOf,
  uidRanges,
  type FlagTable,
  type FolderRef,
  type FolderState,
  type FolderStore,
  type Stored,
  type SyncPoint,
  type UidSet,
} from '#domain';
import { encodeFlagsLine, encodeUpdates, FolderView } from '#imap';
import { permanentLine } from './flag-lines.ts';
import { CHANGES_BATCH } from './limits.ts';

/** Nothing is to be reached. */
const NO_GOAL = { modseq: 0, uidNext: 0 };

/** Costs a few numbers until a command needs message numbers; then four octets a message. */
export class Selected {
  readonly ref: FolderRef;
  readonly readOnly: boolean;
  /** A ring came, or the last look did not tell all: the folder may have moved. */
  stale = false;
  readonly #store: FolderStore;
  /** What SELECT answered; gone when the view is there. */
  #opened: FolderState | undefined;
  #view: FolderView | undefined;
  /** What is known here. Moves only behind what the view has noted, so that a look that fails is simply done again. */
  #point: SyncPoint;
  /** The last look did not reach the end. */
  #cut = false;
  /** HIGHESTMODSEQ and UIDNEXT of the first of a row of cut looks. */
  #goal = NO_GOAL;

  /** In use in the folder. */
  #keywords: readonly string[];
  #keywordsTold = true;

  readonly #goneSignal: ((messages: number) => AbortSignal | undefined) | undefined;

  /** @param goneSignal ends a long read for a client that is gone */
  constructor(
    store: FolderStore,
    opened: FolderState,
    readOnly: boolean,
    goneSignal?: (messages: number) => AbortSignal | undefined,
  ) {
    const { tenantId, mailboxId, folderId, keywords } = opened;
    this.ref = { tenantId, mailboxId, folderId };
    this.readOnly = readOnly;
    this.#store = store;
    this.#goneSignal = goneSignal;
    this.#opened = opened;
    this.#point = syncPointOf(opened);
    this.#keywords = keywords;
  }

  /** UIDs from here on are not known here. */
  get uidNext(): number {
    return this.#point.uidNext;
  }

  /**
   * There is more to be looked at: tell the client what was found, and `sync` again. What others change while that goes on does not
   * count, so that an answer comes to an end however much they do.
   */
  get behind(): boolean {
    const { modseq, uidNext } = this.#point;
    return this.#cut && (modseq <= this.#goal.modseq || uidNext < this.#goal.uidNext);
  }

  /** Message numbers as the client knows them; the map is loaded when it is first asked for. */
  async view(): Promise<FolderView> {
    return this.#view ?? this.#load();
  }

  /** Notes what others did since the last look, CHANGES_BATCH of it; the client is told by `updates`. False: the folder is gone, and `stale` stays. */
  async sync(): Promise<boolean> {
    this.stale = false;
    try {
      const there = await this.#sync();
      if (!there) this.stale = true;
      return there;
    } catch (error) {
      this.stale = true;
      this.#goal = NO_GOAL;
      throw error;
    }
  }

  /** What the client may be told now, as untagged responses: it counts as sent. RFC 3501 7.4.1. */
  updates(mayExpunge: boolean, uid: boolean): string {
    const news = this.keywordNews();
    return this.#view?.hasPending ? news + encodeUpdates(this.#view.flush({ mayExpunge }), uid) : news;
  }

  /** RFC 3501 7.2.6: the keywords in use, where there is one that the client was not told; it counts as sent. To go before flags of messages. */
  keywordNews(): string {
    if (this.#keywordsTold) return '';
    this.#keywordsTold = true;
    return encodeFlagsLine(this.#keywords) + permanentLine(this.#keywords, this.readOnly);
  }

  /** This session stored flags. @param told the command answers with them */
  async changedFlags(
    { table, changed, highestModseq, keywords }: Extract<Stored, { kind: 'stored' }>,
    told: boolean,
  ): Promise<void> {
    const own = changed > 0 ? 1 : 0;
    const alone = highestModseq <= this.#point.modseq + own;
    if (!this.#cut && !alone) {
      // Others changed something in between; our own change is then told like theirs.
      await this.sync();
      return;
    }
    // Where the look was cut our own change is still to be read; until then the client must not be told what was before it.
    if (!this.#cut) this.#point = { ...this.#point, modseq: Math.max(highestModseq, this.#point.modseq) };
    this.#learn(keywords);
    for (const change of changesOf(table)) {
      if (told) this.#view?.forgetFlags(change.uid);
      else this.#view?.renewFlags(change);
    }
  }

  /** RFC 3501 7.2.6: what is to go before flags that bear these keywords; '' where the client knows them all. */
  keywordsBefore(keywords: readonly string[] = []): string {
    if (keywords.length > 0) this.#learn(keywords);
    return this.keywordNews();
  }

  /** A folder's keywords only become more. */
  #learn(keywords: readonly string[] = []): void {
    const known = new Set(this.#keywords.map((keyword) => keyword.toLowerCase()));
    const fresh = keywords.filter((keyword) => !known.has(keyword.toLowerCase()));
    if (fresh.length === 0) return;
    this.#keywords = [...this.#keywords, ...fresh];
    this.#keywordsTold = false;
  }

  async #load(): Promise<FolderView> {
    const opened = this.#opened;
    if (!opened) throw new Error('the view of a folder was lost');
    const uids = await this.#store.snapshot(opened, this.#goneSignal?.(opened.messages));
    this.#opened = undefined;
    return (this.#view = new FolderView(uids, opened.recentFrom));
  }

  async #sync(): Promise<boolean> {
    const found = await this.#store.changes(this.ref, this.#point, CHANGES_BATCH);
    if (!found) return false;
    const { point, highestModseq, uidNext, complete, arrived, changed, expunged, keywords } = found;
    this.#learn(keywords);
    if (arrived.length + changed.uids.length + expunged.length > 0) {
      const view = await this.view();
      const recentFrom = arrived.length > 0 ? await this.#recentFrom(point.uidNext) : point.uidNext;
      view.apply({ arrived, recentFrom, expunged, changed: changesOf(changed) });
    }
    if (!this.behind) this.#goal = { modseq: highestModseq, uidNext };
    this.#point = point;
    this.#cut = !complete;
    if (this.#cut) this.stale = true;
    return true;
  }

  /** RFC 3501 2.3.2: a session that cannot tell whether it is the first calls them recent. */
  #recentFrom(uidNext: number): number | Promise<number> {
    return this.readOnly ? this.#point.uidNext : this.#store.takeRecent(this.ref, uidNext);
  }
}

function* changesOf({ uids, flags, keywords }: FlagTable) {
  for (const [at, uid] of uids.entries()) yield { uid, bits: flags[at] ?? 0, keywords: keywords.get(uid) ?? [] };
}

/** Ascending UIDs of a view as a set for the store: one range where the view has nothing else in between. */
export function storeSet(view: FolderView, uids: Uint32Array): UidSet {
  const first = uids[0];
  const last = uids.at(-1);
  if (first === undefined || last === undefined) return [];
  const dense = (view.seqOf(last) ?? 0) - (view.seqOf(first) ?? 0) + 1 === uids.length;
  return dense ? [{ first, last }] : uidRanges(uids);
}
