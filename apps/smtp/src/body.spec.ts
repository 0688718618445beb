import { CHUNK_OCTETS, DEFAULT_TENANT, SMALL_BODY, type IntakeEnvelope, type MessageId } from '#domain';
import { BODY_BUDGET, OctetBudget } from '#runtime';
import { afterEach, describe, expect, test } from 'vitest';
import { Body } from './body.ts';
import { MemoryStore } from './memory-engine.spec-helper.ts';

const envelope: IntakeEnvelope = {
  id: '00000000-0000-7000-8000-0000000000aa' as MessageId,
  reversePath: '',
  helo: 'h',
  remoteAddress: 'r',
  bodyType: '7BIT',
  smtpUtf8: false,
  ret: undefined,
  envid: undefined,
  recipients: [
    {
      tenantId: DEFAULT_TENANT,
      domainId: undefined,
      forwardPath: 'a@b',
      mailboxId: undefined,
      hold: undefined,
      basis: undefined,
      notify: undefined,
      orcpt: undefined,
    },
  ],
};
const digest = {
  octets: 0,
  headerOctets: 0,
  headerMessageId: undefined,
  envelope: '',
  bodyStructure: '',
  mimeIndex: '',
};

const budget = new OctetBudget(BODY_BUDGET);
afterEach(() => expect(budget.free).toBe(BODY_BUDGET));

describe('a body', () => {
  test.each([0, 1, SMALL_BODY])('of %i octets is committed from memory', async (octets) => {
    const store = new MemoryStore();
    const body = new Body(store, budget, envelope);
    expect(body.write(Buffer.alloc(octets, 'x'))).toBeUndefined();
    await body.commit(envelope, digest);
    expect(Buffer.concat(store.committed[0]?.body ?? [])).toHaveLength(octets);
    expect(store.large.size).toBe(0);
  });

  test.each([
    [SMALL_BODY + 1, 1000],
    [SMALL_BODY + CHUNK_OCTETS, CHUNK_OCTETS],
    [3 * SMALL_BODY + 7, 70_000],
    [2 * SMALL_BODY, 2 * SMALL_BODY],
  ])('of %i octets in writes of %i goes in chunks, and is the same', async (octets, write) => {
    const store = new MemoryStore();
    const body = new Body(store, budget, envelope);
    const original = Buffer.alloc(octets, 'abcdefghijk');
    for (let at = 0; at < octets; at += write) await body.write(original.subarray(at, at + write));
    await body.commit(envelope, digest);
    const stored = store.large.get(envelope.id);
    expect(stored?.state).toBe('accepted');
    expect(Buffer.concat(stored?.chunks ?? []).equals(original)).toBe(true);
    expect(stored?.chunks.slice(0, -1).every(({ length }) => length === CHUNK_OCTETS)).toBe(true);
    expect(store.committed).toEqual([]);
  });

  test('is committed whole when its last octets are still being written', async () => {
    for (const last of [1, CHUNK_OCTETS - 1, CHUNK_OCTETS, 3 * CHUNK_OCTETS + 5]) {
      const store = new MemoryStore();
      const body = new Body(store, budget, envelope);
      const original = Buffer.alloc(SMALL_BODY + 100 + last, 'abcdefghijk');
      await body.write(original.subarray(0, SMALL_BODY + 100));
      const writing = body.write(original.subarray(SMALL_BODY + 100));
      await body.commit(envelope, digest);
      expect(Buffer.concat(store.large.get(envelope.id)?.chunks ?? []).equals(original)).toBe(true);
      await writing;
    }
  });

  test('abandoned while its chunks are being written leaves no chunk behind', async () => {
    const store = new MemoryStore();
    const body = new Body(store, budget, envelope);
    const writing = body.write(Buffer.alloc(SMALL_BODY + 5 * CHUNK_OCTETS));
    await body.abandon();
    await writing;
    expect(store.large.size).toBe(0);
    await body.write(Buffer.alloc(CHUNK_OCTETS)); // what the client still sends
    expect(store.large.size).toBe(0);
  });
});
