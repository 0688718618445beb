/** POP3 over an OctetClient: what a reader needs, every octet as it came. */
import { PASSWORD } from './built.ts';
import { OctetClient } from './octet-client.ts';

const END = Buffer.from('\r\n.\r\n');

export class Pop3Talk {
  readonly client: OctetClient;

  private constructor(client: OctetClient) {
    this.client = client;
  }

  /** Greeted and logged in. */
  static async open(port: number, address: string): Promise<Pop3Talk> {
    const talk = new Pop3Talk(await OctetClient.connect(port));
    talk.expect(await talk.client.line());
    await talk.ask(`USER ${address}`);
    await talk.ask(`PASS ${PASSWORD}`);
    return talk;
  }

  /** The +OK line. Rejects for any other. */
  async ask(command: string): Promise<string> {
    this.client.send(`${command}\r\n`);
    return this.expect(await this.client.line());
  }

  /** Sizes by message number. */
  async list(): Promise<Map<number, number>> {
    await this.ask('LIST');
    const sizes = new Map<number, number>();
    for (let line = await this.client.line(); line !== '.'; line = await this.client.line()) {
      const [number, size] = line.split(' ');
      sizes.set(Number(number), Number(size));
    }
    return sizes;
  }

  /** Messages in this order, asked for in one write. */
  async *retrieve(numbers: readonly number[]): AsyncGenerator<Buffer, void, undefined> {
    this.client.send(numbers.map((number) => `RETR ${number}\r\n`).join(''));
    for (let left = numbers.length; left > 0; left--) {
      this.expect(await this.client.line());
      yield unstuffed((await this.client.through(END)).subarray(0, -3));
    }
  }

  async quit(): Promise<void> {
    await this.ask('QUIT');
    this.client.drop();
  }

  expect(line: string): string {
    if (!line.startsWith('+OK')) throw new Error(`answered ${line}`);
    return line;
  }
}

/** The whole maildrop. */
export async function maildrop(port: number, address: string): Promise<Buffer[]> {
  const talk = await Pop3Talk.open(port, address);
  const numbers = [...(await talk.list()).keys()];
  const messages: Buffer[] = [];
  for await (const message of talk.retrieve(numbers)) messages.push(message);
  await talk.quit();
  return messages;
}

function unstuffed(octets: Buffer): Buffer {
  const text = octets.toString('latin1').replaceAll('\r\n..', '\r\n.');
  return Buffer.from(text.startsWith('..') ? text.slice(1) : text, 'latin1');
}
