/** One tenant that does the worst it can, over sockets and by command, and one of another tenant's users who goes on meanwhile. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ROOT_TENANT, type MailboxId } from '#domain';
import { roleUrl } from '#runtime';
import { Database, PgDirectoryStore } from '#store';
import { SmtpTalk } from '#testing';
import type { BuiltHouse } from './built.ts';
import { ImapTalk } from './imap-talk.ts';
import { Pop3Talk } from './pop3-talk.ts';

export const WORST = [
  'domain rm --cascade of busy mailboxes',
  'COPY of all messages',
  'MOVE of all messages',
  'STORE of all messages',
  'SEARCH for a text in all messages',
  'four users that COPY and STORE at once',
  'mail to an alias of many targets',
] as const;
export type Work = (typeof WORST)[number];

export interface Scale {
  /** Of each of the busy tenant's large folders. */
  readonly messages: number;
  /** Of the domain that is removed, and of the alias. */
  readonly mailboxes: number;
  /** To the alias. */
  readonly mails: number;
}

const QUIET = 'q@quiet.test';
const USERS = ['u0', 'u1', 'u2', 'u3'] as const;
const BODY = `From: a@b.example\r\nSubject: a letter\r\n\r\n${'some text of a letter\r\n'.repeat(20)}`;
/** Mails that lie in the bystander's mailbox from the start. */
const KEPT = 10;
/** Milliseconds between two looks at the queue. */
const LOOK = 5;

export class TwoTenants {
  readonly #house: BuiltHouse;
  readonly #scale: Scale;
  readonly #operator: Database;
  readonly #directory: PgDirectoryStore;

  private constructor(house: BuiltHouse, scale: Scale, ownerUrl: string) {
    this.#house = house;
    this.#scale = scale;
    const url = roleUrl(ownerUrl, 'posthouse_api');
    this.#operator = new Database({ url, name: 'operator', poolSize: 1, onError: () => undefined });
    this.#directory = new PgDirectoryStore(this.#operator);
  }

  static async make(house: BuiltHouse, ownerUrl: string, scale: Scale): Promise<TwoTenants> {
    const made = new TwoTenants(house, scale, ownerUrl);
    const { directory } = house;
    const [busy, quiet] = [await directory.tenant('busy'), await directory.tenant('quiet')];
    await directory.domain('busy.test', { tenantId: busy });
    await directory.domain('list.test', { tenantId: busy });
    await directory.domain('quiet.test', { tenantId: quiet });
    for (const user of USERS) await made.#fill(await house.mailbox(`${user}@busy.test`), scale.messages);
    await made.#fill(await house.mailbox(QUIET), KEPT);
    await made.#crowd('list.test');
    await directory.alias('all@busy.test', []);
    await house.rows(
      `insert into address_target (tenant_id, domain_id, kind, local, position, mailbox_id)
       select a.tenant_id, a.domain_id, 'alias', 'all', row_number() over (), m.id
         from address a, mailbox m join domain d on d.id = m.domain_id where a.local = 'all' and a.kind = 'alias' and d.name = 'list.test'`,
    );
    await house.rows('analyze');
    return made;
  }

  async close(): Promise<void> {
    await this.#operator.close();
  }

  /** What comes before it is measured. @returns the work itself, which resolves when it has ended */
  async prepare(work: Work): Promise<() => Promise<unknown>> {
    switch (work) {
      case 'domain rm --cascade of busy mailboxes':
        return this.#removal();
      case 'COPY of all messages':
        return this.#commands('COPY 1:* Sent');
      case 'MOVE of all messages':
        return this.#commands('MOVE 1:* Archive', 1);
      case 'STORE of all messages':
        return this.#commands('STORE 1:* +FLAGS (\\Answered worst)', 2);
      case 'SEARCH for a text in all messages':
        return this.#commands('SEARCH BODY "not to be found" OR SUBJECT nothing FROM nobody', 3);
      case 'four users that COPY and STORE at once': {
        const each = await Promise.all(
          USERS.flatMap((_, user) => [
            this.#commands('COPY 1:* Drafts', user, user === 1 ? 'Archive' : 'INBOX'),
            this.#commands('STORE 1:* -FLAGS (\\Seen)', user, user === 1 ? 'Archive' : 'INBOX'),
          ]),
        );
        return () => Promise.all(each.map((one) => one()));
      }
      case 'mail to an alias of many targets':
        return this.#mails();
    }
  }

