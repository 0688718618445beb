import { CHUNK_OCTETS, SMALL_BODY } from '#domain';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { OctetBudget } from './octet-budget.ts';
import { SpillingBody, type SpillTarget } from './spilling-body.ts';

/** Keeps what is spilled. Fails at its n-th call, where it shall. */
class MemoryTarget implements SpillTarget {
  readonly chunks: Buffer[] = [];
  readonly #failsAt: number;
  #calls = 0;

  constructor(failsAt = Infinity) {
    this.#failsAt = failsAt;
  }

  begin(): Promise<void> {
    return this.#call();
  }

  async chunk(number: number, octets: Buffer): Promise<void> {
    await this.#call();
    expect(number).toBe(this.chunks.length);
    this.chunks.push(Buffer.from(octets));
  }

  async #call(): Promise<void> {
    await Promise.resolve();
    if (++this.#calls === this.#failsAt) throw new Error('away');
  }
}

const PATTERN = Buffer.alloc(4 * SMALL_BODY, 'abcdefghijk');
const message = (octets: number, seed = 0): Buffer => PATTERN.subarray(seed, seed + octets);

/** Writes it in pieces, each when the one before is done. */
async function write(body: SpillingBody, octets: Buffer, piece: number): Promise<void> {
  for (let at = 0; at < octets.length; at += piece) await body.write(octets.subarray(at, at + piece));
}

describe('with budget', () => {
  test.each([0, 1, CHUNK_OCTETS, CHUNK_OCTETS + 1, SMALL_BODY - 1, SMALL_BODY])(
    '%i octets are held',
    async (octets) => {
      const budget = new OctetBudget(SMALL_BODY);
      const target = new MemoryTarget();
      const body = new SpillingBody(budget, target);
      await write(body, message(octets), 1_000);
      expect((await body.end())?.equals(message(octets))).toBe(true);
      expect(SMALL_BODY - budget.free).toBeGreaterThanOrEqual(octets);
      await body.release();
      expect(budget.free).toBe(SMALL_BODY);
      expect(body.begun).toBe(false);
    },
  );

  test('one octet more goes in chunks, and holds one chunk from then on', async () => {
    const budget = new OctetBudget(SMALL_BODY);
    const target = new MemoryTarget();
    const body = new SpillingBody(budget, target);
    await write(body, message(SMALL_BODY + 1), 10_000);
    expect(budget.free).toBe(SMALL_BODY - CHUNK_OCTETS);
    expect(await body.end()).toBeUndefined();
    expect(target.chunks.map(({ length }) => length)).toEqual([...Array.from({ length: 4 }, () => CHUNK_OCTETS), 1]);
    await body.release();
  });

  test('announced as large it never holds more than a chunk', async () => {
    const budget = new OctetBudget(SMALL_BODY);
    const target = new MemoryTarget();
    const body = new SpillingBody(budget, target, SMALL_BODY + 1);
    expect(budget.free).toBe(SMALL_BODY);
    for (let at = 0; at <= SMALL_BODY; at += 10_000) {
      await body.write(message(Math.min(10_000, SMALL_BODY + 1 - at), at));
      expect(budget.free).toBeGreaterThanOrEqual(SMALL_BODY - CHUNK_OCTETS);
    }
    expect(await body.end()).toBeUndefined();
    expect(Buffer.concat(target.chunks).equals(message(SMALL_BODY + 1))).toBe(true);
    await body.release();
  });

  test('up to a chunk is held all the same: nothing less could be written', async () => {
    const budget = new OctetBudget(0);
    const body = new SpillingBody(budget, new MemoryTarget());
    await write(body, message(CHUNK_OCTETS), 999);
    expect(body.begun).toBe(false);
    expect((await body.end())?.length).toBe(CHUNK_OCTETS);
    expect(budget.free).toBe(-CHUNK_OCTETS);
    await body.release();
    expect(budget.free).toBe(0);
  });

  test('what is larger is spilled early, and whole', async () => {
    const budget = new OctetBudget(0);
    const target = new MemoryTarget();
    const body = new SpillingBody(budget, target, 700_000);
    await write(body, message(700_000), 50_000);
    expect(budget.free).toBe(-CHUNK_OCTETS);
    expect(await body.end()).toBeUndefined();
    expect(Buffer.concat(target.chunks).equals(message(700_000))).toBe(true);
    await body.release();
  });

  test('others that end make room again', async () => {
    const budget = new OctetBudget(2 * CHUNK_OCTETS);
    const first = new SpillingBody(budget, new MemoryTarget());
    await write(first, message(2 * CHUNK_OCTETS), CHUNK_OCTETS);
    const [second, third] = [
      new SpillingBody(budget, new MemoryTarget()),
      new SpillingBody(budget, new MemoryTarget()),
    ];
    await write(second, message(2 * CHUNK_OCTETS), CHUNK_OCTETS);
    await first.release();
    await second.release();
    await write(third, message(2 * CHUNK_OCTETS), CHUNK_OCTETS);
    expect([first.begun, second.begun, third.begun]).toEqual([false, true, false]);
    await third.release();
    expect(budget.free).toBe(2 * CHUNK_OCTETS);
  });
});

