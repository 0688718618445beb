/** Everybody at once, after a restart: logins wait for their turn, and nobody is told to come later. Real processes that remember no login. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { BuiltHouse, DOMAIN, PASSWORD } from './built.ts';
import { OctetClient } from './octet-client.ts';

const MAILBOXES = Array.from({ length: 100 }, (_, at) => `rush${at}@${DOMAIN}`);
const PROTOCOLS = ['pop3', 'imap'] as const;
type Protocol = (typeof PROTOCOLS)[number];

let house: BuiltHouse;
beforeAll(async () => {
  house = await BuiltHouse.start({ apps: [...PROTOCOLS] });
  for (const address of MAILBOXES) await house.mailbox(address);
});
afterAll(() => house?.stop());

/** Cold: what a process has verified goes with it. */
beforeEach(async () => {
  for (const name of PROTOCOLS) {
    const app = house.apps.get(name);
    await app?.kill();
    await app?.start();
  }
});

/** A client before its password. */
class Caller {
  readonly #client: OctetClient;
  readonly #words: string;

  private constructor(client: OctetClient, words: string) {
    this.#client = client;
    this.#words = words;
  }

  static async connect(protocol: Protocol, address: string, { password = PASSWORD, from = '127.0.0.1' } = {}) {
    const client = await OctetClient.connect(house.ports[protocol], { from });
    await client.line();
    if (protocol === 'imap') return new Caller(client, `a LOGIN "${address}" "${password}"`);
    client.send(`USER ${address}\r\n`);
    await client.line();
    return new Caller(client, `PASS ${password}`);
  }

  /** The tagged answer of the login, or the one to PASS. */
  async logIn(): Promise<string> {
    this.#client.send(`${this.#words}\r\n`);
    const answer = await this.#client.line();
    this.#client.drop();
    return answer;
  }
}

const isIn = (answer: string): boolean => /^(?:\+OK|a OK)/.test(answer);

test('every account over both protocols, cold: all are let in, but those with a wrong password', async () => {
  const wrong = MAILBOXES.slice(0, 5);
  const callers = await Promise.all(
    PROTOCOLS.flatMap((protocol) => [
      ...MAILBOXES.map((address) => Caller.connect(protocol, address)),
      ...wrong.map((address) => Caller.connect(protocol, address, { password: 'wrong' })),
    ]),
  );
  const answers = await Promise.all(callers.map((caller) => caller.logIn()));
  expect(answers.filter((answer) => !isIn(answer)).toSorted()).toEqual([
    ...wrong.map(() => '-ERR [AUTH] invalid user name or password'),
    ...wrong.map(() => 'a NO [AUTHENTICATIONFAILED] wrong user or password'),
  ]);
});

test('one account from twenty clients: all are let in', async () => {
  const [address = ''] = MAILBOXES;
  const callers = await Promise.all(Array.from({ length: 20 }, () => Caller.connect('imap', address)));
  const answers = await Promise.all(callers.map((caller) => caller.logIn()));
  expect(answers.filter((answer) => !isIn(answer))).toEqual([]);
});

test.each(PROTOCOLS)(
  '%s: who comes last, from another network, is let in before half of the rush',
  async (protocol) => {
    const [last = '', ...others] = MAILBOXES;
    const stranger = await Caller.connect(protocol, last, { from: '127.0.9.1' });
    const callers = await Promise.all(others.map((address) => Caller.connect(protocol, address)));
    const order: string[] = [];
    const logIn = async (name: string, caller: Caller): Promise<void> => {
      if (isIn(await caller.logIn())) order.push(name);
    };
    await Promise.all([...callers.map((caller) => logIn('rush', caller)), logIn('stranger', stranger)]);
    expect(order).toHaveLength(MAILBOXES.length);
    expect(order.indexOf('stranger')).toBeLessThan(MAILBOXES.length / 2);
  },
);