  async #commands(command: string, user = 0, folder = 'INBOX'): Promise<() => Promise<unknown>> {
    const talk = await ImapTalk.login(this.#house.ports.imap, `${USERS[user] ?? ''}@busy.test`);
    await talk.ask(`SELECT ${folder}`);
    return async () => {
      await talk.ask(command);
      await talk.logout();
    };
  }

  /** Of a domain made for it, whose users store flags and get mail while they are removed. */
  async #removal(): Promise<() => Promise<unknown>> {
    const { directory, ports } = this.#house;
    await directory.domain('gone.test', { tenantId: directory.tenantOf('busy.test') });
    const users = [0, 1, 2, 3].map((user) => `busy${user}@gone.test`);
    for (const user of users) await this.#fill(await this.#house.mailbox(user), KEPT);
    await this.#crowd('gone.test');
    const talks = await Promise.all(users.map((user) => ImapTalk.login(ports.imap, user)));
    for (const talk of talks) await talk.ask('SELECT INBOX');
    let isOver = false;
    const store = async (talk: ImapTalk): Promise<void> => {
      // Its end is the end of the session.
      while (!isOver)
        await talk.ask('STORE 1:* +FLAGS (\\Flagged)').then(() => talk.ask('STORE 1:* -FLAGS (\\Flagged)'));
    };
    return async () => {
      const storing = talks.map((talk) => store(talk).catch(() => undefined));
      await this.#directory.removeDomain({ principal: ROOT_TENANT, tenant: 'busy' }, 'gone.test', true);
      isOver = true;
      await Promise.all(storing);
      for (const { client } of talks) client.drop();
    };
  }

  async #mails(): Promise<() => Promise<unknown>> {
    const talk = await SmtpTalk.open(this.#house.ports.smtp, 'list.example');
    return async () => {
      for (let mail = 0; mail < this.#scale.mails; mail++) await talk.mail('s@list.example', ['all@busy.test'], BODY);
      await talk.quit();
      await this.#house.delivered();
    };
  }

  /** Mailboxes that nobody logs in to. */
  async #crowd(domain: string): Promise<void> {
    await this.#house.rows(
      `with box as (
         insert into mailbox (tenant_id, id, domain_id, name)
         select d.tenant_id, gen_random_uuid(), d.id, 'm' || n || '@' || d.name from domain d, generate_series(1, $2::int) n where d.name = $1
         returning tenant_id, id, domain_id, name
       ), used as (insert into mailbox_usage (tenant_id, mailbox_id) select tenant_id, id from box),
       folders as (insert into folder (tenant_id, id, mailbox_id, name) select tenant_id, gen_random_uuid(), id, 'INBOX' from box),
       known as (insert into address (tenant_id, domain_id, kind, local) select tenant_id, domain_id, 'address', split_part(name, '@', 1) from box returning *)
       insert into address_target (tenant_id, domain_id, kind, local, position, mailbox_id)
       select b.tenant_id, b.domain_id, 'address', k.local, 0, b.id from box b join known k on k.local = split_part(b.name, '@', 1)`,
      [domain, this.#scale.mailboxes],
    );
  }

  async #fill(mailboxId: MailboxId, messages: number): Promise<void> {
    const body = Buffer.from(BODY);
    await this.#house.rows(
      `with made as (
         insert into message (tenant_id, id, state, origin, reverse_path, helo, remote_address, octets, header_octets, recipients, deliveries,
                              envelope, body_structure, mime_index, body)
         select f.tenant_id, gen_random_uuid(), 'accepted', 'append', '', '', '', $3, $4, 0, 0, '(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)',
                '("TEXT" "PLAIN" NIL NIL NIL "7BIT" 460 20)', '{}', $5
           from folder f, generate_series(1, $2::int) where f.mailbox_id = $1 and f.name = 'INBOX' returning tenant_id, id
       )
       insert into folder_message (tenant_id, folder_id, mailbox_id, uid, message_id, modseq, octets, trace)
       select m.tenant_id, f.id, f.mailbox_id, row_number() over (), m.id, 2, $3, ''
         from made m, folder f where f.mailbox_id = $1 and f.name = 'INBOX'`,
      [mailboxId, messages, body.length, body.indexOf('\r\n\r\n') + 4, body],
    );
    await this.#house.rows(
      `update folder set uidnext = $2::bigint + 1, messages = $2, unseen = $2, octets = $2::bigint * $3, highestmodseq = 2
        where mailbox_id = $1 and name = 'INBOX'`,
      [mailboxId, messages, body.length],
    );
    await this.#house.rows('update mailbox_usage set messages = $2, octets = $2::bigint * $3 where mailbox_id = $1', [
      mailboxId,
      messages,
      body.length,
    ]);
  }
}

