/** How many messages one step asks for: as many as turn out to fit into an answer, so that a folder of small headers takes few steps. */
import { READ_BATCH_OCTETS, type MessageBatch, type MessageRow, type MessageWants, type UidSet } from '#domain';
import { FolderView } from '#imap';
import { expect, test } from 'vitest';
import type { Client } from './client.ts';
import { rowBatches } from './row-batches.ts';

const HEADER: MessageWants = { header: true, trace: true };

/** A store that cuts its answers as the real one does, by the octets of what is wanted. @returns sizes of the steps, and UIDs as they came */
async function read(
  messages: number,
  wants: MessageWants,
  octetsOf: (uid: number) => number,
  gone?: (uid: number) => boolean,
) {
  const uids = Uint32Array.from({ length: messages }, (_, at) => at + 1);
  const steps: number[] = [];
  const answer = (set: UidSet): MessageBatch => {
    const asked = set.flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, at) => first + at));
    steps.push(asked.length);
    const there = asked.filter((uid) => gone?.(uid) !== true);
    let octets = 0;
    const rows = there.filter((uid) => octets < READ_BATCH_OCTETS && (octets += octetsOf(uid)) > 0);
    return { rows: rows.map((uid) => ({ uid }) as MessageRow), complete: rows.length === there.length };
  };
  const client = {
    store: { messages: async (_: unknown, set: UidSet) => answer(set) },
    selected: { ref: {} },
    out: { open: true, blocked: false },
    goneSignal: () => undefined,
  } as unknown as Client;
  const came: number[] = [];
  for await (const rows of rowBatches(client, new FolderView(uids), uids, wants))
    came.push(...rows.map(({ uid }) => uid));
  return { steps, came };
}

const upTo = (last: number): number[] => Array.from({ length: last }, (_, at) => at + 1);

test('small headers come in steps that grow, a million of them in about a thousand', async () => {
  const { steps, came } = await read(20_000, HEADER, () => 500);
  expect(came).toEqual(upTo(20_000));
  expect(steps.slice(0, 5)).toEqual([100, 200, 400, 800, 1_000]);
  expect(Math.max(...steps)).toBe(1_000);
  expect(steps.length).toBeLessThan(25);
});

test('large headers: a step asks for about as many as fit, and no message is left out or comes twice', async () => {
  const { steps, came } = await read(3_000, HEADER, () => 50_000);
  expect(came).toEqual(upTo(3_000));
  expect(Math.max(...steps.slice(1))).toBeLessThan(30);
});

test('after a few large ones the steps grow again', async () => {
  const { steps, came } = await read(20_000, HEADER, (uid) => (uid < 200 ? 60_000 : 300));
  expect(came).toEqual(upTo(20_000));
  expect(steps.slice(-5)).toContain(1_000);
});

test('messages that went meanwhile make no step smaller', async () => {
  const { steps, came } = await read(
    5_000,
    HEADER,
    () => 100,
    (uid) => uid % 10 !== 0,
  );
  expect(came).toEqual(upTo(5_000).filter((uid) => uid % 10 === 0));
  expect(steps).toEqual([100, 200, 400, 800, 1_000, 1_000, 1_000, 500]);
});

test.each<[string, MessageWants, number]>([
  ['bodies', { body: true }, 100],
  ['headers with bodies', { header: true, body: true, mimeIndex: true }, 100],
  ['headers with structures', { header: true, mimeIndex: true }, 100],
  ['structures', { bodyStructure: true }, 100],
  ['dates and sizes', { internalDate: true }, 500],
])('%s come in even steps', async (_, wants, size) => {
  const { steps } = await read(3_000, wants, () => 10);
  expect(new Set(steps)).toEqual(new Set([size]));
});
