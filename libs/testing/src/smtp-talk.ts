/** SMTP over a LineClient: commands and their replies, as text. */
import { LineClient } from './line-client.ts';

export class SmtpTalk {
  readonly client: LineClient;

  private constructor(client: LineClient) {
    this.client = client;
  }

  /** Connected and greeted; with a name, EHLO is said too. */
  static async open(port: number, helo?: string): Promise<SmtpTalk> {
    const talk = new SmtpTalk(await LineClient.connect(port));
    const greeting = await talk.reply();
    if (!greeting.startsWith('220 ')) throw new Error(`greeted with ${greeting}`);
    if (helo !== undefined) await talk.say(`EHLO ${helo}`);
    return talk;
  }

  /** A whole reply; lines joined by a line feed. '' when the server closed instead. */
  async reply(): Promise<string> {
    const lines: string[] = [];
    for (;;) {
      const line = await this.client.line();
      if (line === undefined) return lines.join('\n');
      lines.push(line);
      if (line.charAt(3) !== '-') return lines.join('\n');
    }
  }

  /** Sends one command (UTF-8) and waits for its reply. */
  async say(command: string): Promise<string> {
    await this.client.send(Buffer.from(`${command}\r\n`));
    return this.reply();
  }

  /** The replies to MAIL and each RCPT. */
  async envelope(from: string, to: readonly string[], parameters = ''): Promise<string[]> {
    const replies = [await this.say(`MAIL FROM:<${from}>${parameters}`)];
    for (const recipient of to) replies.push(await this.say(`RCPT TO:<${recipient}>`));
    return replies;
  }

  /** Sends DATA and the octets, dot-stuffed here; gives the last reply. */
  async data(octets: Buffer | string): Promise<string> {
    const ready = await this.say('DATA');
    if (!ready.startsWith('354')) return ready;
    await this.client.send(Buffer.concat([stuffed(octets), Buffer.from('.\r\n')]));
    return this.reply();
  }

  /** A whole message in one go; gives the last reply. Throws when the envelope is refused. */
  async mail(from: string, to: readonly string[], octets: Buffer | string): Promise<string> {
    const refused = (await this.envelope(from, to)).find((reply) => !reply.startsWith('250'));
    if (refused !== undefined) throw new Error(refused);
    return this.data(octets);
  }

  async quit(): Promise<void> {
    await this.say('QUIT');
    await this.client.end();
  }
}

/** As it goes over the wire, with a final CRLF. */
export function stuffed(octets: Buffer | string): Buffer {
  const text = Buffer.isBuffer(octets) ? octets.toString('latin1') : Buffer.from(octets).toString('latin1');
  const ended = text.endsWith('\r\n') || text === '' ? text : `${text}\r\n`;
  const doubled = ended.replaceAll('\r\n.', '\r\n..');
  return Buffer.from(doubled.startsWith('.') ? `.${doubled}` : doubled, 'latin1');
}
