import { freshDatabase, type FreshDatabase } from '#testing';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { escaped, unescaped } from './escaped.ts';

let db: FreshDatabase;
beforeAll(async () => {
  db = await freshDatabase();
});
afterAll(() => db.drop());

async function travel(octets: readonly Buffer[]): Promise<Buffer[]> {
  const { rows } = await db.owner.query<{ text: string }>(
    `select ${escaped('octets')} as text from unnest($1::bytea[]) with ordinality as t (octets, at) order by at`,
    [octets],
  );
  return rows.map(({ text }) => unescaped(text));
}

test('every octet comes back', async () => {
  const all = Buffer.from(Array.from({ length: 256 }, (_, octet) => octet));
  const cases = [
    all,
    Buffer.alloc(0),
    Buffer.from('\\'),
    Buffer.from('\\\\000\\'),
    Buffer.from('plain\r\n'),
    Buffer.from('é\\134😀\\'),
  ];
  expect(await travel(cases)).toEqual(cases);
});

test('any octets come back', async () => {
  const octets = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
  const ascii = fc.string({ maxLength: 300 }).map((text) => Buffer.from(text));
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(octets, ascii), { minLength: 1, maxLength: 50 }), async (cases) => {
      expect(await travel(cases)).toEqual(cases);
    }),
    { numRuns: 30 },
  );
});
