/** A search program as a tree: RFC 3501 6.4.4. */
import type { Buffer } from 'node:buffer';
import type { SequenceSet } from './sequence-set.ts';

/** The keys that compare a day: INTERNALDATE, or the Date field for the three `sent` keys. */
export type SearchDayKey = 'before' | 'on' | 'since' | 'sentbefore' | 'senton' | 'sentsince';

/**
 * `flag` is one bit of FLAG_BIT; `day` counts days since 1970-01-01 with no regard to zones; `octets` compares RFC822.SIZE. Strings are
 * octets in the charset of the command (US-ASCII or UTF-8), an empty one allowed. SUBJECT is a `header` key with that field name; FROM,
 * TO, CC and BCC are `address` keys: they look into what ENVELOPE says of the field, not into the field.
 */
export type SearchKey =
  | { readonly key: 'all' }
  | { readonly key: 'and'; readonly keys: readonly SearchKey[] }
  | { readonly key: 'not'; readonly of: SearchKey }
  | { readonly key: 'or'; readonly keys: readonly SearchKey[] }
  | { readonly key: 'flag'; readonly flag: number; readonly set: boolean }
  | { readonly key: 'recent' }
  | { readonly key: 'new' }
  | { readonly key: 'old' }
  | { readonly key: 'keyword'; readonly keyword: string; readonly set: boolean }
  | { readonly key: 'header'; readonly field: string; readonly value: Buffer }
  | { readonly key: 'address'; readonly field: 'From' | 'To' | 'Cc' | 'Bcc'; readonly value: Buffer }
  | { readonly key: 'body'; readonly value: Buffer }
  | { readonly key: 'text'; readonly value: Buffer }
  | { readonly key: SearchDayKey; readonly day: number }
  | { readonly key: 'larger' | 'smaller'; readonly octets: number }
  | { readonly key: 'sequence'; readonly set: SequenceSet }
  | { readonly key: 'uid'; readonly set: SequenceSet };
