import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Below what systems give to outgoing connections (Linux: from 32,768; macOS: from 49,152). A port among those may be taken by any client
 * while the server that listened there is started again, even by one that tries to reach that server and so connects to itself.
 */
const LISTENERS = { from: 15_000, to: 32_767 } as const;
const TRIES = 50;

/** A free TCP port of 127.0.0.1: the wanted one if nobody has it, else any. It may be gone again by the time it is used. */
export async function freePort(wanted?: number): Promise<number> {
  if (wanted !== undefined && (await isFree(wanted))) return wanted;
  for (let tries = 0; tries < TRIES; tries++) {
    const port = randomInt(LISTENERS.from, LISTENERS.to + 1);
    if (await isFree(port)) return port;
  }
  return (await tryPort(0)) ?? 0;
}

/** True when nobody listens on that port of 127.0.0.1. */
export const isFree = async (port: number): Promise<boolean> => (await tryPort(port)) !== undefined;

async function tryPort(port: number): Promise<number | undefined> {
  const server = createServer();
  try {
    await once(server.listen({ port, host: '127.0.0.1' }), 'listening');
  } catch {
    return undefined;
  }
  const address = server.address();
  server.close();
  await once(server, 'close');
  return address !== null && typeof address === 'object' ? address.port : undefined;
}
