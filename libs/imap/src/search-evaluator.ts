import { finder } from './finder.ts';
import { FLAG_BIT } from './flags.ts';
import type { SearchFacts, SearchMeta } from './search-facts.ts';
import type { SearchDayKey, SearchKey } from './search-key.ts';
import { cheapestFirst } from './search-needs.ts';
import type { AddressReader } from './search-addresses.ts';
import { fold } from './search-text.ts';
import { SearchedMessage, type TextTest } from './searched-message.ts';
import { includes, normalize } from './sequence-set.ts';
import type { Steps } from './steps.ts';

/** True or false; undefined: cannot be told without more facts. */
export type SearchMatcher = (facts: SearchFacts) => Steps<boolean | undefined>;

/** Undefined also where a text has not been looked for yet: the message then says which. */
type Test = (message: SearchedMessage) => boolean | undefined;

/**
 * Makes a search ready to be asked of many messages. Cheap keys are asked first, so a message may be decided before its header or body
 * is loaded: ask with what is at hand, load more where the answer is undefined. One text is looked for at a time, and none where the
 * others decide.
 * @param last the last message number and UID of the folder: what `*` means
 * @param addressesOf reads an address list out of an unfolded field body (latin1), as for ENVELOPE
 */
export function compileSearch(
  key: SearchKey,
  last: { readonly seq: number; readonly uid: number },
  addressesOf: AddressReader,
): SearchMatcher {
  const test = compile(key, last);
  return function* (facts) {
    const message = new SearchedMessage(facts, addressesOf);
    for (;;) {
      const answer = test(message);
      const { wanted } = message;
      if (answer !== undefined || wanted === undefined) return answer;
      yield* message.look(wanted);
    }
  };
}

function compile(key: SearchKey, last: { readonly seq: number; readonly uid: number }): Test {
  switch (key.key) {
    case 'all':
      return () => true;
    case 'and':
      return every(cheapestFirst(key.keys).map((one) => compile(one, last)));
    case 'or':
      return some(cheapestFirst(key.keys).map((one) => compile(one, last)));
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
    case 'address':
    case 'body':
    case 'text':
      return compileText(key);
    default:
      return compileMeta(key);
  }
}

type TextKey = Extract<SearchKey, { key: 'header' | 'address' | 'body' | 'text' }>;

function compileText(key: TextKey): Test {
  const wanted = finder(fold(key.value.toString('utf8')));
  const inBody = textTest({ where: 'body', finder: wanted });
  switch (key.key) {
    case 'header':
      return textTest({ where: { field: key.field.toLowerCase() }, finder: wanted });
    case 'address':
      return textTest({ where: { addresses: key.field.toLowerCase() }, finder: wanted });
    case 'body':
      return inBody;
    case 'text':
      return some([textTest({ where: 'header', finder: wanted }), inBody]);
  }
}

const textTest =
  (test: TextTest): Test =>
  (message) =>
    message.outcome(test);

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
        const sent = message.sentDay;
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
