/** Fetches a mail over POP3, as any mail program would. RFC 1939. */
import { LineClient, refused, type Endpoint } from './line-client.ts';

export interface Login {
  readonly user: string;
  readonly password: string;
}

export interface Fetched {
  /** The whole message; undefined: it is not among the newest. */
  readonly message: Buffer | undefined;
  readonly dialogue: readonly string[];
}

/** Messages looked at for one that has just been sent: others may have come since. */
const NEWEST = 20;

/** Numbers of the newest messages, newest first. */
export const newest = (count: number): number[] =>
  Array.from({ length: Math.min(count, NEWEST) }, (_, older) => count - older);

/** Fetches the newest messages until one is the wanted one. */
export async function fetchPop3(
  endpoint: Endpoint,
  { user, password }: Login,
  isWanted: (message: Buffer) => boolean,
): Promise<Fetched> {
  const client = await LineClient.connect('POP3', endpoint);
  try {
    await expectOk(client);
    await client.say(`USER ${user}`);
    await expectOk(client);
    await client.say(`PASS ${password}`, 'PASS ***');
    await expectOk(client);
    await client.say('STAT');
    const count = Number((await expectOk(client)).split(' ')[1] ?? 0);
    let message: Buffer | undefined;
    for (const number of newest(count)) {
      await client.say(`RETR ${number}`);
      await expectOk(client);
      const fetched = await multiline(client);
      if (!isWanted(fetched)) continue;
      message = fetched;
      break;
    }
    await client.say('QUIT');
    await expectOk(client);
    return { message, dialogue: client.dialogue };
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
