/** Watches the header lines of an incoming message go by: counts hops and keeps the few values that intake needs. */
import { Buffer } from 'node:buffer';
import type { DataLimits, DataViolation, HeaderFacts } from './data-limits.ts';
import { fieldColon, isBlank, isMboxLine } from './field-name.ts';

/** Octets kept of a collected value, continuation lines included: more than one line may hold. */
const MAX_VALUE = 2048;

type Collected = 'delivered-to' | 'message-id';

export class HeaderScan {
  readonly #limits: DataLimits;
  #octets = 0;
  #lines = 0;
  #received = 0;
  readonly #deliveredTo: string[] = [];
  #messageId: string | undefined;
  #field: Collected | undefined;
  #value: Buffer[] = [];
  #kept = 0;
  #over = false;

  constructor(limits: DataLimits) {
    this.#limits = limits;
  }

  get octets(): number {
    return this.#octets;
  }

  /** True once the line that ends the header has been seen. */
  get over(): boolean {
    return this.#over;
  }

  /**
   * Takes one complete line without its CRLF. An empty line ends the header, and so does one that is neither a field nor a
   * continuation: a message without header has a body from its first line on. An mbox line in front of it is passed over.
   */
  line(line: Buffer): DataViolation | undefined {
    if (line.length === 0) {
      this.#octets += 2;
      this.end();
      return undefined;
    }
    const first = this.#octets === 0;
    const continuation = this.#lines > 0 && isBlank(line[0]);
    const colon = continuation ? -1 : (fieldColon(line) ?? -1);
    const isField = continuation || colon !== -1;
    if (!isField && !(first && isMboxLine(line))) {
      this.end();
      return undefined;
    }
    this.#octets += line.length + 2;
    if (!isField) return undefined;
    if (this.#octets > this.#limits.headerOctets) return 'header-too-large';
    if (++this.#lines > this.#limits.headerLines) return 'too-many-header-lines';
    if (continuation) {
      this.#keep(line);
      return undefined;
    }
    this.#finishField();
    return this.#startField(line, colon);
  }

  /** The header ends here. */
  end(): void {
    this.#finishField();
    this.#over = true;
  }

  facts(): HeaderFacts {
    return {
      octets: this.#octets,
      lines: this.#lines,
      received: this.#received,
      deliveredTo: this.#deliveredTo,
      messageId: this.#messageId,
    };
  }

  #startField(line: Buffer, colon: number): DataViolation | undefined {
    // Only three names matter and their lengths differ: most fields are dismissed without making a string.
    const length = trimmedEnd(line, colon);
    if (length !== 8 && length !== 10 && length !== 12) return undefined;
    const name = line.toString('latin1', 0, length).toLowerCase();
    if (name === 'received' && ++this.#received >= this.#limits.hops) return 'too-many-hops';
    if (name === 'delivered-to') {
      if (this.#deliveredTo.length + 1 >= this.#limits.hops) return 'too-many-hops';
      this.#field = name;
    }
    if (name === 'message-id' && this.#messageId === undefined) this.#field = name;
    this.#keep(line.subarray(colon + 1));
    return undefined;
  }

  #keep(part: Buffer): void {
    if (!this.#field || this.#kept >= MAX_VALUE) return;
    const kept = Buffer.from(part.subarray(0, MAX_VALUE - this.#kept));
    this.#value.push(kept);
    this.#kept += kept.length;
  }

  #finishField(): void {
    if (!this.#field) return;
    const value = Buffer.concat(this.#value).toString('utf8').trim();
    if (this.#field === 'delivered-to') this.#deliveredTo.push(value);
    else this.#messageId = value;
    this.#field = undefined;
    this.#value = [];
    this.#kept = 0;
  }
}

function trimmedEnd(line: Buffer, colon: number): number {
  let end = colon;
  while (end > 0 && isBlank(line[end - 1])) end--;
  return end;
}
