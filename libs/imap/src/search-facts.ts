import type { Buffer } from 'node:buffer';
import type { PartInput } from './structure-input.ts';

/** What is known of one message. Leave out what has not been loaded: the answer is then undefined where it matters. */
export interface SearchFacts {
  readonly seq: number;
  readonly uid: number;
  readonly meta?: SearchMeta;
  /** As BODY[HEADER] gives it, trace lines included; at most MAX_SEARCH_HEADER octets of it are looked at. */
  readonly header?: Buffer;
  /** The octets behind the header; at most MAX_SEARCH_TEXT of them are looked at. */
  readonly body?: Buffer;
  /** Parts of the message: then text behind base64, quoted-printable and charsets is found in the body. */
  readonly root?: PartInput;
}

export interface SearchMeta {
  /** Bits of FLAG_BIT, `recent` among them. */
  readonly bits: number;
  readonly keywords: readonly string[];
  /** Days since 1970-01-01 of INTERNALDATE: see `dayOf`. */
  readonly internalDay: number;
  /** RFC822.SIZE */
  readonly octets: number;
}
