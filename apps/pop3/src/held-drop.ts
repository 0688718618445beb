/** A session's maildrop while it is locked: the messages in hand and the account of what was done. */
import { shownMailbox, type MaildropStore } from '#domain';
import type { Connection, Log, OctetBudget } from '#runtime';
import type { Lease } from './leases.ts';
import type { OpenDrop } from './open-drop.ts';
import { ReadAhead, type Fetched } from './read-ahead.ts';

export interface HeldParts {
  readonly store: MaildropStore;
  readonly budget: OctetBudget;
  readonly log: Log;
}

export class HeldDrop implements Lease {
  readonly open: OpenDrop;
  readonly #parts: HeldParts;
  readonly #connection: Connection;
  #reading: ReadAhead | undefined;
  /** A message was asked for since the last renewal. */
  #active = false;
  #retrieved = 0;
  #deleted = 0;

  constructor(open: OpenDrop, connection: Connection, parts: HeldParts) {
    this.open = open;
    this.#connection = connection;
    this.#parts = parts;
  }

  get account(): OpenDrop['account'] {
    return this.open.account;
  }

  get sessionId(): string {
    return this.open.sessionId;
  }

  /** The message, or a promise of it that rejects when the database cannot answer. */
  message(number: number): Fetched | Promise<Fetched> {
    this.#active = true;
    this.#reading ??= new ReadAhead(this.#parts.store, this.#parts.budget, this.open);
    return this.#reading.take(number) ?? this.#reading.fetch(number);
  }

  sent(): void {
    this.#retrieved++;
  }

  expunged(messages: number): void {
    this.#deleted += messages;
  }

  lost(): void {
    const mailbox = shownMailbox(this.account);
    this.#parts.log.warn({ conn: this.#connection.id, mailbox }, 'another session took the maildrop');
    this.#connection.hangUp();
  }

  rest(): void {
    if (!this.#active) this.#letGo();
    this.#active = false;
  }

  /** The session is over. */
  close(): void {
    this.#letGo();
    const mailbox = shownMailbox(this.account);
    const counts = { retrieved: this.#retrieved, deleted: this.#deleted };
    this.#parts.log.info({ conn: this.#connection.id, mailbox, ...counts }, 'logout');
  }

  #letGo(): void {
    this.#reading?.close();
    this.#reading = undefined;
  }
}
