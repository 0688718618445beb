import type { Buffer } from 'node:buffer';
import { sentDay } from './date-field.ts';
import { finder } from './finder.ts';
import { FLAG_BIT } from './flags.ts';
import type { SearchDayKey, SearchKey } from './search-key.ts';
import { cheapestFirst } from './search-needs.ts';
import { bodyText, fold, HeaderValues, headerText } from './search-text.ts';
import { includes, normalize } from './sequence-set.ts';
import type { PartInput } from './structure-input.ts';

/** What is known of one message. Leave out what has not been loaded: the answer is then undefined where it matters. */
export interface SearchFacts {
  readonly seq: number;
  readonly uid: number;
  readonly meta?: SearchMeta;
  /** As BODY[HEADER] gives it, trace lines included. */
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

/** True or false; undefined: cannot be told without more facts. */
export type SearchMatcher = (facts: SearchFacts) => boolean | undefined;

type Test = (message: Message) => boolean | undefined;

/**
 * Makes a search ready to be asked of many messages. Cheap keys are asked first, so a message may be decided before its header or body
 * is loaded: ask with what is at hand, load more where the answer is undefined.
 * @param last the last message number and UID of the folder: what `*` means
 */
export function compileSearch(key: SearchKey, last: { readonly seq: number; readonly uid: number }): SearchMatcher {
  const test = compile(key, last);
  return (facts) => test(new Message(facts));
}

/** One message with what has been worked out of its octets. */
class Message {
  readonly facts: SearchFacts;
  #header: string | undefined;
  #body: string | undefined;
  #values: HeaderValues | undefined;

  constructor(facts: SearchFacts) {
    this.facts = facts;
  }

  headerText(): string | undefined {
    const { header } = this.facts;
    this.#header ??= header && headerText(header);
    return this.#header;
  }

  bodyText(): string | undefined {
    const { body, root } = this.facts;
    this.#body ??= body && bodyText(body, root);
    return this.#body;
  }

  /** @param name in lower case */
  fieldValues(name: string): readonly string[] | undefined {
    const { header } = this.facts;
    this.#values ??= header && new HeaderValues(header);
    return this.#values?.of(name);
  }

  sentDay(): number | undefined {
    const [date] = this.fieldValues('date') ?? [];
    return date === undefined ? undefined : sentDay(date);
  }
}

function compile(key: SearchKey, last: { readonly seq: number; readonly uid: number }): Test {
  switch (key.key) {
    case 'all':
      return () => true;
    case 'and':
      return every(cheapestFirst(key.keys).map((one) => compile(one, last)));
    case 'or':
      return some(cheapestFirst([key.left, key.right]).map((one) => compile(one, last)));
    case 'not':
      return negate(compile(key.of, last));
    case 'sequence': {
      const ranges = normalize(key.set, last.seq);
      return ({ facts }) => includes(ranges, facts.seq);
    }
    case 'uid': {
      const ranges = normalize(key.set, last.uid);
      return ({ facts }) => includes(ranges, facts.uid);
    }
    case 'header':
    case 'body':
    case 'text':
      return compileText(key);
    default:
      return compileMeta(key);
  }
}

type TextKey = Extract<SearchKey, { key: 'header' | 'body' | 'text' }>;

function compileText(key: TextKey): Test {
  const holds = finder(fold(key.value.toString('utf8')));
  switch (key.key) {
    case 'header': {
      const name = key.field.toLowerCase();
      return (message) => message.fieldValues(name)?.some(holds);
    }
    case 'body':
      return inText((message) => message.bodyText(), holds);
    case 'text': {
      const header = inText((message) => message.headerText(), holds);
      return some([header, inText((message) => message.bodyText(), holds)]);
    }
  }
}

const inText =
  (textOf: (message: Message) => string | undefined, holds: (text: string) => boolean): Test =>
  (message) => {
    const text = textOf(message);
    return text === undefined ? undefined : holds(text);
  };

type MetaKey = Exclude<
  SearchKey,
  TextKey | { key: 'all' } | { key: 'and' } | { key: 'or' } | { key: 'not' } | { key: 'sequence' } | { key: 'uid' }
>;

function compileMeta(key: MetaKey): Test {
  switch (key.key) {
    case 'flag':
      return byMeta(({ bits }) => ((bits & key.flag) !== 0) === key.set);
    case 'keyword': {
      const keyword = key.keyword.toLowerCase();
      return byMeta(({ keywords }) => keywords.some((one) => one.toLowerCase() === keyword) === key.set);
    }
    case 'recent':
      return byMeta(({ bits }) => (bits & FLAG_BIT.recent) !== 0);
    case 'old':
      return byMeta(({ bits }) => (bits & FLAG_BIT.recent) === 0);
    case 'new':
      return byMeta(({ bits }) => (bits & (FLAG_BIT.recent | FLAG_BIT.seen)) === FLAG_BIT.recent);
    case 'larger':
      return byMeta(({ octets }) => octets > key.octets);
    case 'smaller':
      return byMeta(({ octets }) => octets < key.octets);
    case 'before':
    case 'on':
    case 'since':
      return byMeta(({ internalDay }) => compareDay(key.key, internalDay, key.day));
    case 'sentbefore':
    case 'senton':
    case 'sentsince':
      return (message) => {
        if (message.facts.header === undefined) return undefined;
        const sent = message.sentDay();
        return sent !== undefined && compareDay(key.key, sent, key.day);
      };
  }
}

const byMeta =
  (test: (meta: SearchMeta) => boolean): Test =>
  ({ facts }) =>
    facts.meta && test(facts.meta);

function compareDay(key: SearchDayKey, found: number, wanted: number): boolean {
  switch (key) {
    case 'before':
    case 'sentbefore':
      return found < wanted;
    case 'on':
    case 'senton':
      return found === wanted;
    case 'since':
    case 'sentsince':
      return found >= wanted;
  }
}

/** False as soon as one is; undefined when one could still be. */
function every(tests: readonly Test[]): Test {
  return (message) => {
    let known = true;
    for (const test of tests) {
      const answer = test(message);
      if (answer === false) return false;
      if (answer === undefined) known = false;
    }
    return known ? true : undefined;
  };
}

const some = (tests: readonly Test[]): Test => negate(every(tests.map(negate)));

function negate(test: Test): Test {
  return (message) => {
    const answer = test(message);
    return answer === undefined ? undefined : !answer;
  };
}
