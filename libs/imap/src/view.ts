import { FLAG_BIT } from './flags.ts';
import { IndexSet } from './index-set.ts';
import { normalize, STAR, type NumberRange, type SequenceSet } from './sequence-set.ts';
import { UidList } from './uid-list.ts';

/** Flags of one message as another session left them. */
export interface FlagChange {
  readonly uid: number;
  /** Bits of FLAG_BIT without `recent`: the view knows what is recent here. */
  readonly bits: number;
  readonly keywords: readonly string[];
}

/** What happened in the folder. Reported twice, it counts once; UIDs nobody knows are ignored. */
export interface ViewChanges {
  /** Rising. UIDs not above `highestUid` have been reported before and are ignored. */
  readonly arrived?: Iterable<number>;
  /** Of `arrived`, those not below it are recent here (RFC 3501 2.3.2); absent means none. */
  readonly recentFrom?: number;
  readonly expunged?: Iterable<number>;
  readonly changed?: Iterable<FlagChange>;
}

/** One untagged response, in the order in which the client must get them. */
export type ViewUpdate =
  | { readonly update: 'expunge'; readonly seq: number }
  | { readonly update: 'exists'; readonly messages: number }
  | { readonly update: 'recent'; readonly messages: number }
  /** `bits` of FLAG_BIT, `recent` among them. */
  | ({ readonly update: 'flags'; readonly seq: number } & FlagChange);

/** What a set means in a folder. RFC 3501 9 (seq-number): a number beyond EXISTS is answered BAD. */
export type Resolved =
  /** Rising UIDs of the messages that are still there; `gone`: how many of the set are not, though the client may not know yet. */
  | { readonly kind: 'messages'; readonly uids: Uint32Array; readonly gone: number }
  | { readonly kind: 'out-of-range'; readonly exists: number };

/**
 * The numbering of one selected folder as one client knows it. Changes are noted at once and shown when the client may be told:
 * until then message numbers stay what the client believes (RFC 3501 7.4.1). Holds 4 octets a message; pending changes a bit each
 * (flags more, until they are flushed).
 */
export class FolderView {
  /** The first `#shown` are known to the client, the others wait for their EXISTS. */
  readonly #uids: UidList;
  #shown: number;
  /** Indexes of `#uids`: expunged, not yet told. */
  readonly #gone = new IndexSet();
  #flags: Map<number, FlagChange> | undefined;
  #highest: number;
  /** Rising pairs first, last: UIDs in between are recent. */
  readonly #recentRanges: number[] = [];
  /** Recent messages of the whole list, and what the client was told. */
  #recent: number;
  #recentShown: number;

