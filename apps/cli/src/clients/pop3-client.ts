/** Fetches a maildrop over POP3, as any mail program would. RFC 1939. */
import { LineClient, refused, type Endpoint } from './line-client.ts';

export interface Login {
  readonly user: string;
  readonly password: string;
}

export interface Fetched {
  /** Whole messages, oldest first. */
  readonly messages: readonly Buffer[];
  readonly dialogue: readonly string[];
}

/** Messages fetched at most: a probe's mailbox has one or two. */
const MAX_FETCHED = 20;

export async function fetchPop3(endpoint: Endpoint, { user, password }: Login): Promise<Fetched> {
  const client = await LineClient.connect('POP3', endpoint);
  try {
    await expectOk(client);
    await client.say(`USER ${user}`);
    await expectOk(client);
    await client.say(`PASS ${password}`, 'PASS ***');
    await expectOk(client);
    await client.say('STAT');
    const count = Number((await expectOk(client)).split(' ')[1] ?? 0);
    const messages: Buffer[] = [];
    for (let number = 1; number <= Math.min(count, MAX_FETCHED); number++) {
      await client.say(`RETR ${number}`);
      await expectOk(client);
      messages.push(await multiline(client));
    }
    await client.say('QUIT');
    await expectOk(client);
    return { messages, dialogue: client.dialogue };
  } finally {
    client.close();
  }
}

async function expectOk(client: LineClient): Promise<string> {
  const line = await client.line();
  if (!line.startsWith('+OK')) throw refused('POP3', line);
  return line;
}

/** RFC 1939 3: until a line with a dot alone; the record shows the size, not the mail. */
async function multiline(client: LineClient): Promise<Buffer> {
  const lines: string[] = [];
  const shown = client.dialogue.length;
  for (let line = await client.line(); line !== '.'; line = await client.line()) {
    lines.push(`${line.startsWith('.') ? line.slice(1) : line}\r\n`);
    client.dialogue.length = shown;
  }
  const message = Buffer.from(lines.join(''), 'utf8');
  client.dialogue.splice(shown, Infinity, `S: (${message.length} octets)`, 'S: .');
  return message;
}
