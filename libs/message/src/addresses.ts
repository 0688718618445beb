import { readQuoted, skipComment, trim } from './text.ts';
import type { Address } from './structure.ts';

/** Octets that end an atom in an address list: RFC 5322 3.2.3 specials (and white space), as character codes. */
const ENDS_ATOM = new Uint8Array(256).fill(1, 0, 33);
for (const special of '()<>[]:;@\\,."') ENDS_ATOM[special.charCodeAt(0)] = 1;

/** What has been read of the address in hand. */
interface Draft {
  /** Words before the last run: the display name of `<...>`, or of the lenient form `Name user@host`. */
  phrase: string;
  /** Words joined by dots only: may turn out to be a local part. */
  run: string;
  host: string;
  /** Hosts of a source route, each with its @. */
  route: string;
  comment: string;
  /** Which side of the @ is being read. */
  side: 'local' | 'host';
  /** The display name in front of `<`; undefined outside of angle brackets. */
  name: string | undefined;
  /** White space since the last word: the next word begins a new run. */
  gap: boolean;
  /** The last word was a dot. */
  dot: boolean;
  /** Its `>` was read: what follows up to the comma is noise, but for a comment. */
  closed: boolean;
  empty: boolean;
}

const blank = (): Draft => ({
  phrase: '',
  run: '',
  host: '',
  route: '',
  comment: '',
  side: 'local',
  name: undefined,
  gap: false,
  dot: false,
  closed: false,
  empty: true,
});

/**
 * Reads an address list (RFC 5322 3.4 with the obsolete forms of 4.4) from an unfolded field body: mailboxes, groups, comments,
 * quoted strings, source routes. Total, linear, not recursive. What is broken is kept as far as it can be told apart:
 * an address without a domain has the host ''. At most `limit` entries, group marks included; an opened group is always closed.
 */
export function parseAddresses(text: string, limit: number): Address[] {
  const reader = new AddressReader(text, limit);
  return reader.read();
}

class AddressReader {
  readonly #text: string;
  readonly #limit: number;
  readonly #found: Address[] = [];
  #at = 0;
  #group = false;
  #draft = blank();

  constructor(text: string, limit: number) {
    this.#text = text;
    this.#limit = limit;
  }

