import { Doorbell, LANE_SLOTS, LOCAL_LANE, QueueStore, remoteLane, type Lane } from '#domain';
import { silentLog } from '#runtime';
import { describe, expect, test } from 'vitest';
import { Lanes, type Drain } from './lanes.ts';
import { Sweeper } from './sweeper.ts';

class Bell extends Doorbell {
  readonly rung: string[] = [];
  broken = false;

  override ring(lane: Lane, slot = 0): Promise<void> {
    if (this.broken) return Promise.reject(new Error('away'));
    this.rung.push(`${lane}/${slot}`);
    return Promise.resolve();
  }
}

/** A lane with so many full batches and a last one. */
class Batches implements Drain {
  readonly lanes: Lane[] = [];
  full: number;

  constructor(full: number) {
    this.full = full;
  }

  batch(lane: Lane): Promise<{ claimed: number; more: boolean }> {
    this.lanes.push(lane);
    return Promise.resolve(this.full-- > 0 ? { claimed: 100, more: true } : { claimed: 7, more: false });
  }
}

const lanesOf = (local: Drain, remote: Drain, bell: Doorbell, expand: Drain = new Batches(0)): Lanes =>
  new Lanes({ local, expand, remote }, bell);

describe('a drain', () => {
  test('works until a batch takes all that is due, and asks for help while there is more', async () => {
    const [local, remote, bell] = [new Batches(2), new Batches(0), new Bell()];
    const lanes = lanesOf(local, remote, bell);
    expect(await lanes.drain(LOCAL_LANE, 0)).toBe(207);
    expect(local.lanes).toHaveLength(3);
    expect(bell.rung).toEqual(['local/1', 'local/1']);
    expect(await lanes.drain(remoteLane('x.example'), 0)).toBe(7);
    expect(remote.lanes).toEqual(['remote:x.example']);
  });

  test('the last slot asks nobody; a broken bell is no trouble; a stop ends it between two batches', async () => {
    const bell = new Bell();
    await lanesOf(new Batches(2), new Batches(0), bell).drain(LOCAL_LANE, LANE_SLOTS - 1);
    expect(bell.rung).toEqual([]);
    bell.broken = true;
    expect(await lanesOf(new Batches(1), new Batches(0), bell).drain(LOCAL_LANE, 0)).toBe(107);
    expect(await lanesOf(new Batches(9), new Batches(0), bell).drain(LOCAL_LANE, 0, AbortSignal.abort())).toBe(0);
  });
});

/** Only what the sweeper asks. */
class Queue extends QueueStore {
  due: Lane[] = [];
  swept: number[] = [];
  override waiting(): Promise<[]> {
    return Promise.resolve([]);
  }
  override goOn(): Promise<number> {
    return Promise.resolve(0);
  }
  override releaseExpired = (): Promise<number> => Promise.resolve(1);
  override dueLanes = (): Promise<Lane[]> => Promise.resolve(this.due);
  override sweepPending = (age: number): Promise<number> => {
    this.swept.push(age);
    return Promise.resolve(0);
  };
  override claim = (): never => unexpected();
  override directoryFacts = (): never => unexpected();
  override mailboxFacts = (): never => unexpected();
  override place = (): never => unexpected();
  override defer = (): never => unexpected();
  override hold = (): never => unexpected();
  override expand = (): never => unexpected();
}
const unexpected = (): never => {
  throw new Error('the sweeper has no business here');
};

describe('the sweeper', () => {
  test('rings for a due lane, and drains it itself when it is still due at the next sweep', async () => {
    const [queue, bell, local] = [new Queue(), new Bell(), new Batches(0)];
    const sweeper = new Sweeper(queue, bell, lanesOf(local, new Batches(0), bell), silentLog());
    queue.due = [LOCAL_LANE];
    await sweeper.sweep();
    expect([bell.rung, local.lanes.length]).toEqual([['local/0'], 0]);
    await sweeper.sweep();
    expect([bell.rung, local.lanes.length]).toEqual([['local/0'], 1]);
    queue.due = [];
    await sweeper.sweep();
    queue.due = [LOCAL_LANE];
    await sweeper.sweep();
    expect([bell.rung, local.lanes.length]).toEqual([['local/0', 'local/0'], 1]);
  });

  test('drains at once when the bell is broken', async () => {
    const [queue, bell, local] = [new Queue(), new Bell(), new Batches(0)];
    bell.broken = true;
    queue.due = [LOCAL_LANE, remoteLane('x.example')];
    const remote = new Batches(0);
    await new Sweeper(queue, bell, lanesOf(local, remote, bell), silentLog()).sweep();
    expect([local.lanes, remote.lanes]).toEqual([['local'], ['remote:x.example']]);
  });

  test('a bell that does not answer is tried once a sweep; a lane in trouble does not keep the others from their turn', async () => {
    const [queue, bell, remote] = [new Queue(), new Bell(), new Batches(0)];
    let tries = 0;
    bell.ring = () => Promise.reject(new Error(`no answer ${++tries}`));
    queue.due = [LOCAL_LANE, remoteLane('x.example'), remoteLane('y.example')];
    const trouble: Drain = { batch: () => Promise.reject(new Error('trouble')) };
    await new Sweeper(queue, bell, lanesOf(trouble, remote, bell), silentLog()).sweep();
    expect([tries, remote.lanes]).toEqual([1, ['remote:x.example', 'remote:y.example']]);
  });

  test('a lane that does not end keeps neither the others nor the next sweep', async () => {
    const [queue, bell, remote] = [new Queue(), new Bell(), new Batches(0)];
    bell.broken = true;
    const { promise, resolve } = Promise.withResolvers<{ claimed: number; more: boolean }>();
    let stuck = 0;
    const endless: Drain = { batch: () => (stuck++, promise) };
    const sweeper = new Sweeper(queue, bell, lanesOf(endless, remote, bell), silentLog());
    queue.due = [LOCAL_LANE, remoteLane('x.example')];
    await sweeper.sweep();
    queue.due = [LOCAL_LANE, remoteLane('y.example')];
    await sweeper.sweep();
    expect([stuck, remote.lanes]).toEqual([1, ['remote:x.example', 'remote:y.example']]);
    const stopped = sweeper.stop();
    resolve({ claimed: 1, more: false });
    await stopped;
  });

  test('more lanes than it drains at once have their turn as soon as one ends', async () => {
    const [queue, bell, remote] = [new Queue(), new Bell(), new Batches(0)];
    bell.broken = true;
    queue.due = Array.from({ length: 30 }, (_, at) => remoteLane(`${at}.example`));
    const sweeper = new Sweeper(queue, bell, lanesOf(new Batches(0), remote, bell), silentLog());
    await sweeper.sweep();
    await expect.poll(() => new Set(remote.lanes).size).toBe(30);
    await sweeper.stop();
  });

  test('a failing sweep does not end it; stop waits for the sweep in hand', async () => {
    const [queue, bell] = [new Queue(), new Bell()];
    const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
    const { promise: answer, reject } = Promise.withResolvers<Lane[]>();
    queue.dueLanes = () => {
      ask();
      return answer;
    };
    const sweeper = new Sweeper(queue, bell, lanesOf(new Batches(0), new Batches(0), bell), silentLog());
    sweeper.start();
    await asked;
    const stopped = sweeper.stop();
    reject(new Error('database away'));
    await expect(stopped).resolves.toBeUndefined();
    expect(queue.swept).toEqual([3600]);
  });
});
