import { MAX_DATE_FIELD, sentDay } from './date-field.ts';
import { FieldIndex, FieldNames } from './field-index.ts';
import type { Finder } from './finder.ts';
import { MAX_SEARCH_HEADER, MAX_SEARCH_WORDS } from './limits.ts';
import { addressText, type AddressReader } from './search-addresses.ts';
import { bodyText } from './search-body.ts';
import type { SearchFacts } from './search-facts.ts';
import { fieldText, headerText } from './search-text.ts';
import type { Steps } from './steps.ts';

/** One string that is looked for in one place of every message; names of fields in lower case. */
export interface TextTest {
  readonly where: { readonly field: string } | { readonly addresses: string } | 'header' | 'body';
  readonly finder: Finder;
}

const DATE = new FieldNames(['date']);

/** One message with what has been worked out of its octets. */
export class SearchedMessage {
  readonly facts: SearchFacts;
  /** The first test asked for that could be made and was not yet. */
  wanted: TextTest | undefined;
  // Made when needed: most messages are decided without their texts.
  #outcomes: Map<TextTest, boolean> | undefined;
  #values: Map<string, string | undefined> | undefined;
  readonly #budget = { words: MAX_SEARCH_WORDS };
  #index: FieldIndex | undefined;
  #header: string | undefined;
  #body: string | undefined;
  #sent: { readonly day: number | undefined } | undefined;

  readonly #addressesOf: AddressReader;

  constructor(facts: SearchFacts, addressesOf: AddressReader) {
    this.facts = facts;
    this.#addressesOf = addressesOf;
  }

  /** Undefined until it was looked for. */
  outcome(test: TextTest): boolean | undefined {
    const known = this.#outcomes?.get(test);
    const { header, body } = this.facts;
    if (known === undefined && (test.where === 'body' ? body : header)) this.wanted ??= test;
    return known;
  }

  *look(test: TextTest): Steps<void> {
    const text = yield* this.#textOf(test.where);
    const holds = text !== undefined && (yield* test.finder(text));
    this.#outcomes ??= new Map();
    this.#outcomes.set(test, holds);
    this.wanted = undefined;
  }

  /** Of the first Date field; undefined where none can be read. The header must be there. */
  get sentDay(): number | undefined {
    this.#sent ??= { day: this.#readSentDay() };
    return this.#sent.day;
  }

  *#textOf(where: TextTest['where']): Steps<string | undefined> {
    const { body, root } = this.facts;
    if (where === 'body') return (this.#body ??= body && (yield* bodyText(body, root)));
    const index = this.#fields();
    if (where === 'header') {
      return (this.#header ??= index && (yield* headerText(index, { words: MAX_SEARCH_WORDS })));
    }
    const values = (this.#values ??= new Map<string, string | undefined>());
    // No name of a field ends in a colon.
    const key = 'field' in where ? where.field : `${where.addresses}:`;
    if (index && !values.has(key)) {
      const text =
        'field' in where
          ? yield* fieldText(index, where.field, this.#budget)
          : yield* addressText(index, where.addresses, this.#budget, this.#addressesOf);
      values.set(key, text);
    }
    return values.get(key);
  }

  #fields(): FieldIndex | undefined {
    const { header } = this.facts;
    this.#index ??= header && new FieldIndex(header.subarray(0, MAX_SEARCH_HEADER));
    return this.#index;
  }

  #readSentDay(): number | undefined {
    const index = this.#fields();
    if (!index) return undefined;
    for (let field = 0; field < index.count; field++) {
      if (!index.isNamed(field, DATE)) continue;
      const from = index.valueOf(field);
      return sentDay(index.header.toString('latin1', from, Math.min(index.endOf(field), from + MAX_DATE_FIELD)));
    }
    return undefined;
  }
}
