/**
 * Unique-ids of a maildrop. The default is the message's id, which no restore from a backup gives to another message and no UIDVALIDITY
 * changes; a COPY has a number of its own behind it. Imported ones stay as they came.
 */
import { showPackedId, type UniqueIds } from '#domain';

/** RFC 1939 7: a unique-id has 1 to 70 octets of 0x21 to 0x7e and names one message of the maildrop. */
export const MAX_UIDL_OCTETS = 70;

const ID_OCTETS = 16;
const COPY_OCTETS = 12;
const NOTHING = Buffer.alloc(0);

export interface PackedIds {
  /** Message ids in the order of the maildrop, 16 octets each. */
  readonly ids: Buffer | null;
  /** Of the messages that are copies, ascending: four octets message number, eight of the copy's own. */
  readonly copies: Buffer | null;
  /** Message number and the unique-id that came with it, ascending. */
  readonly imported: readonly (readonly [number, string])[] | null;
}

/** 16 octets a message; the text is made when it is asked for. */
export class PackedUidls implements UniqueIds {
  readonly #ids: Buffer;
  readonly #copies: Buffer;
  readonly #imported: ReadonlyMap<number, string>;

  constructor({ ids, copies, imported }: PackedIds) {
    this.#ids = ids ?? NOTHING;
    this.#copies = copies ?? NOTHING;
    this.#imported = imported ? this.#usable(imported) : new Map();
  }

  of(number: number): string {
    return this.#imported.get(number) ?? this.#default(number);
  }

  #default(number: number): string {
    const id = showPackedId('msg', this.#ids, (number - 1) * ID_OCTETS);
    const copy = this.#copies.length > 0 ? this.#copyOf(number) : undefined;
    return copy === undefined ? id : `${id}.${copy}`;
  }

  /** By bisection: a maildrop may hold nothing but copies. */
  #copyOf(number: number): string | undefined {
    let low = 0;
    let high = this.#copies.length / COPY_OCTETS;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const at = middle * COPY_OCTETS;
      const found = this.#copies.readUInt32BE(at);
      if (found === number) return this.#copies.toString('hex', at + 4, at + COPY_OCTETS);
      if (found < number) low = middle + 1;
      else high = middle;
    }
    return undefined;
  }

  /** A message whose imported one cannot be shown has the default. Of equal ones the first keeps it. */
  #usable(imported: readonly (readonly [number, string])[]): Map<number, string> {
    const byUidl = new Map<string, number>();
    let likeOurs = false;
    for (const [number, uidl] of imported) {
      if (!isUidl(uidl) || byUidl.has(uidl)) continue;
      byUidl.set(uidl, number);
      likeOurs ||= uidl.startsWith('msg_');
    }
    // One from another house of this kind is as good as any; one that is the default of another message here is not.
    if (likeOurs) {
      for (let number = 1; number <= this.#ids.length / ID_OCTETS; number++) {
        const taken = this.#default(number);
        if ((byUidl.get(taken) ?? number) !== number) byUidl.delete(taken);
      }
    }
    return new Map(Array.from(byUidl, ([uidl, number]) => [number, uidl]));
  }
}

function isUidl(text: string): boolean {
  if (text.length === 0 || text.length > MAX_UIDL_OCTETS) return false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < 0x21 || code > 0x7e) return false;
  }
  return true;
}
