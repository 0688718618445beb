import { Inject, Injectable, Module, type OnApplicationBootstrap } from '@nestjs/common';
import { expect, test } from 'vitest';
import { Config } from './config.ts';
import { House, HouseModule, startApp } from './house.ts';
import { silentLog } from './log.ts';

@Injectable()
class Server implements OnApplicationBootstrap {
  listening = false;

  constructor(
    @Inject(House) readonly house: House,
    @Inject(Config) readonly config: Config,
  ) {}

  onApplicationBootstrap(): void {
    if (this.config.hostname === 'broken.example') throw new Error('POSTHOUSE_POP3_PORT 2110 is taken');
    this.listening = true;
  }
}

@Module({ providers: [Server] })
class AppModule {}

const houseNamed = (hostname: string): House =>
  new House(Config.fromEnv({ POSTHOUSE_HOSTNAME: hostname }), 'postgres://o:p@127.0.0.1/posthouse', silentLog());

test('an app starts with its house and its configuration, everywhere below its module', async () => {
  const house = houseNamed('mail.example');
  const app = await startApp(house, AppModule);
  const server = app.get(Server);
  expect([server.house === house, server.config === house.config, server.listening]).toEqual([true, true, true]);
  await app.close();
});

test('what keeps an app from starting is thrown, not printed', async () => {
  await expect(startApp(houseNamed('broken.example'), AppModule)).rejects.toThrow('POSTHOUSE_POP3_PORT 2110 is taken');
});

test('all that drains is cut by one signal, and the house is not ready from then on', async () => {
  const house = houseNamed('mail.example');
  const cut = house.drain();
  expect([cut.aborted, house.drain() === cut]).toEqual([false, true]);
  expect((await house.health.answer('/health/ready'))?.status).toBe(503);
});

test('what is shared is one of its kind in a house', () => {
  class Gate {}
  class Well {}
  const house = houseNamed('mail.example');
  const gate = house.shared(Gate);
  expect(gate).toBeInstanceOf(Gate);
  expect([house.shared(Gate) === gate, house.shared(Well) instanceof Well]).toEqual([true, true]);
  expect(houseNamed('mail.example').shared(Gate)).not.toBe(gate);
});

test('HouseModule is global and imports the app', () => {
  expect(HouseModule.with(houseNamed('mail.example'), AppModule)).toMatchObject({ global: true, imports: [AppModule] });
});
