import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { freePort, isFree } from './free-port.ts';

async function taken(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

test('the wanted port where nobody has it, another one where somebody has', async () => {
  const wanted = await freePort();
  expect(await freePort(wanted)).toBe(wanted);
  const held = await taken();
  expect(await isFree(held)).toBe(false);
  const other = await freePort(held);
  expect(other).not.toBe(held);
  expect(await isFree(other)).toBe(true);
});

const RANGE = '/proc/sys/net/ipv4/ip_local_port_range';

test.runIf(existsSync(RANGE))('none that the system gives to outgoing connections', async () => {
  const [first = 0] = readFileSync(RANGE, 'utf8').split(/\s+/).map(Number);
  for (let count = 0; count < 50; count++) expect(await freePort()).toBeLessThan(Math.max(first, 32_768));
});
