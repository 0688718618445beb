/** A maildrop's listing as its pages come. */
import type { FolderId, MaildropListing } from '#domain';
import { unpack } from '../folder/compact.ts';
import { PackedUidls } from './uidls.ts';

export interface ListingRow {
  id: FolderId;
  uids: Buffer | null;
  octets: Buffer | null;
  ids: Buffer | null;
  copies: Buffer | null;
  imported: [number, string][] | null;
}

export class ListingPages {
  readonly #rows: ListingRow[];
  readonly #folderId: FolderId;
  #last: Uint32Array;
  #messages: number;

  constructor(first: ListingRow) {
    this.#rows = [first];
    this.#folderId = first.id;
    this.#last = unpack(first.uids);
    this.#messages = this.#last.length;
  }

  /** Messages of all pages, and of the last one. */
  get messages(): number {
    return this.#messages;
  }

  get last(): number {
    return this.#last.length;
  }

  get lastUid(): number {
    return this.#last.at(-1) ?? 0;
  }

  add(page: ListingRow): void {
    this.#rows.push(page);
    this.#last = unpack(page.uids);
    this.#messages += this.#last.length;
  }

  whole(): MaildropListing {
    return {
      folderId: this.#folderId,
      uids: unpack(this.#all('uids')),
      octets: unpack(this.#all('octets')),
      uidls: new PackedUidls({
        ids: this.#all('ids'),
        copies: this.#all('copies'),
        imported: this.#rows.flatMap(({ imported }) => imported ?? []),
      }),
    };
  }

  #all(column: 'uids' | 'octets' | 'ids' | 'copies'): Buffer | null {
    const [only] = this.#rows;
    if (only && this.#rows.length === 1) return only[column];
    return Buffer.concat(this.#rows.flatMap((row) => row[column] ?? []));
  }
}
