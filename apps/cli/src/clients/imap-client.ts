/** Reads a mail of INBOX over IMAP, as any mail program would. RFC 3501. */
import { LineClient, refused, type Endpoint } from './line-client.ts';
import { newest, type Fetched, type Login } from './pop3-client.ts';

/** Octets of a message the probe reads at most. */
const MAX_LITERAL = 64 * 1024 * 1024;

/** Fetches the newest messages until one is the wanted one. */
export async function fetchImap(
  endpoint: Endpoint,
  { user, password }: Login,
  isWanted: (message: Buffer) => boolean,
): Promise<Fetched> {
  const client = await LineClient.connect('IMAP', endpoint);
  try {
    const greeting = await client.line();
    if (!greeting.startsWith('* OK')) throw refused('IMAP', greeting);
    const name = quotedString(user);
    await command(client, 'a1', `LOGIN ${name} ${quotedString(password)}`, `LOGIN ${name} ***`);
    const { exists } = await command(client, 'a2', 'EXAMINE INBOX');
    let message: Buffer | undefined;
    for (const number of newest(exists)) {
      const { literals } = await command(client, 'a3', `FETCH ${number} (UID BODY.PEEK[])`);
      message = literals.find(isWanted);
      if (message !== undefined) break;
    }
    await command(client, 'a4', 'LOGOUT');
    return { message, dialogue: client.dialogue };
  } finally {
    client.close();
  }
}

const quotedString = (text: string): string => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;

interface Answer {
  readonly literals: readonly Buffer[];
  /** Messages in the folder, where the answer says so. */
  readonly exists: number;
}

async function command(client: LineClient, tag: string, text: string, shown = text): Promise<Answer> {
  await client.say(`${tag} ${text}`, `${tag} ${shown}`);
  const literals: Buffer[] = [];
  let exists = 0;
  for (;;) {
    const line = await client.line();
    const literal = Number(/\{(\d{1,9})\}$/.exec(line)?.[1] ?? -1);
    if (literal > MAX_LITERAL) throw refused('IMAP', `a literal of ${literal} octets`);
    if (literal >= 0) literals.push(await client.octets(literal));
    else if (line.startsWith(`${tag} OK`)) return { literals, exists };
    else if (line.startsWith(`${tag} `)) throw refused('IMAP', line);
    else exists = Number(/^\* (\d{1,9}) EXISTS$/.exec(line)?.[1] ?? exists);
  }
}
