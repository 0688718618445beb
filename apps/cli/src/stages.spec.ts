import { Config, House, silentLog, startApp, type AppModule } from '#runtime';
import { Injectable, Module, type BeforeApplicationShutdown, type INestApplicationContext } from '@nestjs/common';
import { expect, test } from 'vitest';
import { stopInStages } from './stages.ts';

/** Apps that say when their drain begins and ends, and do not end before they are let go. */
class Apps {
  readonly said: string[] = [];
  readonly cuts: AbortSignal[] = [];
  readonly running = new Map<AppModule, INestApplicationContext>();
  readonly #house = new House(Config.fromEnv({}), 'postgres://o:p@127.0.0.1/posthouse', silentLog());

  async start(name: string, held: Promise<void> = Promise.resolve()): Promise<AppModule> {
    const { said, cuts } = this;
    const house = this.#house;

    @Injectable()
    class Server implements BeforeApplicationShutdown {
      async beforeApplicationShutdown(): Promise<void> {
        cuts.push(house.drain());
        said.push(`${name} begins`);
        await held.finally(() => said.push(`${name} ends`));
      }
    }
    @Module({ providers: [Server] })
    class AppModule {}

    this.running.set(AppModule, await startApp(house, AppModule));
    return AppModule;
  }
}

test('apps of a stage drain side by side, under one deadline; the next stage waits for the last of them', async () => {
  const apps = new Apps();
  const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
  const [door, reader] = [await apps.start('door', held), await apps.start('reader', held)];
  const stopped = stopInStages([[door, reader], [await apps.start('worker')]], apps.running);
  await expect.poll(() => apps.said).toEqual(['door begins', 'reader begins']);
  letGo();
  await stopped;
  expect(apps.said).toEqual([
    'door begins',
    'reader begins',
    'door ends',
    'reader ends',
    'worker begins',
    'worker ends',
  ]);
  expect(new Set(apps.cuts).size).toBe(1);
});

test('an app that fails to drain keeps no other from draining; one that never started is left out', async () => {
  const apps = new Apps();
  const { promise: held, reject } = Promise.withResolvers<void>();
  const broken = await apps.start('broken', held);
  const worker = await apps.start('worker');
  class NeverStarted {}
  reject(new Error('stuck'));
  await stopInStages([[broken, NeverStarted], [worker]], apps.running);
  expect(apps.said).toEqual(['broken begins', 'broken ends', 'worker begins', 'worker ends']);
});
