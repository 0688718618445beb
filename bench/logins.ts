/**
 * A rush of logins right behind a restart: how many are let in, how many are refused, and how long the last one waits.
 * `npm run build && node bench/logins.ts [logins=3000]`: the built apps as processes of their own, over a database server of its own.
 */
import { DOMAIN, PASSWORD } from '../test/interop/built.ts';
import { OctetClient } from '../test/interop/octet-client.ts';
import { machine, numberOf, ownHouse } from './own-house.ts';

const LOGINS = numberOf('logins', 3_000);
/** Milliseconds: more than a login waits for its turn. */
const PATIENCE = 300_000;

const PROTOCOLS = {
  pop3: (address: string) => [`USER ${address}`, `PASS ${PASSWORD}`],
  imap: (address: string) => [`a LOGIN "${address}" "${PASSWORD}"`],
} as const;
type Protocol = keyof typeof PROTOCOLS;

const { house, stop } = await ownHouse({ apps: ['pop3', 'imap'] });

/** The last answer to a login, and the seconds that it took from its first octet. */
async function logIn(
  protocol: Protocol,
  client: OctetClient,
  address: string,
): Promise<[answer: string, took: number]> {
  const began = performance.now();
  let answer = '';
  for (const line of PROTOCOLS[protocol](address)) {
    client.send(`${line}\r\n`);
    answer = await client.line();
  }
  return [answer, (performance.now() - began) / 1_000];
}

async function rush(name: string, protocol: Protocol): Promise<void> {
  const clients: OctetClient[] = [];
  for (let at = 0; at < LOGINS; at++)
    clients.push(await OctetClient.connect(house.ports[protocol], { patience: PATIENCE }));
  await Promise.all(clients.map((client) => client.line()));
  const outcomes = await Promise.all(clients.map((client, at) => logIn(protocol, client, `user${at}@${DOMAIN}`)));
  for (const client of clients) client.drop();
  const refused = outcomes.filter(([answer]) => !/^(?:\+OK|a OK)/.test(answer));
  const times = outcomes.map(([, took]) => took).sort((a, b) => a - b);
  const at = (part: number): string =>
    (times[Math.min(times.length - 1, Math.floor(times.length * part))] ?? 0).toFixed(1);
  console.log(
    `${protocol}, ${name}: ${outcomes.length - refused.length} let in, ${refused.length} refused; answered after ${at(0.5)} s (median), the last after ${at(1)} s` +
      (refused[0] === undefined ? '' : `; the first refusal: ${refused[0][0]}`),
  );
}

try {
  for (let at = 0; at < LOGINS; at++) await house.mailbox(`user${at}@${DOMAIN}`);
  for (const protocol of ['pop3', 'imap'] as const) {
    const app = house.apps.get(protocol);
    await app?.kill();
    await app?.start();
    await rush('cold', protocol);
    await rush('known', protocol);
  }
  console.log(`${LOGINS} logins at once, ${machine()}`);
} finally {
  await stop();
}
