/** Every listener answers; where no house runs, every port is free to start one. */
import { createServer } from 'node:net';
import { errorCode, reasonOf, type Config } from '#runtime';
import { LineClient } from '../clients/line-client.ts';
import { bindOf, findEndpoints, type Endpoints } from '../endpoints.ts';
import { attempt, fail, ok, type Finding } from './finding.ts';
import type { Household } from './household.ts';

/** What a listener of ours says first: that it serves, or that it does not at the moment. */
const GREETINGS = {
  smtp: { serves: '220 ', busy: '421 ' },
  pop3: { serves: '+OK', busy: '-ERR [SYS/TEMP]' },
  imap: { serves: '* OK', busy: '* BYE' },
} as const;
type LineProtocol = keyof typeof GREETINGS;
const LISTENERS = ['smtp', 'pop3', 'imap', 'http'] as const;
const ANOTHER = 'another program is on this port: end it, or set ';
/** Milliseconds the health page may take. */
const HTTP_MS = 5_000;

/** @returns the listeners that do not answer here, and need not */
export async function* ports(config: Config, household: Household): AsyncGenerator<Finding, string[]> {
  const { occupancy } = household;
  const away: string[] = [];
  if (occupancy === 'starting') return away;
  const endpoints = findEndpoints(config);
  for (const name of LISTENERS) {
    if (occupancy === 'vacant') {
      yield await freePort(config, name);
      continue;
    }
    const app = name === 'http' ? 'api' : name;
    const silence = (what: string): Finding => {
      const excuse = household.excuse(app);
      if (excuse) away.push(name);
      return excuse ?? fail(what, orSetting(household.remedy(app), name));
    };
    yield name === 'http' ? await health(endpoints, silence) : await greeting(name, endpoints, silence);
  }
  return away;
}

/** What to say of a listener of which nothing is heard. */
type Silence = (what: string) => Finding;

const settingOf = (name: keyof Endpoints): string => `POSTHOUSE_${name.toUpperCase()}_PORT`;

const orSetting = (remedy: string, name: keyof Endpoints): string =>
  `${remedy}, or set ${settingOf(name)} as it has it`;

async function greeting(name: LineProtocol, endpoints: Endpoints, silence: Silence): Promise<Finding> {
  const { host, port } = endpoints[name];
  const where = `at ${host} port ${port}`;
  let client: LineClient | undefined;
  try {
    client = await LineClient.connect(name, { host, port });
    const line = await client.line();
    const { serves, busy } = GREETINGS[name];
    if (line.startsWith(serves)) return ok(`${name}: greets ${where}`);
    const what = `${name}: said ${JSON.stringify(line.slice(0, 60))} ${where}`;
    if (line.startsWith(busy)) return fail(what, 'it is full, or stopping: look into its log, and examine it again');
    return fail(what, ANOTHER + settingOf(name));
  } catch (error) {
    const cause = error instanceof Error ? (error.cause ?? error) : error;
    return silence(`${name}: no greeting ${where} (${errorCode(cause) ?? reasonOf(cause)})`);
  } finally {
    client?.close();
  }
}

async function health({ http: { host, port } }: Endpoints, silence: Silence): Promise<Finding> {
  const where = `at ${host} port ${port}`;
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}/health/ready`;
  let response: Response;
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(HTTP_MS) });
  } catch (error) {
    const cause = error instanceof Error ? (error.cause ?? error) : error;
    return silence(`http: no answer ${where} (${errorCode(cause) ?? reasonOf(cause)})`);
  }
  await response.body?.cancel(); // unread, it would keep the connection and this process
  if (response.ok) return ok(`http: ready ${where}`);
  if (response.status === 503) return fail(`http: not ready ${where}`, `open ${url} and see what it waits for`);
  return fail(`http: answers ${response.status} ${where}`, ANOTHER + settingOf('http'));
}

function freePort(config: Config, name: keyof Endpoints): Promise<Finding> {
  const port = config.ports[name];
  return attempt(`${name} port ${port}`, `end the program that has the port, or set ${settingOf(name)}`, async () => {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, bindOf(config, name), resolve);
    });
    await new Promise((resolve) => {
      server.close(resolve);
    });
    return ok(`${name} port ${port}: free`);
  });
}
