/** Writes commands as a client would, and makes them up: for the round trip. */
import { Buffer } from 'node:buffer';
import * as fc from 'fast-check';
import type { Command } from './command.ts';
import { encodeFlags, type FlagSet } from './flags.ts';
import { encodeFolderName, folderNameFlaw, canonicalInbox } from './folder-name.ts';
import type { SearchKey } from './search-key.ts';
import { sectionLabel, type BodySection, type FetchItem } from './section-spec.ts';
import { STAR, type SequenceSet } from './sequence-set.ts';

/** How strings are written where there is a choice. */
export type StringStyle = 'quoted' | 'literal' | 'literal+';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

const printNumber = (number: number): string => (number === STAR ? '*' : String(number));
export const printSet = (set: SequenceSet): string =>
  set
    .map(({ first, last }) => (first === last ? printNumber(first) : `${printNumber(first)}:${printNumber(last)}`))
    .join(',');

function printDay(day: number): string {
  const date = new Date(day * 86_400_000);
  return `${date.getUTCDate()}-${MONTHS[date.getUTCMonth()]}-${String(date.getUTCFullYear()).padStart(4, '0')}`;
}

function printDateTime(time: number): string {
  const date = new Date(time);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `"${printDay(Math.floor(time / 86_400_000)).padStart(11, ' ')} ${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} +0000"`;
}

/** As latin1, one character an octet. */
export function printCommand(tag: string, command: Command, style: StringStyle): string {
  const octets = (latin1: string): string => {
    if (style === 'quoted' && !/[\r\n]/.test(latin1)) return `"${latin1.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
    return `{${latin1.length}${style === 'literal+' ? '+' : ''}}\r\n${latin1}`;
  };
  const text = (unicode: string): string => octets(Buffer.from(unicode).toString('latin1'));
  const folder = (name: string): string => octets(encodeFolderName(name));
  const flags = ({ system, keywords }: FlagSet): string => encodeFlags(system, keywords);
  const value = (buffer: Buffer): string => octets(buffer.toString('latin1'));

  const key = (search: SearchKey): string => {
    switch (search.key) {
      case 'and':
        return `(${search.keys.map(key).join(' ')})`;
      case 'not':
        return `NOT ${key(search.of)}`;
      case 'or':
        return search.keys.map(key).reduceRight((right, left) => `OR ${left} ${right}`);
      case 'flag': {
        const name = encodeFlags(search.flag).slice(2, -1).toUpperCase();
        return search.set ? name : `UN${name}`;
      }
      case 'keyword':
        return `${search.set ? '' : 'UN'}KEYWORD ${search.keyword}`;
      case 'header':
        return `HEADER ${octets(search.field)} ${value(search.value)}`;
      case 'address':
        return `${search.field} ${value(search.value)}`;
      case 'body':
      case 'text':
        return `${search.key} ${value(search.value)}`;
      case 'larger':
      case 'smaller':
        return `${search.key} ${search.octets}`;
      case 'sequence':
        return printSet(search.set);
      case 'uid':
        return `UID ${printSet(search.set)}`;
      case 'all':
      case 'recent':
      case 'new':
      case 'old':
        return search.key;
      default:
        return `${search.key} ${printDay(search.day)}`;
    }
  };
  const item = (fetch: FetchItem): string => {
    if (fetch.item !== 'section') return fetch.item;
    const { label, peek, partial } = fetch.section;
    if (label.startsWith('RFC822')) return label;
    const range = partial ? `<${partial.from}.${partial.octets}>` : '';
    return `${peek ? 'BODY.PEEK' : 'BODY'}${label.slice('BODY'.length).replace(/<.*$/, '')}${range}`;
  };
  const uid = (on: { uid: boolean }): string => (on.uid ? 'UID ' : '');

  const body = (): string => {
    switch (command.name) {
      case 'ID':
        return command.fields
          ? `ID (${[...command.fields].map(([k, v]) => `${text(k)} ${v === null ? 'NIL' : text(v)}`).join(' ')})`
          : 'ID NIL';
      case 'LOGIN':
        return `LOGIN ${text(command.user)} ${text(command.password)}`;
      case 'AUTHENTICATE':
        return `AUTHENTICATE ${command.mechanism}${command.initial === undefined ? '' : ` ${command.initial || '='}`}`;
      case 'SELECT':
      case 'EXAMINE':
      case 'CREATE':
      case 'DELETE':
      case 'SUBSCRIBE':
      case 'UNSUBSCRIBE':
        return `${command.name} ${folder(command.folder)}`;
      case 'RENAME':
        return `RENAME ${folder(command.from)} ${folder(command.to)}`;
      case 'STATUS':
        return `STATUS ${folder(command.folder)} (${command.items.join(' ')})`;
      case 'ENABLE':
        return `ENABLE ${command.capabilities.join(' ')}`;
      case 'LIST':
      case 'LSUB': {
        const select = command.select.length > 0 ? `(${command.select.join(' ')}) ` : '';
        const patterns = command.patterns.map(folder);
        const listed = command.extended ? `(${patterns.join(' ')})` : patterns.join('');
        const give = command.give.length > 0 ? ` RETURN (${command.give.join(' ')})` : '';
        return `${command.name} ${select}${folder(command.reference)} ${listed}${give}`;
      }
      case 'APPEND': {
        const date = command.date === undefined ? '' : ` ${printDateTime(command.date)}`;
        return `APPEND ${folder(command.folder)} ${flags(command.flags)}${date} {${command.size}}`;
      }
      case 'EXPUNGE':
        return command.uids ? `UID EXPUNGE ${printSet(command.uids)}` : 'EXPUNGE';
      case 'SEARCH': {
        const charset = command.charset === undefined ? '' : `CHARSET ${octets(command.charset)} `;
        return `${uid(command)}SEARCH ${charset}${key(command.program)}`;
      }
      case 'FETCH':
        return `${uid(command)}FETCH ${printSet(command.set)} (${command.items.map(item).join(' ')})`;
      case 'STORE': {
        const sign = { replace: '', add: '+', remove: '-' }[command.mode];
        return `${uid(command)}STORE ${printSet(command.set)} ${sign}FLAGS${command.silent ? '.SILENT' : ''} ${flags(command.flags)}`;
      }
      case 'COPY':
      case 'MOVE':
        return `${uid(command)}${command.name} ${printSet(command.set)} ${folder(command.folder)}`;
      default:
        return command.name;
    }
  };
  return `${tag} ${body()}`;
}

const ATOM_CHARS = Array.from("abcXYZ019$_-.!#&'+,/:;<=>?@[^`|}~");
const atom = fc.string({ unit: fc.constantFrom(...ATOM_CHARS), minLength: 1, maxLength: 12 });
const unicode = fc.string({ unit: 'binary', maxLength: 20 }).map((text) => text.replaceAll('\0', ''));
export const anyFolder = fc
  .string({ unit: fc.constantFrom(...Array.from('aBz&-~+,/ "\\%*(]äß€日😀INBOX')), minLength: 1, maxLength: 12 })
  .map(canonicalInbox)
  .filter((name) => folderNameFlaw(name) === undefined);
const number = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constantFrom(STAR, 4_294_967_295));
const set = fc.array(
  fc.oneof(
    fc.record({ first: number, last: number }),
    number.map((first) => ({ first, last: first })),
  ),
  { minLength: 1, maxLength: 5 },
);
const system = fc.integer({ min: 0, max: 31 });
const flagSet: fc.Arbitrary<FlagSet> = fc.record({
  system,
  keywords: fc.uniqueArray(fc.oneof(atom, fc.constantFrom('__proto__', 'constructor')), {
    maxLength: 4,
    selector: (keyword) => keyword.toLowerCase(),
  }),
});
const field = fc.constantFrom('Subject', 'X-Spam', 'from', '__proto__', 'X-Rate(%)', 'a "b"', '');
const value = unicode.map((text) => Buffer.from(text));

