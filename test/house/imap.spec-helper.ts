/** The IMAP app in this process over a database of its own, mailboxes with mail in them, and a client that sees every octet. */
import { Buffer } from 'node:buffer';
import { hashPassword } from '#auth';
import { DEFAULT_TENANT, FolderStore, type Account, type FolderName, type MailboxId } from '#domain';
import { digestOf } from '#imap';
import { MessageScanner } from '#message';
import { Config, House, silentLog, startApp, type Log } from '#runtime';
import { newId, PgFolderStore } from '#store';
import { DirectoryFixture, freshDatabase, LineClient, type FreshDatabase, type MailboxOptions } from '#testing';
import type { INestApplicationContext } from '@nestjs/common';
import { ImapModule } from '../../apps/imap/src/imap.module.ts';

export const PASSWORD = 'correct horse';

export interface Mailbox extends Account {
  readonly address: string;
}

export interface RunningApp {
  readonly port: number;
  readonly house: House;
  readonly context: INestApplicationContext;
}

export class ImapHouse {
  readonly db: FreshDatabase;
  readonly directory: DirectoryFixture;
  /** As another process would use it. */
  readonly store: FolderStore;
  readonly #hash: string;

  private constructor(db: FreshDatabase, directory: DirectoryFixture, hash: string) {
    this.db = db;
    this.directory = directory;
    this.store = new PgFolderStore(db.as('posthouse_imap'));
    this.#hash = hash;
  }

  static async open(): Promise<ImapHouse> {
    const [db, hash] = await Promise.all([freshDatabase(), hashPassword(Buffer.from(PASSWORD))]);
    const directory = new DirectoryFixture(db.owner);
    await directory.domain('example.org');
    return new ImapHouse(db, directory, hash);
  }

  async start(env: Record<string, string> = {}, log: Log = silentLog()): Promise<RunningApp> {
    const config = Config.fromEnv({ POSTHOUSE_IMAP_PORT: '0', POSTHOUSE_DRAIN_SECONDS: '5', ...env });
    const house = new House(config, this.db.ownerUrl, log);
    const context = await startApp(house, ImapModule);
    return { port: house.listeners['imap'] ?? 0, house, context };
  }

  async mailbox(address = `${newId()}@example.org`, options: MailboxOptions = {}): Promise<Mailbox> {
    const mailboxId: MailboxId = await this.directory.mailbox(address, options);
    const tenantId = DEFAULT_TENANT;
    await this.db.owner.query('insert into credential (tenant_id, mailbox_id, hash) values ($1, $2, $3)', [
      tenantId,
      mailboxId,
      this.#hash,
    ]);
    // Transcripts name it.
    await this.db.owner.query(
      `update folder f set uidvalidity = n.at from (select id, row_number() over (order by name collate "C") as at from folder where mailbox_id = $1) as n
        where f.id = n.id`,
      [mailboxId],
    );
    return { tenantId, mailboxId, address };
  }

  /** Puts a message into a folder, as another process would; no bell is rung. @returns its UID */
  async put(mailbox: Account, body: Buffer | string, { folder = 'INBOX', flags = 0, date = '' } = {}): Promise<number> {
    const octets = Buffer.isBuffer(body) ? body : Buffer.from(body, 'latin1');
    const scanner = new MessageScanner();
    scanner.write(octets);
    const appended = await this.store.append(mailbox, folder as FolderName, {
      digest: digestOf(scanner.end()),
      flags,
      keywords: [],
      internalDate: date === '' ? undefined : new Date(date),
      lacksFinalCrlf: octets.length > 0 && octets.subarray(-2).toString('latin1') !== '\r\n',
      remoteAddress: '192.0.2.1',
      body: [octets],
    });
    if (appended.kind !== 'appended') throw new Error(appended.kind);
    return appended.uid;
  }
}

/** Sends commands with tags of its own and gathers what comes until the tagged line. */
export class ImapTalk {
  readonly client: LineClient;
  #tag = 0;

  private constructor(client: LineClient) {
    this.client = client;
  }

  /** Connected and greeted. */
  static async open(port: number): Promise<ImapTalk> {
    const talk = new ImapTalk(await LineClient.connect(port));
    const greeting = await talk.client.line();
    if (!greeting?.startsWith('* OK ')) throw new Error(`greeted with ${greeting}`);
    return talk;
  }

  static async login(port: number, { address }: Mailbox, select?: string): Promise<ImapTalk> {
    const talk = await ImapTalk.open(port);
    await talk.ok(`LOGIN ${address} "${PASSWORD}"`);
    if (select !== undefined) await talk.ok(`SELECT ${select}`);
    return talk;
  }

  /** One response line, literals in it: `* 1 FETCH (BODY[] {3}\r\nabc)`. */
  async response(): Promise<string | undefined> {
    let whole = await this.client.line();
    for (;;) {
      const size = whole === undefined ? undefined : /\{(\d+)\}$/.exec(whole)?.[1];
      if (size === undefined) return whole;
      whole += `\r\n${(await this.client.octets(Number(size))).toString('latin1')}${await this.client.line()}`;
    }
  }

  send(command: string): Promise<void> {
    return this.client.send(`t${++this.#tag} ${command}\r\n`);
  }

  /** Everything up to the tagged line, which is last and bare of its tag. */
  async until(): Promise<string[]> {
    const got: string[] = [];
    for (;;) {
      const line = await this.response();
      if (line === undefined) return got;
      if (line.startsWith(`t${this.#tag} `)) return [...got, line.slice(`t${this.#tag} `.length)];
      got.push(line);
    }
  }

  async say(command: string): Promise<string[]> {
    await this.send(command);
    return this.until();
  }

  /** Throws when the answer is not OK. @returns the untagged responses */
  async ok(command: string): Promise<string[]> {
    const lines = await this.say(command);
    const last = lines.pop();
    if (!last?.startsWith('OK')) throw new Error(`${command}: ${last}`);
    return lines;
  }

  /** @returns the tagged line */
  async append(folder: string, octets: Buffer, options = ''): Promise<string> {
    return (await this.sayAppend(folder, octets, options)).at(-1) ?? '';
  }

  async sayAppend(folder: string, octets: Buffer, options = ''): Promise<string[]> {
    await this.client.send(`t${++this.#tag} APPEND ${folder} ${options}{${octets.length}+}\r\n`);
    await this.client.send(octets);
    await this.client.send('\r\n');
    return this.until();
  }
}
