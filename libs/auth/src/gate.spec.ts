import { expect, test, vi } from 'vitest';
import { Gate, hashesAtOnce, LoginsBusy, type Candidate, type Presence } from './gate.ts';

const who = (network: string, account = 'a', presence: () => Presence = () => 'here'): Candidate => ({
  network,
  account,
  presence,
});

/** A gate whose one place is taken until `open` is called, and what went through it in which order. */
function closed(options: { maxWaiting?: number; patience?: number } = {}) {
  const gate = new Gate({ limit: 1, ...options });
  const { promise, resolve: open } = Promise.withResolvers<void>();
  const holder = gate.run(who('holder'), () => promise);
  const order: string[] = [];
  const enter = (name: string, candidate: Candidate): Promise<void> =>
    gate.run(candidate, async () => void order.push(name));
  return { gate, open: async () => (open(), holder), order, enter };
}

test('it runs so many at once, goes on behind one that fails, and is open again', async () => {
  const gate = new Gate({ limit: 2 });
  let [running, most] = [0, 0];
  const results = await Promise.allSettled(
    [0, 1, 2, 3, 4].map((number) =>
      gate.run(who('n'), async () => {
        most = Math.max(most, ++running);
        await new Promise(setImmediate);
        running--;
        if (number === 1) throw new Error('one of them fails');
      }),
    ),
  );
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled', 'fulfilled']);
  expect(most).toBe(2);
  await expect(gate.run(who('n'), async () => 'open again')).resolves.toBe('open again');
});

test('a network with thousands waiting holds up no other, nor does an account', async () => {
  const { open, order, enter } = closed();
  const crowd = Array.from({ length: 2_000 }, (_, at) => enter('crowd', who('one', `account ${at % 3}`)));
  const others = [enter('b', who('two')), enter('c', who('three')), enter('new account', who('one', 'another'))];
  await open();
  await Promise.all([...crowd, ...others]);
  // A round of three networks, then the first network's accounts in turn.
  expect(order.slice(0, 3)).toEqual(['crowd', 'b', 'c']);
  expect(order.slice(3, 6)).toEqual(['crowd', 'crowd', 'new account']);
  expect(order).toHaveLength(2_003);
});

test('of one account the first who came is first', async () => {
  const { open, order, enter } = closed();
  const all = [1, 2, 3, 4].map((number) => enter(`${number}`, who('n')));
  await open();
  await Promise.all(all);
  expect(order).toEqual(['1', '2', '3', '4']);
});

test('who has gone takes no turn; who may be going comes last', async () => {
  const { gate, open, order, enter } = closed();
  const presences = new Map<string, Presence>();
  const all = ['gone', 'leaving', 'here', 'late'].map((name) =>
    enter(
      name,
      who(name, 'a', () => presences.get(name) ?? 'here'),
    ).catch((error: Error) => void order.push(error.name)),
  );
  presences.set('gone', 'gone').set('leaving', 'leaving');
  await open();
  await Promise.all(all);
  expect(order.filter((name) => name !== 'ClientGone')).toEqual(['here', 'late', 'leaving']);
  expect(order).toContain('ClientGone');
  expect(gate.waiting).toBe(0);
});

test('who hangs up leaves the queue at once, and with nothing left behind', async () => {
  const { gate, open, order, enter } = closed({ maxWaiting: 3 });
  const clients = ['a', 'b', 'c'].map((name) => ({ name, left: new AbortController() }));
  const all = clients.map(({ name, left }) =>
    enter(name, { ...who('n'), gone: left.signal }).catch((error: Error) => void order.push(`${name} ${error.name}`)),
  );
  expect(gate.waiting).toBe(3);
  clients[1]?.left.abort();
  expect(gate.waiting).toBe(2);
  const late = enter('d', who('n'));
  await expect(enter('e', { ...who('n'), gone: AbortSignal.abort() })).rejects.toThrow(LoginsBusy);
  await open();
  await Promise.all([...all, late]);
  expect(order).toEqual(['b ClientGone', 'a', 'c', 'd']);
  // Behind its turn nobody listens any more.
  clients[0]?.left.abort();
  await expect(enter('f', { ...who('n'), gone: AbortSignal.abort() })).resolves.toBeUndefined();
});

test.each([
  [1, 4, 1],
  [2, 4, 2],
  [8, 4, 3],
  [8, 16, 8],
  [64, 65, 64],
  [4, 1, 1],
])('%i cores and a thread pool of %i: %i hashes at once', (cores, pool, hashes) => {
  expect(hashesAtOnce(cores, pool)).toBe(hashes);
});

test('more than may wait are refused, and nobody waits longer than is bearable', async () => {
  vi.useFakeTimers();
  const { gate, open, order, enter } = closed({ maxWaiting: 2, patience: 120 });
  const first = enter('first', who('n')).catch((error: unknown) => error);
  await vi.advanceTimersByTimeAsync(60_000);
  const second = enter('second', who('n'));
  await expect(enter('third', who('n'))).rejects.toBeInstanceOf(LoginsBusy);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(await first).toBeInstanceOf(LoginsBusy);
  expect(gate.waiting).toBe(1);
  await open();
  await second;
  expect(order).toEqual(['second']);
  vi.useRealTimers();
});
