/** A client that believes what it is told: its view of the folder is made of untagged responses alone, as a mail client's cache is. */
import { between, pick, type Random } from '../crash/random.ts';
import type { ImapTalk } from './imap.spec-helper.ts';

interface Seen {
  uid: number | undefined;
  /** Sorted, without \Recent; undefined: never told. */
  flags: Set<string> | undefined;
}

interface NumberSet {
  readonly text: string;
  readonly numbers: readonly number[];
}

const FLAGS = ['\\Seen', '\\Answered', '\\Flagged', '\\Deleted', '\\Draft'] as const;
const MOST = 60;
/** RFC 3501 7.4.1: numbers must not move under these. */
const KEEPS_NUMBERS = /^(?:STORE|FETCH|SEARCH)/;

/** What was answered, beyond a bare OK: `COPY NO [EXPUNGEISSUED]` -> how often. */
export type Answers = Map<string, number>;

export class StressClient {
  readonly #talk: ImapTalk;
  readonly #random: Random;
  readonly #answers: Answers;
  readonly messages: Seen[] = [];
  readonly faults: string[] = [];
  #appended = 0;

  constructor(talk: ImapTalk, random: Random, answers: Answers) {
    this.#talk = talk;
    this.#random = random;
    this.#answers = answers;
  }

  async select(folder: string): Promise<void> {
    await this.#say(`SELECT ${folder}`);
    await this.learn();
  }

  /** Asks for what it was never told. */
  async learn(): Promise<void> {
    const first = this.messages.findIndex(({ uid, flags }) => uid === undefined || flags === undefined);
    if (first !== -1) await this.#say(`FETCH ${first + 1}:* (UID FLAGS)`);
  }

  async noop(): Promise<void> {
    await this.#say('NOOP');
  }