/** As the parser joins keys: no `and` in an `and`, no `or` in an `or`, nothing negated twice. */
function flat(key: SearchKey): SearchKey {
  if (key.key === 'not') {
    const of = flat(key.of);
    return of.key === 'not' ? of.of : { key: 'not', of };
  }
  if (key.key !== 'and' && key.key !== 'or') return key;
  return { ...key, keys: key.keys.map(flat).flatMap((one) => (one.key === key.key ? one.keys : [one])) };
}

const search: fc.Arbitrary<SearchKey> = fc
  .letrec<{ key: SearchKey }>((tie) => ({
    key: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.oneof<fc.Arbitrary<SearchKey>[]>(
        fc.record({ key: fc.constantFrom('all', 'recent', 'new', 'old') }),
        fc.record({ key: fc.constant('flag'), flag: fc.constantFrom(1, 2, 4, 8, 16), set: fc.boolean() }),
        fc.record({ key: fc.constant('keyword'), keyword: atom, set: fc.boolean() }),
        fc.record({ key: fc.constant('header'), field, value }),
        fc.record({ key: fc.constant('address'), field: fc.constantFrom('From', 'To', 'Cc', 'Bcc'), value }),
        fc.record({ key: fc.constantFrom('body', 'text'), value }),
        fc.record({
          key: fc.constantFrom('before', 'on', 'since', 'sentbefore', 'senton', 'sentsince'),
          day: fc.integer({ min: -700_000, max: 2_900_000 }),
        }),
        fc.record({ key: fc.constantFrom('larger', 'smaller'), octets: fc.integer({ min: 0, max: 4_294_967_295 }) }),
        fc.record({ key: fc.constantFrom('sequence', 'uid'), set }),
      ),
      fc.record({ key: fc.constant('not'), of: tie('key') }),
      fc.record({ key: fc.constantFrom('and', 'or'), keys: fc.array(tie('key'), { minLength: 2, maxLength: 3 }) }),
    ),
  }))
  .key.map(flat);

