/** The POP3 app in this process over a database of its own, a mailbox with mail in it, and a client that sees every octet. */
import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { hashPassword } from '#auth';
import { CHUNK_OCTETS, DEFAULT_TENANT, INBOX, type FolderId, type FolderRef, type MessageId } from '#domain';
import { Config, House, silentLog, startApp, type Log } from '#runtime';
import { newId } from '#store';
import { DirectoryFixture, freshDatabase, type FreshDatabase } from '#testing';
import type { INestApplicationContext } from '@nestjs/common';
import { Pop3Module } from '../../apps/pop3/src/pop3.module.ts';

export const PASSWORD = 'correct horse';
export const TRACE = Buffer.from('Return-Path: <>\r\n');

export interface Mailbox extends FolderRef {
  readonly address: string;
}

export interface RunningApp {
  readonly port: number;
  readonly house: House;
  readonly context: INestApplicationContext;
}

export class Pop3House {
  readonly db: FreshDatabase;
  readonly directory: DirectoryFixture;
  readonly #hash: string;

  private constructor(db: FreshDatabase, directory: DirectoryFixture, hash: string) {
    this.db = db;
    this.directory = directory;
    this.#hash = hash;
  }

  static async open(): Promise<Pop3House> {
    const [db, hash] = await Promise.all([freshDatabase(), hashPassword(Buffer.from(PASSWORD))]);
    const directory = new DirectoryFixture(db.owner);
    await directory.domain('example.org');
    return new Pop3House(db, directory, hash);
  }

  async start(env: Record<string, string> = {}, log: Log = silentLog()): Promise<RunningApp> {
    const config = Config.fromEnv({ POSTHOUSE_POP3_PORT: '0', POSTHOUSE_DRAIN_SECONDS: '5', ...env });
    const house = new House(config, this.db.ownerUrl, log);
    const context = await startApp(house, Pop3Module);
    return { port: house.listeners['pop3'] ?? 0, house, context };
  }

  async mailbox(address = `${newId()}@example.org`): Promise<Mailbox> {
    const { owner } = this.db;
    const mailboxId = await this.directory.mailbox(address);
    await owner.query('insert into credential (tenant_id, mailbox_id, hash) values ($1, $2, $3)', [
      DEFAULT_TENANT,
      mailboxId,
      this.#hash,
    ]);
    const { rows } = await owner.query<{ id: FolderId }>('select id from folder where mailbox_id = $1 and name = $2', [
      mailboxId,
      INBOX,
    ]);
    const [inbox] = rows;
    if (!inbox) throw new Error('a mailbox without INBOX');
    return { tenantId: DEFAULT_TENANT, mailboxId, folderId: inbox.id, address };
  }

  /** Delivers as the worker would. Large bodies go into chunks. Gives the message as RETR must send it before dot-stuffing. */
  async deliver(mailbox: Mailbox, body: Buffer, trace = TRACE): Promise<Buffer> {
    const { owner } = this.db;
    const { tenantId, mailboxId, folderId } = mailbox;
    const id = newId() as MessageId;
    const large = body.length > 1024 * 1024;
    const octets = trace.length + body.length;
    await owner.query(
      `insert into message (tenant_id, id, state, origin, reverse_path, helo, remote_address, octets, header_octets, recipients,
                            deliveries, envelope, body_structure, mime_index, body)
       values ($1, $2, 'accepted', 'smtp', '', '', '', $3, 0, 0, 0, '', '', '', $4)`,
      [tenantId, id, body.length, large ? null : body],
    );
    const chunked = large ? body.length : 0;
    for (let start = 0, number = 0; start < chunked; start += CHUNK_OCTETS, number++) {
      await owner.query('insert into message_chunk values ($1, $2, $3, $4)', [
        tenantId,
        id,
        number,
        body.subarray(start, start + CHUNK_OCTETS),
      ]);
    }
    await owner.query(
      `with placed as (
         update folder set uidnext = uidnext + 1, highestmodseq = highestmodseq + 1, messages = messages + 1, unseen = unseen + 1,
                octets = octets + $5 where tenant_id = $1 and id = $2 returning uidnext - 1 as uid, highestmodseq
       ), used as (
         update mailbox_usage set octets = octets + $5, messages = messages + 1 where tenant_id = $1 and mailbox_id = $3
       )
       insert into folder_message (tenant_id, folder_id, uid, mailbox_id, message_id, modseq, octets, trace)
       select $1, $2, uid, $3, $4, highestmodseq, $5, $6 from placed`,
      [tenantId, folderId, mailboxId, id, octets, trace],
    );
    return Buffer.concat([trace, body]);
  }

  /** Nothing in any maildrop, no lock, no failed login. */
  async wipe(): Promise<void> {
    await this.db.owner.query('delete from folder_message');
    await this.db.owner.query('delete from maildrop_lock');
    await this.db.owner.query('delete from auth_failure');
  }

