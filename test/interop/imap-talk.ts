/** IMAP over an OctetClient: one command at a time, untagged responses with their literals. */
import { PASSWORD } from './built.ts';
import { OctetClient } from './octet-client.ts';

/** One response: its text in latin1, each literal left as `{n}` in it, and the literals in order. */
export interface ImapResponse {
  readonly text: string;
  readonly literals: readonly Buffer[];
}

export class ImapTalk {
  readonly client: OctetClient;
  #tags = 0;

  private constructor(client: OctetClient) {
    this.client = client;
  }

  static async open(port: number): Promise<ImapTalk> {
    const talk = new ImapTalk(await OctetClient.connect(port));
    const greeting = await talk.client.line();
    if (!greeting.startsWith('* OK')) throw new Error(`greeted with ${greeting}`);
    return talk;
  }

  static async login(port: number, address: string): Promise<ImapTalk> {
    const talk = await ImapTalk.open(port);
    await talk.ask(`LOGIN "${address}" "${PASSWORD}"`);
    return talk;
  }

  /** The untagged responses of a command, as they come; throws behind them when its end is not OK. */
  async *each(command: string): AsyncGenerator<ImapResponse, void, undefined> {
    const tag = `t${++this.#tags}`;
    this.client.send(`${tag} ${command}\r\n`);
    for (;;) {
      const response = await this.response();
      if (response.text.startsWith(`${tag} OK`)) return;
      if (response.text.startsWith(`${tag} `)) throw new Error(`${command} was answered ${response.text}`);
      yield response;
    }
  }

  async ask(command: string): Promise<ImapResponse[]> {
    const responses: ImapResponse[] = [];
    for await (const response of this.each(command)) responses.push(response);
    return responses;
  }

  async response(): Promise<ImapResponse> {
    let text = '';
    const literals: Buffer[] = [];
    for (;;) {
      text += await this.client.line();
      const octets = /\{(\d{1,10})\}$/.exec(text)?.[1];
      if (octets === undefined) return { text, literals };
      literals.push(await this.client.octets(Number(octets)));
    }
  }

  async logout(): Promise<void> {
    await this.ask('LOGOUT');
    this.client.drop();
  }
}
