/** A crowd of bad clients on the HTTP port of the built app, and a balancer that asks whether the house lives. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { BuiltHouse } from './built.ts';
import { OctetClient } from './octet-client.ts';
import { promptly, SERVED_WITHIN } from './promptly.ts';

const DRIBBLERS = 500;
const SHORT = 2_000;
/** Short connections under way at once. */
const AT_ONCE = 25;
const REQUEST = 'GET /health/live HTTP/1.0\r\n\r\n';
const LIVE = '{"status":"live"}\n';

let house: BuiltHouse;
beforeAll(async () => {
  house = await BuiltHouse.start({ apps: ['api'] });
});
beforeEach(() => expect(house.ended()).toEqual([]));
afterAll(() => house?.stop());

/** @returns milliseconds it took */
async function askWhetherItLives(during: string): Promise<number> {
  const began = performance.now();
  const client = await OctetClient.connect(house.ports.api);
  client.send(REQUEST);
  expect(bodyOf(await client.rest())).toBe(LIVE);
  const took = performance.now() - began;
  process.stdout.write(`/health/live ${during}: ${Math.round(took)} ms\n`);
  return took;
}

/** Of a whole answer; fails for any but 200. */
function bodyOf(answer: string): string {
  expect(answer.split('\r\n', 1)).toEqual(['HTTP/1.1 200 OK']);
  return answer.slice(answer.indexOf('\r\n\r\n') + 4);
}

test('500 that dribble: /health/live is served in time, and so is each of them', async () => {
  const dribblers = await Promise.all(Array.from({ length: DRIBBLERS }, () => OctetClient.connect(house.ports.api)));
  let said = 0;
  for (; said < 3; said++) {
    for (const client of dribblers) client.send(REQUEST.charAt(said));
    await promptly(SERVED_WITHIN, () => askWhetherItLives(`among ${DRIBBLERS} that dribble`));
  }
  for (const client of dribblers) {
    client.send(REQUEST.slice(said));
    expect(bodyOf(await client.rest())).toBe(LIVE);
  }
});

test('2,000 short connections in a row, of every rude kind: /health/live is served in time', async () => {
  let left = SHORT;
  const one = async (): Promise<void> => {
    while (left-- > 0) {
      const client = await OctetClient.connect(house.ports.api);
      if (left % 4 === 1) client.send('GET /hea');
      if (left % 4 === 2) client.send('\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\r\n');
      if (left % 4 === 3) client.send(REQUEST);
      client.drop();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
  await promptly(SERVED_WITHIN, () => askWhetherItLives(`after ${SHORT} short connections`));
});

test.for([
  ['a TLS hello', '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\xff\xfe\r\n', 'HTTP/1.1 400 Bad Request'],
  [
    'a header of 20,000 octets',
    `GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}`,
    'HTTP/1.1 431 Request Header Fields Too Large',
  ],
  ['another path', 'GET /__proto__ HTTP/1.0\r\n\r\n', 'HTTP/1.1 404 Not Found'],
] as const)('%s is answered, and harms nobody', async ([, octets, status]) => {
  const client = await OctetClient.connect(house.ports.api);
  client.send(octets);
  expect(await client.line()).toBe(status);
  client.drop();
  await askWhetherItLives('after it');
});