  async locks(): Promise<number> {
    const { rows } = await this.db.owner.query<{ count: string }>('select count(*) from maildrop_lock');
    return Number(rows[0]?.count);
  }
}

/** A message body of exactly `octets`, with lines that begin with dots where there is room. */
export function bodyOf(octets: number, seed = 0): Buffer {
  const lines = [`Subject: message ${seed}\r\n\r\n`, '.\r\n', '..two dots\r\n'];
  let length = lines.join('').length;
  for (let line = 0; length + 80 <= octets; line++) {
    const text = `${line % 7 === 0 ? '.' : ''}line ${line} of message ${seed}`.padEnd(70, 'x');
    lines.push(`${text}\r\n`);
    length += 72;
  }
  const body = lines.join('');
  return Buffer.from(
    octets >= body.length + 2
      ? `${body}${'y'.repeat(octets - body.length - 2)}\r\n`
      : `Subject: ${'z'.repeat(octets - 13)}\r\n\r\n`,
  );
}

/** RFC 1939 3, the slow and plain way. */
export function stuffed(message: Buffer): Buffer {
  const text = message.toString('latin1').replaceAll('\r\n.', '\r\n..');
  return Buffer.from(text.startsWith('.') ? `.${text}` : text, 'latin1');
}

/** Its header, the empty line and the first `lines` of its body. */
export function topOf(message: Buffer, lines: number): Buffer {
  let end = message.indexOf('\r\n\r\n') + 4;
  for (let line = 0; line < lines && end < message.length; line++) end = message.indexOf('\n', end) + 1;
  return message.subarray(0, end);
}

export class Pop3Client {
  readonly socket: Socket;
  /** Resolves when the server has closed. */
  readonly closed: Promise<unknown>;
  #chunks: Buffer[] = [];
  #wake: (() => void) | undefined;
  #over = false;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#wake?.();
    });
    socket.on('error', () => undefined);
    this.closed = once(socket, 'close').finally(() => {
      this.#over = true;
      this.#wake?.();
    });
  }

  static async connect(port: number, { greeting = true } = {}): Promise<Pop3Client> {
    const client = new Pop3Client(connect({ port, host: '127.0.0.1' }));
    if (greeting) await client.line();
    return client;
  }

  static async login(port: number, { address }: Pick<Mailbox, 'address'>): Promise<Pop3Client> {
    const client = await Pop3Client.connect(port);
    const answer = await client.loggedIn(address);
    if (!answer.startsWith('+OK')) throw new Error(`login: ${answer}`);
    return client;
  }

  /** The answer to PASS. */
  async loggedIn(address: string, password = PASSWORD): Promise<string> {
    this.send(`USER ${address}`, `PASS ${password}`);
    await this.line();
    return this.line();
  }

  /** In one write. */
  send(...lines: readonly string[]): void {
    this.socket.write(lines.map((line) => `${line}\r\n`).join(''), 'latin1');
  }

  async ask(line: string): Promise<string> {
    this.send(line);
    return this.line();
  }

  /** The next line without its CRLF; what was left when the server closed. */
  async line(): Promise<string> {
    const line = await this.#until((held) => behind(held, '\r\n'));
    return line.toString('latin1').replace(/\r\n$/, '');
  }

  /** A multi-line answer without its first line and its end, dot-stuffing as sent. */
  async block(): Promise<Buffer> {
    const block = await this.#until((held) =>
      held.subarray(0, 3).equals(Buffer.from('.\r\n')) ? 3 : behind(held, '\r\n.\r\n'),
    );
    return block.subarray(0, -3);
  }

  exactly(octets: number): Promise<Buffer> {
    return this.#until((held) => (held.length >= octets ? octets : undefined));
  }

  /** Everything until the server closes. */
  async rest(): Promise<string> {
    await this.closed;
    return Buffer.concat(this.#chunks.splice(0)).toString('latin1');
  }

  /** Cuts the connection as a lost client does. */
  drop(): void {
    this.socket.destroy();
  }

  /** @param ends offset behind the wanted octets; undefined: not there yet */
  async #until(ends: (held: Buffer) => number | undefined): Promise<Buffer> {
    for (;;) {
      const held = Buffer.concat(this.#chunks.splice(0));
      const end = ends(held);
      if (end !== undefined) {
        this.#chunks = held.length > end ? [held.subarray(end)] : [];
        return held.subarray(0, end);
      }
      if (this.#over) return held;
      this.#chunks = held.length > 0 ? [held, ...this.#chunks] : this.#chunks;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
  }
}

function behind(held: Buffer, text: string): number | undefined {
  const at = held.indexOf(text);
  return at === -1 ? undefined : at + text.length;
}