const section: fc.Arbitrary<FetchItem> = fc
  .record(
    {
      part: fc.array(fc.integer({ min: 1, max: 99 }), { minLength: 1, maxLength: 4 }),
      text: fc.constantFrom('all', 'HEADER', 'HEADER.FIELDS', 'HEADER.FIELDS.NOT', 'TEXT', 'MIME'),
      names: fc.array(field, { minLength: 1, maxLength: 3 }),
      partial: fc.record({ from: fc.nat(), octets: fc.integer({ min: 1 }) }),
      peek: fc.boolean(),
    },
    { requiredKeys: ['part', 'text', 'names', 'peek'] },
  )
  .map(({ names, peek, ...asked }) => {
    const whole = asked.text.startsWith('HEADER.FIELDS') ? { ...asked, fields: names } : asked;
    const spec: Omit<BodySection, 'peek' | 'label'> = whole;
    return { item: 'section', section: { ...spec, peek, label: sectionLabel(spec) } };
  });
const fetchItem: fc.Arbitrary<FetchItem> = fc.oneof(
  section,
  fc.record({
    item: fc.constantFrom('UID', 'FLAGS', 'INTERNALDATE', 'RFC822.SIZE', 'ENVELOPE', 'BODY', 'BODYSTRUCTURE'),
  }),
);
const uid = fc.boolean();

/** Any command but those whose form loses something (macros). */
export const anyCommand: fc.Arbitrary<Command> = fc.oneof<fc.Arbitrary<Command>[]>(
  fc.record({
    name: fc.constantFrom('CAPABILITY', 'NOOP', 'LOGOUT', 'NAMESPACE', 'IDLE', 'CHECK', 'CLOSE', 'UNSELECT'),
  }),
  fc.record({
    name: fc.constant('ID'),
    fields: fc.oneof(
      fc.constant(null),
      fc.array(fc.tuple(unicode, fc.option(unicode)), { maxLength: 5 }).map((all) => new Map(all)),
    ),
  }),
  fc.record({ name: fc.constant('LOGIN'), user: unicode, password: unicode }),
  fc.record(
    { name: fc.constant('AUTHENTICATE'), mechanism: fc.constantFrom('PLAIN', 'X-ANY'), initial: fc.base64String() },
    { requiredKeys: ['name', 'mechanism'] },
  ),
  fc.record({
    name: fc.constantFrom('SELECT', 'EXAMINE', 'CREATE', 'DELETE', 'SUBSCRIBE', 'UNSUBSCRIBE'),
    folder: anyFolder,
  }),
  fc.record({ name: fc.constant('RENAME'), from: anyFolder, to: anyFolder }),
  fc.record({
    name: fc.constant('STATUS'),
    folder: anyFolder,
    items: fc.uniqueArray(fc.constantFrom('MESSAGES', 'RECENT', 'UIDNEXT', 'UIDVALIDITY', 'UNSEEN'), { minLength: 1 }),
  }),
  fc.record({
    name: fc.constant('ENABLE'),
    capabilities: fc.array(
      atom.map((a) => a.toUpperCase()),
      { minLength: 1, maxLength: 4 },
    ),
  }),
  fc.record({
    name: fc.constant('LIST'),
    reference: anyFolder,
    patterns: fc.array(anyFolder, { minLength: 1, maxLength: 3 }),
    select: fc.uniqueArray(fc.constantFrom('SUBSCRIBED', 'SPECIAL-USE')),
    give: fc.uniqueArray(fc.constantFrom('SUBSCRIBED', 'CHILDREN', 'SPECIAL-USE')),
    extended: fc.constant(true),
  }),
  fc.record({
    name: fc.constantFrom('LIST', 'LSUB'),
    reference: anyFolder,
    patterns: fc.tuple(anyFolder),
    select: fc.constant([]),
    give: fc.constant([]),
    extended: fc.constant(false),
  }),
  fc.record(
    {
      name: fc.constant('APPEND'),
      folder: anyFolder,
      flags: flagSet,
      size: fc.nat(),
      date: fc.integer({ min: -60_000_000_000, max: 200_000_000_000 }).map((seconds) => seconds * 1000),
    },
    { requiredKeys: ['name', 'folder', 'flags', 'size'] },
  ),
  fc.record({ name: fc.constant('EXPUNGE'), uids: set }, { requiredKeys: ['name'] }),
  fc.record(
    { name: fc.constant('SEARCH'), uid, charset: fc.constantFrom('UTF-8', 'US-ASCII', 'KOI8-R'), program: search },
    { requiredKeys: ['name', 'uid', 'program'] },
  ),
  fc.record({ name: fc.constant('FETCH'), uid, set, items: fc.array(fetchItem, { minLength: 1, maxLength: 4 }) }),
  fc.record({
    name: fc.constant('STORE'),
    uid,
    set,
    mode: fc.constantFrom('replace', 'add', 'remove'),
    silent: fc.boolean(),
    flags: flagSet,
  }),
  fc.record({ name: fc.constantFrom('COPY', 'MOVE'), uid, set, folder: anyFolder }),
);
