/** Plays every golden transcript against the pure machine, with a driver that answers at once. */
import { Buffer } from 'node:buffer';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { commandLines } from './limits.ts';
import { compactMaildrop, type Maildrop } from './maildrop.ts';
import { GREETING } from './replies.ts';
import { begin, onLine, type Action, type Session } from './session.ts';
import { parseTranscript, PASSWORD, USER, type TranscriptWorld } from './transcript.spec-helper.ts';
import { onExpunged, onMaildrop, type MaildropAnswer } from './world.ts';

const folder = new URL('../../../test/transcripts/pop3/', import.meta.url);
const names = readdirSync(folder).filter((name) => name.endsWith('.pop3'));

/** An account and the connections to it. */
class House {
  readonly world: TranscriptWorld;
  #messages: readonly { size: number; uid: number }[];
  #refuse: TranscriptWorld['refuse'];

  constructor(world: TranscriptWorld) {
    this.world = world;
    this.#messages = world.sizes.map((size, index) => ({ size, uid: index + 1 }));
    this.#refuse = world.refuse;
  }

  drop(): Maildrop {
    const messages = this.#messages;
    const sizes = messages.map(({ size }) => size);
    return compactMaildrop({ sizes, uidlOf: (number) => `id-${messages[number - 1]?.uid}` });
  }

  open(user: string, password: string): MaildropAnswer {
    if (user !== USER || password !== PASSWORD) return { kind: 'refused', why: 'auth' };
    const why = this.#refuse;
    this.#refuse = undefined;
    return why ? { kind: 'refused', why } : { kind: 'open', drop: this.drop() };
  }

  expunge(numbers: readonly number[]): 'removed' | 'failed' {
    if (this.world.expunge === 'removed')
      this.#messages = this.#messages.filter((_, index) => !numbers.includes(index + 1));
    return this.world.expunge;
  }
}

class Connection {
  readonly #house: House;
  readonly #cutter = commandLines();
  #session: Session;
  #output = GREETING;

  constructor(house: House) {
    this.#house = house;
    this.#session = begin(house.world.passwords);
  }

  send(octets: Buffer): void {
    this.#cutter.push(octets);
    while (this.#session.phase !== 'closed') {
      const line = this.#cutter.next();
      if (line === undefined) return;
      this.#take(onLine(this.#session, line));
    }
  }

  /** The lines said since the last call. */
  said(): string[] {
    const lines = this.#output.split('\r\n');
    expect(lines.pop(), 'an answer that does not end in CRLF').toBe('');
    this.#output = '';
    return lines;
  }

  #take([session, action]: readonly [Session, Action]): void {
    this.#session = session;
    switch (action.do) {
      case 'reply':
      case 'close':
        this.#output += action.text;
        return;
      case 'send-listing':
        this.#output += [...action.pieces].join('');
        return;
      case 'send-message': {
        const body =
          action.lines === undefined ? `<message ${action.number}>` : `<top ${action.number} ${action.lines}>`;
        this.#output += `${action.head}${body}\r\n.\r\n`;
        return;
      }
      case 'open-maildrop':
        return this.#take(onMaildrop(session, this.#house.open(action.user, action.password)));
      case 'expunge':
        return this.#take(onExpunged(session, this.#house.expunge(action.numbers)));
    }
  }
}

function play(name: string): void {
  const { world, steps } = parseTranscript(readFileSync(new URL(name, folder), 'utf8'));
  const house = new House(world);
  const drop = house.drop();
  let connection = new Connection(house);
  let pending: string[] = [];
  let sending = '';
  const hear = (): void => {
    connection.send(Buffer.from(sending));
    sending = '';
    pending.push(...connection.said());
  };
  for (const { who, text, at } of steps) {
    if (who === 'server') {
      hear();
      const expected = text.replace(/<uidl (\d+)>/g, (_, number: string) => drop.uidlOf(Number(number)));
      expect(pending.shift(), `${name}:${at}`).toBe(expected);
      continue;
    }
    expect(pending, `${name}:${at}: answers nobody expected`).toEqual([]);
    if (who === 'client') sending += `${text}\r\n`;
    else if (text === 'hang up') hear();
    else connection = new Connection(house);
    if (who === 'connection') pending = [];
  }
  hear();
  expect(pending, `${name}: answers at the end that nobody expected`).toEqual([]);
}

describe('golden transcripts', () => {
  test('there are some', () => {
    expect(names.length).toBeGreaterThanOrEqual(15);
  });
  test.for(names)('%s', (name) => {
    expect(() => play(name)).not.toThrow();
  });
});

describe('the format', () => {
  test.for(['X: what', '#! maildrop', '#! flood 3', 'C! jump', 'NOOP'])('%j', (line) => {
    const parse = (): unknown => parseTranscript(line);
    if (line === '#! maildrop') expect(parse).not.toThrow();
    else expect(parse).toThrow();
  });
});
