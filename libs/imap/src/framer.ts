/**
 * Cuts a connection's octets into commands: a line and the literals it announces. Pulled, not pushed: limits and what is expected
 * may change with every command, also in the middle of a chunk.
 *
 * What is over its limit: a line or a non-synchronizing literal is read and thrown away, then reported as `too-large`; over
 * `discard` octets of that the connection ends with `bye`. A synchronizing literal is reported at once and never asked for.
 */
import { Buffer } from 'node:buffer';
import { announcedLiteral, tagOf, TAIL, type Announced } from './announced-literal.ts';
import { BEFORE_LOGIN, type FrameEvent, type FrameLimits, type TooLarge } from './frame-event.ts';
import { MAX_AUTH_LINE, MAX_LITERAL_COUNT, MAX_REFUSED_MESSAGE, MAX_TAG } from './limits.ts';
import { BRACE_OPEN, CR, LF, SP } from './octets.ts';

const EMPTY = Buffer.alloc(0);
/** Octets of AUTHENTICATE. */
const LONGEST_VERB = 12;

/** `gate`: an APPEND literal was announced, the driver has not said accept or refuse. */
type State = 'line' | 'literal' | 'gate' | 'append' | 'tail' | 'discard' | 'closed';

/** Holds nothing but a few numbers between commands. */
export class Framer {
  limits: FrameLimits = BEFORE_LOGIN;
  #state: State = 'line';
  #chunk: Buffer = EMPTY;
  #at = 0;
  #held: Buffer | undefined;
  #length = 0;
  /** Where in the held octets the line after the last literal starts. */
  #segment = 0;
  #lineOctets = 0;
  #literalOctets = 0;
  #literals = 0;
  /** Octets of the literal in hand that are still to come. */
  #need = 0;
  #sync = false;
  /** While discarding: what is reported at the end, and how much more may be thrown away. */
  #fault: { readonly tag: string | undefined; readonly what: TooLarge } | undefined;
  #allowance = 0;
  #tail: Buffer = EMPTY;

  /** True when `next` has used up everything: push the next chunk then, so that at most one is held. */
  get drained(): boolean {
    return this.#at >= this.#chunk.length;
  }

  /** True in the middle of a command: what a timeout should look at. */
  get pending(): boolean {
    return this.#length > 0 || this.#state !== 'line';
  }