/** Tells what a command was and how many milliseconds it took. */
type Heard = (command: string, milliseconds: number) => void;

export class Bystander {
  readonly #house: BuiltHouse;
  readonly #smtp: SmtpTalk;
  readonly #imap: ImapTalk;
  readonly #heard: Heard;

  private constructor(house: BuiltHouse, smtp: SmtpTalk, imap: ImapTalk, heard: Heard) {
    this.#house = house;
    this.#smtp = smtp;
    this.#imap = imap;
    this.#heard = heard;
  }

  static async open(house: BuiltHouse, heard: Heard = () => undefined): Promise<Bystander> {
    const smtp = await SmtpTalk.open(house.ports.smtp, 'quiet.example');
    const imap = await ImapTalk.login(house.ports.imap, QUIET);
    await imap.ask('SELECT INBOX');
    return new Bystander(house, smtp, imap, heard);
  }

  /** A mail that comes and is seen, one that is read and left over POP3, flags and a look over IMAP. Throws for any answer that is not the good one. */
  async round(): Promise<void> {
    const [before] = await this.#count();
    await this.#time('SMTP transaction', async () => {
      const reply = await this.#smtp.mail('s@quiet.example', [QUIET], BODY);
      if (!reply.startsWith('250 ')) throw new Error(`the mail was answered ${reply}`);
    });
    for (const [command, name] of [
      ['STORE 1 +FLAGS (\\Flagged)', 'IMAP STORE'],
      ['FETCH 1 (FLAGS BODY.PEEK[])', 'IMAP FETCH'],
      ['NOOP', 'IMAP NOOP'],
    ] as const)
      await this.#time(name, () => this.#imap.ask(command));
    const pop3 = await this.#time('POP3 login', () => Pop3Talk.open(this.#house.ports.pop3, QUIET));
    await this.#time('POP3 RETR', async () => {
      for await (const { length } of pop3.retrieve([1]))
        if (length < BODY.length) throw new Error('not all octets came');
    });
    await this.#time('POP3 QUIT', () => pop3.quit());
    await this.#time('mail in its mailbox', async () => {
      while ((await this.#count())[0] === before) await sleep(LOOK);
    });
  }

  async close(): Promise<void> {
    await this.#imap.logout();
    await this.#smtp.quit();
  }

  #count(): Promise<number[]> {
    return this.#imap
      .ask('STATUS INBOX (MESSAGES)')
      .then((lines) => lines.flatMap(({ text }) => /\(MESSAGES (\d+)\)/.exec(text)?.[1] ?? []).map(Number));
  }

  async #time<T>(command: string, work: () => Promise<T>): Promise<T> {
    const began = performance.now();
    const answer = await work();
    this.#heard(command, performance.now() - began);
    return answer;
  }
}