  /**
   * @param uids of all messages, rising: what SELECT announces by EXISTS
   * @param recentFrom UIDs not below it are recent here
   */
  constructor(uids: Iterable<number>, recentFrom = Number.POSITIVE_INFINITY) {
    this.#uids = new UidList(uids);
    this.#shown = this.#uids.length;
    this.#highest = this.#uids.at(this.#shown - 1) ?? 0;
    this.#recent = this.#shown - this.#uids.lowerBound(recentFrom);
    this.#recentShown = this.#recent;
    if (this.#recent > 0) this.#recentRanges.push(recentFrom, this.#highest);
  }

  /** Messages as the client counts them: those that are gone count until their EXPUNGE is sent. */
  get exists(): number {
    return this.#shown;
  }

  /** What the client was told by RECENT. */
  get recent(): number {
    return this.#recentShown;
  }

  /** The highest UID known here, announced or not; 0 in an empty folder. */
  get highestUid(): number {
    return this.#highest;
  }

  /** True when a flush that may expunge has something to send. */
  get hasPending(): boolean {
    const changed = this.#gone.size > 0 || this.#shown < this.#uids.length || this.#recent !== this.#recentShown;
    return changed || (this.#flags?.size ?? 0) > 0;
  }

  /** The UID of a message number; undefined beyond EXISTS. */
  uidOf(seq: number): number | undefined {
    return seq <= this.#shown ? this.#uids.at(seq - 1) : undefined;
  }

  /** The message number of a UID; undefined where the client knows none. O(log n). */
  seqOf(uid: number): number | undefined {
    const index = this.#uids.indexOf(uid);
    return index === -1 || index >= this.#shown ? undefined : index + 1;
  }

  /** True when the message is gone though the client has not been told. */
  isGone(uid: number): boolean {
    const index = this.#uids.indexOf(uid);
    return index !== -1 && this.#gone.has(index);
  }

  isRecent(uid: number): boolean {
    const ranges = this.#recentRanges;
    for (let at = ranges.length - 2; at >= 0; at -= 2)
      if (uid >= (ranges[at] ?? 0)) return uid <= (ranges[at + 1] ?? 0);
    return false;
  }

  /** @param uid true: a set of UIDs, where those that do not exist are ignored (RFC 3501 6.4.8); false: of message numbers */
  resolve(set: SequenceSet, uid: boolean): Resolved {
    if (!uid && this.#isOutOfRange(set)) return { kind: 'out-of-range', exists: this.#shown };
    const slices: { from: number; to: number }[] = [];
    let room = 0;
    for (const { first, last } of this.ranges(set, uid)) {
      const from = uid ? this.#uids.lowerBound(first) : first - 1;
      const to = Math.min(this.#shown, uid ? this.#uids.lowerBound(last + 1) : last);
      if (to > from) slices.push({ from, to });
      room += Math.max(0, to - from);
    }
    const uids = new Uint32Array(room);
    let found = 0;
    const noneGone = this.#gone.size === 0;
    for (const { from, to } of slices) {
      const all = this.#uids.slice(from, to);
      const there = noneGone ? all : all.filter((_, at) => !this.#gone.has(from + at));
      uids.set(there, found);
      found += there.length;
    }
    return { kind: 'messages', uids: found === room ? uids : uids.slice(0, found), gone: room - found };
  }

  /** A set as rising ranges, `*` being the last message the client knows. */
  ranges(set: SequenceSet, uid: boolean): NumberRange[] {
    return normalize(set, uid ? (this.uidOf(this.#shown) ?? 0) : this.#shown);
  }

  /** Notes what happened. Nothing changes for the client until `flush`. */
  apply({ arrived = [], recentFrom = Number.POSITIVE_INFINITY, expunged = [], changed = [] }: ViewChanges): void {
    for (const uid of arrived) this.#arrive(uid, uid >= recentFrom);
    for (const uid of expunged) this.#expunge(uid);
    for (const change of changed) if (this.seqOf(change.uid) !== undefined) this.#noteFlags(change);
  }

  /** The client has these flags already: it was answered by FETCH, or they are its own STORE. */
  forgetFlags(uid: number): void {
    this.#flags?.delete(uid);
  }

  /** This session changed flags in silence: where another's change is still to be told, it is told as it is now. */
  renewFlags(change: FlagChange): void {
    if (this.#flags?.has(change.uid)) this.#flags.set(change.uid, change);
  }

  /**
   * What the client is to be told now, in order; it counts as sent: from here on the new numbers hold.
   * @param mayExpunge false while FETCH, STORE or SEARCH is answered or no command is in progress (RFC 3501 7.4.1)
   */
  flush({ mayExpunge }: { readonly mayExpunge: boolean }): ViewUpdate[] {
    const updates: ViewUpdate[] = [];
    if (this.#gone.size > 0) this.#flushGone(mayExpunge, updates);
    if (this.#shown < this.#uids.length) {
      this.#shown = this.#uids.length;
      updates.push({ update: 'exists', messages: this.#shown });
    }
    if (this.#recent !== this.#recentShown) {
      this.#recentShown = this.#recent;
      updates.push({ update: 'recent', messages: this.#recent });
    }
    for (const change of this.#flags?.values() ?? []) {
      const seq = this.seqOf(change.uid);
      if (seq === undefined) continue;
      const recent = this.isRecent(change.uid) ? FLAG_BIT.recent : 0;
      updates.push({ update: 'flags', seq, ...change, bits: change.bits | recent });
    }
    this.#flags = undefined;
    return updates;
  }

  /** Takes out what is gone: all of it, or only what the client never saw. */
  #flushGone(mayExpunge: boolean, updates: ViewUpdate[]): void {
    // From the highest down, so that no number sent is moved by one sent before it.
    const gone = [...this.#gone.from(mayExpunge ? 0 : this.#shown)];
    let told = 0;
    for (const index of gone) {
      if (this.isRecent(this.#uids.at(index) ?? 0)) this.#recent--;
      if (index >= this.#shown) continue;
      updates.push({ update: 'expunge', seq: index + 1 });
      told++;
    }
    this.#uids.remove(gone);
    this.#shown -= told;
    if (mayExpunge) this.#gone.clear();
    else for (const index of gone) this.#gone.delete(index);
  }

  #arrive(uid: number, recent: boolean): void {
    if (uid <= this.#highest) return;
    const ranges = this.#recentRanges;
    if (recent) {
      this.#recent++;
      if (ranges.at(-1) === this.#highest) ranges[ranges.length - 1] = uid;
      else ranges.push(uid, uid);
    }
    this.#uids.push(uid);
    this.#highest = uid;
  }

  #expunge(uid: number): void {
    const index = this.#uids.indexOf(uid);
    if (index === -1) return;
    this.#gone.add(index, this.#uids.length);
    this.#flags?.delete(uid);
  }

  #noteFlags(change: FlagChange): void {
    if (this.isGone(change.uid)) return;
    this.#flags ??= new Map();
    this.#flags.set(change.uid, change);
  }

  #isOutOfRange(set: SequenceSet): boolean {
    const exists = this.#shown;
    return set.some(({ first, last }) =>
      exists === 0 ? true : (first !== STAR && first > exists) || (last !== STAR && last > exists),
    );
  }
}
