/**
 * The memory of envelopes before DATA: many connections that name recipients with long ORCPT parameters and never send a message.
 * `npm run build && node bench/envelopes.ts [connections=10000] [recipients=20]`: the built smtp as a process of its own, over a database server of its own.
 */
import { readFileSync } from 'node:fs';
import { DOMAIN } from '../test/interop/built.ts';
import { OctetClient } from '../test/interop/octet-client.ts';
import { machine, numberOf, ownHouse } from './own-house.ts';

const CONNECTIONS = numberOf('connections', 10_000);
const RECIPIENTS = numberOf('recipients', 20);
/** As long as RFC 3461 4.2 lets it be. */
const ORCPT = ` ORCPT=rfc822;${'o'.repeat(490)}`;
/** Connections that speak at once. */
const AT_ONCE = 200;
/** Milliseconds of quiet before what is alive is weighed. */
const QUIET_MS = 5_000;

const { house, stop } = await ownHouse({
  apps: ['smtp'],
  settings: { POSTHOUSE_MAX_CONNECTIONS: String(CONNECTIONS + 10) },
});

function mibOf(field: 'VmRSS' | 'VmHWM'): string {
  const status = readFileSync(`/proc/${house.apps.get('smtp')?.pid ?? 0}/status`, 'utf8');
  return (Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1]) / 1_024).toFixed(0);
}

const clients: OctetClient[] = [];
const answers = new Map<string, number>();

/** Everything in one write, as PIPELINING lets it. */
async function collect(client: OctetClient, number: number): Promise<void> {
  const rcpt = Array.from({ length: RECIPIENTS }, (_, at) => `RCPT TO:<r${at}+${number}@${DOMAIN}>${ORCPT}\r\n`);
  client.send(`MAIL FROM:<a@client.example>\r\n${rcpt.join('')}`);
  await client.line();
  for (let left = RECIPIENTS; left > 0; left--) {
    const answer = (await client.line()).slice(0, 9);
    answers.set(answer, (answers.get(answer) ?? 0) + 1);
  }
}

async function onEach(work: (at: number) => Promise<void>): Promise<void> {
  let next = 0;
  const some = async (): Promise<void> => {
    while (next < CONNECTIONS) await work(next++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, some));
}

try {
  for (let at = 0; at < RECIPIENTS; at++) await house.mailbox(`r${at}@${DOMAIN}`);
  await onEach(async () => {
    const client = await OctetClient.connect(house.ports.smtp, { patience: 300_000 });
    clients.push(client);
    await client.line();
    client.send('EHLO client.example\r\n');
    while ((await client.line()).startsWith('250-'));
  });
  const idle = mibOf('VmRSS');
  await onEach((at) => collect(clients[at] as OctetClient, at));
  const busy = mibOf('VmRSS');
  await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
  console.log(
    `${CONNECTIONS} connections of ${RECIPIENTS} recipients with ORCPT of 504 octets: resident ${idle} MiB before MAIL, ${busy} behind the last RCPT, ` +
      `${mibOf('VmRSS')} a little later, ${mibOf('VmHWM')} at most; answers ${JSON.stringify(Object.fromEntries(answers))}; ${machine()}`,
  );
} finally {
  for (const client of clients) client.drop();
  await stop();
}
