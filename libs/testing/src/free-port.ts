import { once } from 'node:events';
import { createServer } from 'node:net';
import { freePort as anyFreePort } from '#runtime';

/** A TCP port of 127.0.0.1 that nobody listens on, and that no other test is given while this process lives. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = await anyFreePort();
    if (await claim(port)) return port;
  }
}

/** A name in Linux's abstract namespace of sockets belongs to the process that has it, and goes with it. Elsewhere nothing is claimed. */
async function claim(port: number): Promise<boolean> {
  if (process.platform !== 'linux') return true;
  const holder = createServer().unref();
  try {
    await once(holder.listen(`\0posthouse-test-port-${port}`), 'listening');
    return true;
  } catch {
    return false;
  }
}
