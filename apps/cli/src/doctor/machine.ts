/** What the house stands on: ports and disk. */
import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import { findCluster, readHouse, type Config } from '#runtime';
import { LineClient } from '../clients/line-client.ts';
import { bindOf, findEndpoints, type Endpoints } from '../endpoints.ts';
import { octets } from '../table.ts';
import { attempt, fail, ok, warn, type Finding } from './finding.ts';

const GREETINGS = { smtp: '220 ', pop3: '+OK', imap: '* OK' } as const;
const LINE_PROTOCOLS = ['smtp', 'pop3', 'imap'] as const;
/** Milliseconds the health page may take. */
const HTTP_MS = 5_000;

/** Every listener answers; where no house runs, every port is free to start one. */
export async function* ports(config: Config, isUp: boolean): AsyncGenerator<Finding> {
  const endpoints = findEndpoints(config);
  if (!isUp) {
    yield warn('house: not running', 'start it with posthouse up');
    for (const name of [...LINE_PROTOCOLS, 'http'] as const) yield await freePort(config, name);
    return;
  }
  yield ok(`house: running as process ${readHouse(config.dataDir)?.record.pid ?? 'of another data folder'}`);
  for (const name of LINE_PROTOCOLS) yield await greeting(name, endpoints);
  yield await attempt('http', 'look into the log of the house', () => health(endpoints));
}

function greeting(name: (typeof LINE_PROTOCOLS)[number], endpoints: Endpoints): Promise<Finding> {
  const { host, port } = endpoints[name];
  return attempt(name, `start the house, or set POSTHOUSE_${name.toUpperCase()}_PORT`, async () => {
    const client = await LineClient.connect(name, { host, port });
    try {
      const line = await client.line();
      const isOurs = line.startsWith(GREETINGS[name]);
      return isOurs
        ? ok(`${name}: greets at ${host} port ${port}`)
        : fail(`${name}: said ${JSON.stringify(line.slice(0, 60))}`, 'is another program on this port?');
    } finally {
      client.close();
    }
  });
}

async function health({ http: { host, port } }: Endpoints): Promise<Finding> {
  const shown = host.includes(':') ? `[${host}]` : host;
  const response = await fetch(`http://${shown}:${port}/health/ready`, { signal: AbortSignal.timeout(HTTP_MS) });
  await response.body?.cancel(); // unread, it would keep the connection and this process
  if (response.ok) return ok(`http: ready at ${host} port ${port}`);
  return fail(
    `http: not ready (${response.status})`,
    `open http://${shown}:${port}/health/ready and see what it waits for`,
  );
}

function freePort(config: Config, name: keyof Endpoints): Promise<Finding> {
  const port = config.ports[name];
  const setting = `POSTHOUSE_${name.toUpperCase()}_PORT`;
  return attempt(`${name} port ${port}`, `end the program that has the port, or set ${setting}`, async () => {
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

/** Octets free below which the house is in danger, and below which it is worth a word. */
const DISK_FAIL = 256 * 1024 * 1024;
const DISK_WARN = 1024 * 1024 * 1024;

/** @param systemFolder stands in for /var/lib/posthouse */
export function disk({ dataDir, database }: Config, systemFolder?: string): Promise<Finding> {
  return attempt('disk', 'set POSTHOUSE_DATA_DIR to a folder that exists', async () => {
    const isEmbedded = database.url === undefined;
    // The cluster fills the disk, and it need not lie in the data folder. Before the first start neither is there.
    const folder = (isEmbedded ? findCluster(dataDir, systemFolder) : undefined) ?? nearestFolder(dataDir);
    const { bavail, bsize } = await statfs(folder);
    const free = bavail * bsize;
    const what = `disk: ${octets(free)} free in ${folder}${isEmbedded ? '' : ' (the database is elsewhere)'}`;
    if (free < DISK_FAIL)
      return fail(what, 'make room: with a full disk mail is answered 451 and waits at its senders');
    return free < DISK_WARN ? warn(what, 'make room soon') : ok(what);
  });
}

const nearestFolder = (path: string): string =>
  existsSync(path) || dirname(path) === path ? path : nearestFolder(dirname(path));
