/** What ENVELOPE says of an address field, as SEARCH FROM, TO, CC and BCC compare it: RFC 3501 6.4.4. */
import { decodeEncodedWords, type WordBudget } from './encoded-words.ts';
import type { FieldIndex } from './field-index.ts';
import { BETWEEN_VALUES, fieldBodies, fold } from './search-text.ts';
import type { Steps } from './steps.ts';
import type { AddressInput } from './structure-input.ts';

/** Reads an address list: an unfolded field body in, octets as latin1; addresses and group marks out. Total, linear. */
export type AddressReader = (fieldBody: string) => readonly AddressInput[];

/** Addresses in one step. */
const ADDRESSES_A_STEP = 64;

/**
 * Folded text of all addresses in the fields with this name (lower case): each as people read it, without comments and quotes, and as
 * it is written with quotes; undefined where there is no such field.
 */
export function* addressText(
  index: FieldIndex,
  name: string,
  budget: WordBudget,
  addressesOf: AddressReader,
): Steps<string | undefined> {
  const pieces: string[] = [];
  let fields = 0;
  for (const body of fieldBodies(index, name)) {
    fields++;
    yield;
    let read = 0;
    for (const address of addressesOf(body)) {
      if (++read % ADDRESSES_A_STEP === 0) yield;
      const text = writings(address).join(BETWEEN_VALUES);
      pieces.push(fold(yield* decodeEncodedWords(text, budget)));
    }
  }
  return fields === 0 ? undefined : pieces.join(BETWEEN_VALUES);
}

/** The ways in which one address is written. */
function writings({ name, route, mailbox, host }: AddressInput): string[] {
  if (mailbox === null) return [];
  // RFC 3501 7.4.2: the start of a group has its name in place of the mailbox.
  if (host === null) return [mailbox];
  const at = (local: string): string =>
    `${route === undefined ? '' : `${route}:`}${local}${host === '' ? '' : `@${host}`}`;
  const plain = at(mailbox);
  const quoted = at(quote(mailbox));
  const named = name === null ? [] : [`${name} <${plain}>`, `${quote(name)} <${quoted}>`];
  return named.length > 0 ? named : [`<${plain}>`, `<${quoted}>`];
}

/** A quoted string of RFC 5322 3.2.4. */
const quote = (text: string): string => `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