  push(chunk: Buffer): void {
    if (this.#state === 'closed') return;
    this.#chunk = this.drained ? chunk : Buffer.concat([this.#chunk.subarray(this.#at), chunk]);
    this.#at = 0;
  }

  /**
   * The next event, or undefined until there are more octets (or `accept`/`refuse`).
   * @param expect `line` while the session waits for DONE or an AUTHENTICATE response: no literals there
   */
  next(expect: 'command' | 'line' = 'command'): FrameEvent | undefined {
    for (;;) {
      const event = this.#step(expect);
      if (this.drained) {
        this.#chunk = EMPTY;
        this.#at = 0;
      }
      if (event !== 'again') return event;
    }
  }

  /** Answers `append-literal`: its octets follow. For a synchronizing literal send `+ ` first. */
  accept(): void {
    if (this.#state === 'gate') this.#state = 'append';
  }

  /** Answers `append-literal`: a literal that comes unasked is thrown away, up to MAX_REFUSED_MESSAGE; then the connection ends. */
  refuse(): void {
    if (this.#state !== 'gate') return;
    if (this.#sync) this.#reset();
    else this.#discard(undefined, MAX_REFUSED_MESSAGE);
  }

  #step(expect: 'command' | 'line'): FrameEvent | 'again' | undefined {
    switch (this.#state) {
      case 'gate':
        return undefined;
      case 'closed':
        this.#at = this.#chunk.length;
        return undefined;
      case 'literal':
        return this.#readLiteral();
      case 'append':
        return this.#passLiteral();
      case 'discard':
        return this.#skip();
      case 'line':
      case 'tail':
        return this.#readLine(expect);
    }
  }

  #readLine(expect: 'command' | 'line'): FrameEvent | 'again' | undefined {
    if (this.drained) return undefined;
    const lf = this.#chunk.indexOf(LF, this.#at);
    const part = this.#chunk.subarray(this.#at, lf === -1 ? this.#chunk.length : lf + 1);
    const limit = expect === 'line' ? MAX_AUTH_LINE : this.limits.line;
    if (this.#lineOctets + part.length > limit) return this.#overLine(part);
    this.#lineOctets += part.length;
    this.#at += part.length;
    if (lf === -1 || this.#length > 0) this.#hold(part);
    if (lf === -1) return undefined;
    const text = this.#length > 0 ? (this.#held?.subarray(0, this.#length) ?? EMPTY) : part;
    const line = text.subarray(0, text.length - (text.at(-2) === CR && text.length - 2 >= this.#segment ? 2 : 1));
    const literal = expect === 'line' ? undefined : announcedLiteral(line, this.#segment);
    if (this.#state === 'tail') return this.#endAppend(line, literal);
    if (literal) return this.#announce(text, line, literal);
    this.#reset();
    return { kind: expect, octets: line };
  }

  /** RFC 3501 6.3.11: nothing follows the message. */
  #endAppend(rest: Buffer, literal: Announced | undefined): FrameEvent {
    // What follows would be read as commands although it is text.
    if (literal && !literal.sync) return this.#close('literal');
    this.#reset();
    return { kind: 'append-end', rest };
  }

  #announce(text: Buffer, line: Buffer, literal: Announced): FrameEvent | 'again' {
    this.#sync = literal.sync;
    const { literalsOf } = this.limits;
    if (literalsOf && !literalsOf.has(verbOf(line))) return this.#overLiteral(line, 'too-early', literal);
    if (!literalsOf && isMessageLiteral(line, this.#segment)) {
      if (literal.size === Number.POSITIVE_INFINITY) return this.#overLiteral(line, 'literal', literal);
      this.#release();
      this.#need = literal.size;
      this.#state = 'gate';
      return { kind: 'append-literal', head: line, size: literal.size, sync: literal.sync };
    }
    if (this.#literals >= MAX_LITERAL_COUNT) return this.#overLiteral(line, 'literals', literal);
    if (literal.size > this.limits.literals - this.#literalOctets) return this.#overLiteral(line, 'literal', literal);
    this.#literals++;
    this.#literalOctets += literal.size;
    if (this.#length === 0) this.#hold(text);
    this.#need = literal.size;
    this.#state = 'literal';
    return literal.sync ? { kind: 'continue' } : 'again';
  }

  #readLiteral(): 'again' | undefined {
    const part = this.#chunk.subarray(this.#at, this.#at + this.#need);
    this.#hold(part);
    this.#at += part.length;
    this.#need -= part.length;
    if (this.#need > 0) return undefined;
    this.#segment = this.#length;
    this.#state = 'line';
    return 'again';
  }

  #passLiteral(): FrameEvent | 'again' | undefined {
    if (this.#need === 0) {
      this.#state = 'tail';
      return 'again';
    }
    if (this.drained) return undefined;
    const octets = this.#chunk.subarray(this.#at, this.#at + this.#need);
    this.#at += octets.length;
    this.#need -= octets.length;
    return { kind: 'append-octets', octets };
  }

  #overLine(part: Buffer): FrameEvent | 'again' {
    const head = Buffer.concat([this.#heldOctets().subarray(0, MAX_TAG + 1), part.subarray(0, MAX_TAG + 1)]);
    const tail = Buffer.from(this.#heldOctets().subarray(this.#segment).subarray(-TAIL));
    if (this.#state === 'tail') return this.#close('line');
    // What is held already counts: every way of cutting the stream then ends alike.
    this.#discard({ tag: tagOf(head), what: 'line' }, this.limits.discard - this.#lineOctets);
    this.#tail = tail;
    return 'again';
  }

  #overLiteral(line: Buffer, what: TooLarge, { size, sync }: Announced): FrameEvent | 'again' {
    const tag = tagOf(line);
    if (sync) {
      this.#reset();
      return { kind: 'too-large', tag, what };
    }
    if (size > this.limits.discard) return this.#close(what);
    this.#need = size;
    this.#discard({ tag, what }, this.limits.discard);
    return 'again';
  }

  #discard(fault: { tag: string | undefined; what: TooLarge } | undefined, allowance: number): void {
    this.#release();
    this.#fault = fault;
    this.#allowance = allowance;
    this.#tail = EMPTY;
    this.#state = 'discard';
  }

  /** Throws away a literal, or the rest of a line. */
  #skip(): FrameEvent | 'again' | undefined {
    if (this.drained && this.#need === 0) return undefined;
    const lf = this.#need > 0 ? -1 : this.#chunk.indexOf(LF, this.#at);
    const end = this.#need > 0 ? this.#at + this.#need : lf === -1 ? this.#chunk.length : lf + 1;
    const part = this.#chunk.subarray(this.#at, end);
    this.#allowance -= part.length;
    if (this.#allowance < 0) return this.#close(this.#fault?.what ?? 'literal');
    this.#at += part.length;
    if (this.#need > 0) {
      this.#need -= part.length;
      return this.#need > 0 ? undefined : 'again';
    }
    this.#tail = Buffer.concat([this.#tail, part.subarray(-TAIL)]).subarray(-TAIL);
    return lf === -1 ? undefined : this.#endOfSkippedLine();
  }

  /** The line may announce another literal, whose octets must not be taken for commands. */
  #endOfSkippedLine(): FrameEvent | 'again' {
    const line = this.#tail.subarray(0, this.#tail.length - (this.#tail.at(-2) === CR ? 2 : 1));
    const literal = announcedLiteral(line, 0, this.#tail.length === TAIL);
    this.#tail = EMPTY;
    if (literal && !literal.sync) {
      if (literal.size > this.#allowance) return this.#close(this.#fault?.what ?? 'literal');
      this.#need = literal.size;
      return 'again';
    }
    const fault = this.#fault;
    this.#reset();
    return fault ? { kind: 'too-large', ...fault } : 'again';
  }

  #close(what: TooLarge): FrameEvent {
    this.#reset();
    this.#chunk = EMPTY;
    this.#at = 0;
    this.#state = 'closed';
    return { kind: 'bye', what };
  }

  #heldOctets(): Buffer {
    return this.#held?.subarray(0, this.#length) ?? EMPTY;
  }

  // Grows by doubling with what came, never with what was announced: dribbling costs linear work, and promises cost nothing.
  #hold(part: Buffer): void {
    const length = this.#length + part.length;
    if (!this.#held || this.#held.length < length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(64, 2 * length));
      this.#held?.copy(grown, 0, 0, this.#length);
      this.#held = grown;
    }
    part.copy(this.#held, this.#length);
    this.#length = length;
  }

  #release(): void {
    this.#held = undefined;
    this.#length = 0;
    this.#segment = 0;
    this.#lineOctets = 0;
  }

  #reset(): void {
    this.#release();
    this.#literalOctets = 0;
    this.#literals = 0;
    this.#need = 0;
    this.#fault = undefined;
    this.#tail = EMPTY;
    this.#state = 'line';
  }
}

/** The literal at the end of an APPEND line is the message, unless it stands where the mailbox name should. */
function isMessageLiteral(line: Buffer, segment: number): boolean {
  if (verbOf(line) !== 'APPEND') return false;
  return segment > 0 || line[(tagOf(line)?.length ?? 0) + ' APPEND '.length] !== BRACE_OPEN;
}

/** The command of a line, in capitals; '' where none begins it. */
function verbOf(line: Buffer): string {
  const tag = tagOf(line);
  if (tag === undefined) return '';
  const from = tag.length + 1;
  const end = line.subarray(0, from + LONGEST_VERB + 1).indexOf(SP, from);
  return end === -1 ? '' : line.toString('latin1', from, end).toUpperCase();
}
