/**
 * A folder of 1,000,000 messages beside one of 10,000: milliseconds of each command, and others' NOOP meanwhile. Against a house that runs here:
 * `npm run build && node bench/folders.ts URL imap=2143 pop3=2110`. URL is that of the database's owner. Makes the domain large.test and leaves it.
 */
import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { Client } from 'pg';

const SIZES = [10_000, 1_000_000];
const PASSWORD = 'secret';
/** Milliseconds between two NOOPs of a bystander. */
const NOOP_EVERY = 5;

const [, , url, ...options] = process.argv;
if (url === undefined) throw new Error('usage: folders.ts URL imap=PORT pop3=PORT');
const portOf = (name: string, usual: number): number =>
  Number(options.find((option) => option.startsWith(`${name}=`))?.slice(name.length + 1) ?? usual);
const IMAP = portOf('imap', 2143);
const POP3 = portOf('pop3', 2110);

/** One command at a time; answers are not kept beyond what shows their end. */
class Talk {
  readonly #socket: Socket;
  #tail = '';
  #end = '';
  #done: PromiseWithResolvers<string> | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#tail = (this.#tail + chunk.toString('latin1')).slice(-400);
      const last = this.#tail.slice(this.#tail.lastIndexOf('\n', this.#tail.length - 2) + 1);
      if (last.endsWith('\r\n') && last.startsWith(this.#end)) this.#done?.resolve(last);
    });
    socket.on('error', () => undefined);
    socket.on('close', () => this.#done?.reject(new Error('the connection was closed')));
  }

  static async to(port: number): Promise<Talk> {
    const socket = createConnection({ host: '127.0.0.1', port, noDelay: true });
    const talk = new Talk(socket);
    await once(socket, 'data');
    return talk;
  }

  /** @param end what the last line begins with. @returns milliseconds */
  async ask(command: string, end: string): Promise<number> {
    const began = performance.now();
    this.#done = Promise.withResolvers();
    this.#end = end;
    this.#tail = '';
    this.#socket.write(`${command}\r\n`);
    const answer = await this.#done.promise;
    if (/^(a (NO|BAD)|-ERR)/.test(answer)) throw new Error(`${command}: ${answer.trim()}`);
    return performance.now() - began;
  }

  close(): void {
    this.#socket.destroy();
  }
}

const imap = (talk: Talk, command: string): Promise<number> => talk.ask(`a ${command}`, 'a ');

async function inbox(user: string): Promise<Talk> {
  const talk = await Talk.to(IMAP);
  await imap(talk, `LOGIN ${user}@large.test ${PASSWORD}`);
  await imap(talk, 'SELECT INBOX');
  return talk;
}

/** NOOPs of somebody else for as long as `work` takes. */
async function beside<T>(work: () => Promise<T>): Promise<{ result: T; noops: number[] }> {
  const talk = await inbox('bystander');
  const noops: number[] = [];
  let done = false;
  const running = work().finally(() => (done = true));
  while (!done) {
    noops.push(await imap(talk, 'NOOP'));
    await new Promise((resolve) => setTimeout(resolve, NOOP_EVERY));
  }
  talk.close();
  return { result: await running, noops: noops.sort((a, b) => a - b) };
}

/** Fills the INBOX of a mailbox that the CLI has made; does nothing where it was filled before. */
async function fill(client: Client, user: string, count: number): Promise<void> {
  const { rows } = await client.query<{ tenant_id: string; id: string; mailbox_id: string; messages: string }>(
    `select f.* from folder f join mailbox m on m.tenant_id = f.tenant_id and m.id = f.mailbox_id where m.name = $1 and f.name = 'INBOX'`,
    [`${user}@large.test`],
  );
  const [folder] = rows;
  if (!folder) throw new Error(`no mailbox ${user}@large.test: posthouse domain add large.test, then mailbox add`);
  if (Number(folder.messages) >= count) return;
  const body = Buffer.from(`From: a@example.org\r\nSubject: x\r\n\r\n${'text\r\n'.repeat(100)}`);
  const ids = [folder.tenant_id, folder.id, folder.mailbox_id, count];
  await client.query(
    `with made as (
       insert into message (tenant_id, id, state, origin, reverse_path, helo, remote_address, octets, header_octets, recipients, deliveries,
                            envelope, body_structure, mime_index, body)
       select $1, uuidv7(), 'accepted', 'append', '', '', '', $5, $6, 0, 0, '(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)',
              '("TEXT" "PLAIN" NIL NIL NIL "7BIT" 600 100)', '{}', $7 from generate_series(1, $4::int) returning id
     )
     insert into folder_message (tenant_id, folder_id, mailbox_id, uid, message_id, modseq, octets, trace)
     select $1, $2, $3, row_number() over (), id, 2, $5, '' from made`,
    [...ids, body.length, body.indexOf('\r\n\r\n') + 4, body],
  );
  await client.query(
    'update folder set uidnext = $4::bigint + 1, messages = $4, unseen = $4, octets = $4::bigint * $5, highestmodseq = 2 where tenant_id = $1 and id = $2 and mailbox_id = $3',
    [...ids, body.length],
  );
  await client.query(
    'update mailbox_usage set messages = $2, octets = $2::bigint * $3 where mailbox_id = $1',
    [folder.mailbox_id, count, body.length], // prettier-ignore
  );
  await client.query('analyze folder_message, message');
}

async function measure(size: number): Promise<Record<string, number>> {
  const user = `box${size}`;
  const talk = await inbox(user);
  const figures: Record<string, number> = {};
  figures['first FETCH'] = await imap(talk, 'FETCH 1 (FLAGS)');
  const numbers = Array.from({ length: 100 }, (_, at) => Math.floor((at * size) / 100) + 1);
  figures['FETCH of 100 single numbers'] = await imap(talk, `FETCH ${numbers.join(',')} (FLAGS)`);
  figures['FETCH 1:* (FLAGS)'] = await imap(talk, 'FETCH 1:* (FLAGS)');
  await imap(talk, 'STORE 5 +FLAGS.SILENT (\\Deleted)');
  figures['EXPUNGE of one'] = await imap(talk, 'EXPUNGE');
  figures['SEARCH UNSEEN'] = await imap(talk, 'SEARCH UNSEEN');
  talk.close();
  const pop3 = await Talk.to(POP3);
  await pop3.ask(`USER ${user}@large.test`, '+OK');
  figures['POP3 login'] = await pop3.ask(`PASS ${PASSWORD}`, '+OK');
  figures['UIDL'] = await pop3.ask('UIDL', '.');
  figures['LIST'] = await pop3.ask('LIST', '.');
  await pop3.ask('QUIT', '+OK');
  return figures;
}

const client = new Client({ connectionString: url });
await client.connect();
for (const size of SIZES) await fill(client, `box${size}`, size);
await client.end();
console.log('| command | 10,000, ms | 1,000,000, ms |');
const measured: Record<string, number>[] = [];
const noops: number[][] = [];
for (const size of SIZES) {
  await measure(size); // the password is cached, the pages are in memory
  const { result, noops: others } = await beside(() => measure(size));
  measured.push(result);
  noops.push(others);
}
for (const name of Object.keys(measured[0] ?? {}))
  console.log(`| ${name} | ${measured.map((figures) => figures[name]?.toFixed(1)).join(' | ')} |`);
for (const [name, part] of [
  ['p50', 0.5],
  ['p99', 0.99],
] as const)
  console.log(
    `| others' NOOP, ${name} | ${noops.map((one) => one[Math.floor(one.length * part)]?.toFixed(1)).join(' | ')} |`,
  );