  read(): Address[] {
    // One place is kept for the end of a group.
    while (this.#at < this.#text.length && this.#found.length + (this.#group ? 1 : 0) < this.#limit) this.#step();
    if (this.#found.length + (this.#group ? 1 : 0) < this.#limit) this.#finish();
    this.#endGroup();
    return this.#found;
  }

  #step(): void {
    const draft = this.#draft;
    const char = this.#text.charAt(this.#at);
    switch (char) {
      case ' ':
      case '\t':
        draft.gap = true;
        this.#at++;
        break;
      case '(':
        this.#comment();
        break;
      case '"':
        this.#quoted();
        break;
      case '[':
        this.#literal();
        break;
      case '<':
        this.#at++;
        this.#openAngle();
        break;
      case '@':
        this.#at++;
        this.#atSign();
        break;
      case ',':
      case ';':
      case ':':
      case '>':
        this.#at++;
        this.#delimiter(char);
        break;
      default:
        this.#word(this.#atom());
    }
  }

  #openAngle(): void {
    // Two in a row: somebody forgot the comma.
    if (this.#draft.closed) this.#finish();
    const { name = this.#written(), comment } = this.#draft;
    this.#draft = { ...blank(), name, comment, empty: false };
  }

  #atSign(): void {
    const draft = this.#draft;
    if (draft.closed) return;
    if (draft.side === 'host' && draft.run !== '') {
      draft.run += `@${draft.host}`;
      draft.host = '';
    }
    draft.side = 'host';
    draft.gap = false;
    draft.empty = false;
  }

  /** A comment (obsolete display name behind an address); its text counts only where there is no other name, and not in angle brackets. */
  #comment(): void {
    const draft = this.#draft;
    const end = skipComment(this.#text, this.#at);
    const last = this.#text[end - 1] === ')' ? end - 1 : end;
    if (draft.name === undefined || draft.closed) draft.comment = unescape(this.#text.slice(this.#at + 1, last));
    draft.gap = true;
    this.#at = end;
  }

  #quoted(): void {
    const quoted = readQuoted(this.#text, this.#at);
    this.#at = quoted.end;
    this.#word(quoted.text);
  }

  /** RFC 5321 4.1.3: `[192.0.2.1]` as a domain; elsewhere just a word. */
  #literal(): void {
    let end = this.#at + 1;
    while (end < this.#text.length && this.#text[end] !== ']' && this.#text[end] !== '>' && this.#text[end] !== ',')
      end++;
    if (this.#text[end] === ']') end++;
    this.#word(this.#text.slice(this.#at, end));
    this.#at = end;
  }

  #atom(): string {
    const start = this.#at;
    let end = start + 1;
    // A dot is a word of its own, and so is an octet with no business here.
    if (!endsAtom(this.#text.charCodeAt(start)))
      while (end < this.#text.length && !endsAtom(this.#text.charCodeAt(end))) end++;
    this.#at = end;
    return this.#text.slice(start, end);
  }

  #word(word: string): void {
    const draft = this.#draft;
    if (draft.closed) return;
    const dotted = word === '.' || draft.dot;
    if (draft.side === 'host') {
      if (draft.host === '' || !draft.gap || dotted) draft.host += word;
    } else if (draft.gap && draft.run !== '' && draft.name === undefined) {
      draft.phrase += draft.phrase === '' ? draft.run : ` ${draft.run}`;
      draft.run = word;
    } else {
      draft.run += word;
    }
    draft.gap = false;
    draft.dot = word === '.';
    draft.empty = false;
  }

  #delimiter(char: ',' | ';' | ':' | '>'): void {
    const draft = this.#draft;
    if (char === '>') {
      draft.closed = draft.name !== undefined;
      return;
    }
    const routed = draft.name !== undefined && !draft.closed && draft.run === '' && draft.side === 'host';
    if (routed && (char === ',' || char === ':')) {
      // RFC 5322 4.4: `<@a,@b:user@c>`
      if (draft.host !== '') draft.route += `${draft.route === '' ? '' : ','}@${draft.host}`;
      draft.host = '';
      draft.side = char === ':' ? 'local' : 'host';
      return;
    }
    if (char === ':') return this.#startGroup();
    this.#finish();
    if (char === ';') this.#endGroup();
  }

  #startGroup(): void {
    // Groups do not nest (RFC 5322 3.4); a colon inside an address is noise.
    if (
      this.#group ||
      this.#draft.name !== undefined ||
      this.#draft.side === 'host' ||
      this.#found.length + 2 > this.#limit
    )
      return;
    this.#found.push({ name: null, mailbox: this.#name(), host: null });
    this.#group = true;
    this.#draft = blank();
  }

  #endGroup(): void {
    if (this.#group) this.#found.push({ name: null, mailbox: null, host: null });
    this.#group = false;
  }

  #name(): string {
    const { phrase, run } = this.#draft;
    return phrase === '' ? run : run === '' ? phrase : `${phrase} ${run}`;
  }

  /** The display name, also where it is an address: many systems put the person's own in front of theirs. */
  #written(): string {
    const { side, host } = this.#draft;
    return side === 'host' ? `${this.#name()}@${host}` : this.#name();
  }

  #finish(): void {
    const draft = this.#draft;
    this.#draft = blank();
    if (draft.empty) return;
    const name = trim(draft.name ?? draft.phrase) || trim(draft.comment);
    const address = { name: name === '' ? null : name, mailbox: draft.run, host: draft.host };
    this.#found.push(draft.route === '' || draft.run === '' ? address : { ...address, route: draft.route });
  }
}

const endsAtom = (code: number): boolean => ENDS_ATOM[code] === 1;

const unescape = (text: string): string => (text.includes('\\') ? text.replace(/\\(.)/g, '$1') : text);
