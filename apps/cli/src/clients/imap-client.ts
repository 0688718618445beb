/** Reads INBOX over IMAP, as any mail program would. RFC 3501. */
import { LineClient, refused, type Endpoint } from './line-client.ts';
import type { Fetched, Login } from './pop3-client.ts';

/** Octets of a message the probe reads at most. */
const MAX_LITERAL = 64 * 1024 * 1024;

export async function fetchImap(endpoint: Endpoint, { user, password }: Login): Promise<Fetched> {
  const client = await LineClient.connect('IMAP', endpoint);
  try {
    const greeting = await client.line();
    if (!greeting.startsWith('* OK')) throw refused('IMAP', greeting);
    await command(
      client,
      'a1',
      `LOGIN ${quotedString(user)} ${quotedString(password)}`,
      `LOGIN ${quotedString(user)} ***`,
    );
    await command(client, 'a2', 'EXAMINE INBOX');
    const messages = await command(client, 'a3', 'FETCH 1:* (UID BODY.PEEK[])');
    await command(client, 'a4', 'LOGOUT');
    return { messages, dialogue: client.dialogue };
  } finally {
    client.close();
  }
}

const quotedString = (text: string): string => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;

/** The literals of the answer. FETCH of an empty folder is NO or OK with nothing: both are no messages. */
async function command(client: LineClient, tag: string, text: string, shown = text): Promise<Buffer[]> {
  await client.say(`${tag} ${text}`, `${tag} ${shown}`);
  const literals: Buffer[] = [];
  for (;;) {
    const line = await client.line();
    const literal = Number(/\{(\d{1,9})\}$/.exec(line)?.[1] ?? -1);
    if (literal >= 0) {
      if (literal > MAX_LITERAL) throw refused('IMAP', `a literal of ${literal} octets`);
      literals.push(await client.octets(literal));
      continue;
    }
    if (!line.startsWith(`${tag} `)) continue;
    if (line.startsWith(`${tag} OK`) || text.startsWith('FETCH')) return literals;
    throw refused('IMAP', line);
  }
}