  /** One command at random. */
  async step(): Promise<void> {
    if (this.messages.length === 0) return this.#append();
    const random = this.#random;
    const set = this.#set();
    const uids = this.#uids();
    const flags = `(${pick(random, FLAGS)})`;
    const mode = pick(random, ['+', '-', ''] as const);
    const draw = between(random, 0, 100);
    if (draw < 14) return this.#say(`STORE ${set.text} ${mode}FLAGS ${flags}`);
    if (draw < 28) return this.#silent(set, mode, flags);
    if (draw < 34) return this.#say(`UID STORE ${uids} ${mode}FLAGS ${flags}`);
    if (draw < 46)
      return this.#say(`FETCH ${set.text} ${pick(random, ['FLAGS', '(UID FLAGS)', 'ENVELOPE', 'BODY[]'] as const)}`);
    if (draw < 50) return this.#say(`UID FETCH ${uids} (FLAGS BODY.PEEK[HEADER])`);
    if (draw < 58)
      return this.#say(
        pick(random, ['SEARCH FLAGGED', 'SEARCH UNSEEN', 'SEARCH SUBJECT stress', 'UID SEARCH ALL'] as const),
      );
    if (draw < 64) return this.#say(`COPY ${set.text} Other`);
    if (draw < 68) return this.#say(`UID MOVE ${uids} Other`);
    if (draw < 72) return this.#say(pick(random, ['EXPUNGE', `UID EXPUNGE ${uids}`] as const));
    if (draw < 86) return this.#append();
    if (draw < 92) return this.#idle();
    return this.noop();
  }

  /** @returns numbers of up to a few messages, and the same as text */
  #set(): NumberSet {
    const count = this.messages.length;
    const first = between(this.#random, 1, count + 1);
    const last = Math.min(count, first + between(this.#random, 0, 5));
    const more = between(this.#random, 1, count + 1);
    const numbers = [...Array.from({ length: last - first + 1 }, (_, at) => first + at), more];
    return { text: `${first}:${last},${more}`, numbers };
  }

  #uids(): string {
    const known = this.#set().numbers.flatMap((number) => this.messages[number - 1]?.uid ?? []);
    return known.length === 0 ? '1' : known.join();
  }

  /** The server says nothing of it: the client knows by itself. */
  async #silent(set: NumberSet, mode: string, flags: string): Promise<void> {
    const flag = flags.slice(1, -1);
    for (const number of set.numbers) {
      const message = this.messages[number - 1];
      if (message === undefined) continue;
      if (mode === '') message.flags = new Set([flag]);
      else if (mode === '+') message.flags?.add(flag);
      else message.flags?.delete(flag);
    }
    await this.#say(`STORE ${set.text} ${mode}FLAGS.SILENT ${flags}`);
  }

  async #append(): Promise<void> {
    if (this.messages.length >= MOST) return this.#say('UID STORE 1:* +FLAGS.SILENT (\\Draft)', '\\Draft');
    const text = `Subject: stress ${this.#appended++}\r\n\r\ntext\r\n`;
    this.#hear('APPEND', await this.#talk.sayAppend('INBOX', Buffer.from(text)));
  }

  async #idle(): Promise<void> {
    await this.#talk.send('IDLE');
    await this.#talk.client.send('DONE\r\n');
    this.#hear('IDLE', await this.#talk.until());
  }

  async #say(command: string, toAll?: string): Promise<void> {
    if (toAll !== undefined) for (const { flags } of this.messages) flags?.add(toAll);
    this.#hear(command, await this.#talk.say(command));
  }

  #hear(command: string, lines: readonly string[]): void {
    const verb = /^(?:UID )?\w+/.exec(command)?.[0] ?? '';
    for (const line of lines.slice(0, -1)) this.#take(command, line);
    const [, status = 'closed', code = ''] = /^(\w+)(?: (\[\w+))?/.exec(lines.at(-1) ?? '') ?? [];
    const silent = command.includes('.SILENT') ? '.SILENT' : '';
    const key = `${verb}${silent} ${status}${code === '' ? '' : ` ${code}]`}`;
    this.#answers.set(key, (this.#answers.get(key) ?? 0) + 1);
    if (status !== 'OK' && !IS_RIGHT.has(key)) this.faults.push(`${command}: ${lines.at(-1)}`);
  }

  #take(command: string, line: string): void {
    const [, number = '', what = ''] = /^\* (\d+) (EXISTS|EXPUNGE|FETCH)/.exec(line) ?? [];
    const at = Number(number) - 1;
    if (what === 'EXISTS') {
      if (at + 1 < this.messages.length) this.faults.push(`${command}: ${line}, of ${this.messages.length}`);
      while (this.messages.length <= at) this.messages.push({ uid: undefined, flags: undefined });
    } else if (what === 'EXPUNGE') {
      if (KEEPS_NUMBERS.test(command)) this.faults.push(`${command}: ${line}`);
      if (this.messages.splice(at, 1).length === 0) this.faults.push(`${command}: ${line}, which is not there`);
    } else if (what === 'FETCH') {
      this.#learned(command, line, this.messages[at]);
    } else if (line.startsWith('* SEARCH') && command.startsWith('SEARCH')) {
      for (const found of line.split(' ').slice(2))
        if (Number(found) > this.messages.length) this.faults.push(`${command}: ${found} of ${this.messages.length}`);
    }
  }

  #learned(command: string, line: string, message: Seen | undefined): void {
    if (message === undefined) {
      this.faults.push(`${command}: ${line}, which is not there`);
      return;
    }
    const uid = /[( ]UID (\d+)/.exec(line)?.[1];
    const flags = /[( ]FLAGS \(([^)]*)\)/.exec(line)?.[1];
    if (uid !== undefined) {
      if (message.uid !== undefined && message.uid !== Number(uid))
        this.faults.push(`${command}: ${line}, was UID ${message.uid}`);
      message.uid = Number(uid);
    }
    if (flags !== undefined)
      message.flags = new Set(flags.split(' ').filter((flag) => flag !== '' && flag !== '\\Recent'));
  }
}

/**
 * Refusals that are right, RFC 2180 4.2.1, 4.4.1: a STORE that is to say the new flags has nothing left to say, and of a COPY or MOVE
 * that names messages nothing is done where one of them is gone.
 */
const IS_RIGHT: ReadonlySet<string> = new Set(['STORE NO [EXPUNGEISSUED]', 'COPY NO [EXPUNGEISSUED]']);