describe('released', () => {
  test('while its chunks are written: the one under way is the last', async () => {
    const budget = new OctetBudget(SMALL_BODY);
    const target = new MemoryTarget();
    const body = new SpillingBody(budget, target);
    const writing = body.write(message(3 * SMALL_BODY));
    await body.release();
    await writing;
    expect(target.chunks.length).toBeLessThanOrEqual(1);
    expect(budget.free).toBe(SMALL_BODY);
  });

  test('it holds nothing of what the client still sends', async () => {
    const budget = new OctetBudget(SMALL_BODY);
    const body = new SpillingBody(budget, new MemoryTarget());
    await body.write(message(1_000));
    await body.release();
    await write(body, message(2 * SMALL_BODY), 100_000);
    await body.release();
    expect(budget.free).toBe(SMALL_BODY);
    expect(body.begun).toBe(false);
  });
});

const plan = fc.record({
  octets: fc.integer({ min: 0, max: 2 * SMALL_BODY }),
  piece: fc.integer({ min: 500, max: SMALL_BODY }),
  announced: fc.boolean(),
  failsAt: fc.option(fc.integer({ min: 1, max: 8 }), { nil: Infinity }),
  /** Writes after which the client goes. */
  goesAfter: fc.option(fc.integer({ min: 0, max: 20 }), { nil: Infinity }),
});

test('whatever happens, what was taken is given back, and what ended well is whole', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(3 * SMALL_BODY), fc.array(plan, { minLength: 1, maxLength: 4 }), async (octets, plans) => {
      const budget = new OctetBudget(octets);
      const least = -plans.length * CHUNK_OCTETS;
      await Promise.all(
        plans.map(async ({ octets: size, piece, announced, failsAt, goesAfter }) => {
          const target = new MemoryTarget(failsAt);
          const body = new SpillingBody(budget, target, announced ? size : undefined);
          let writes = 0;
          try {
            for (let at = 0; at < size && writes < goesAfter; at += piece, writes++) {
              await body.write(message(Math.min(piece, size - at), at));
              expect(budget.free).toBeGreaterThanOrEqual(least);
            }
            if (writes < goesAfter) {
              const held = await body.end();
              expect((held ?? Buffer.concat(target.chunks)).equals(message(size))).toBe(true);
              expect(target.chunks.slice(0, -1).every(({ length }) => length === CHUNK_OCTETS)).toBe(true);
            }
          } catch (error) {
            expect(error).toEqual(new Error('away'));
          } finally {
            await body.release();
          }
        }),
      );
      expect(budget.free).toBe(octets);
    }),
    { numRuns: 150 },
  );
});
