import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { Config } from './config.ts';
import { House } from './house.ts';
import { silentLog } from './log.ts';
import { SessionListener } from './session-listener.ts';

test('it listens where the settings say, keeps their caps, and is drained with the house', async () => {
  const config = Config.fromEnv({ POSTHOUSE_POP3_PORT: '0', POSTHOUSE_MAX_CONNECTIONS: '1' });
  const house = new House(config, 'postgres://o:p@127.0.0.1/posthouse', silentLog());
  const ended = Promise.withResolvers<void>();
  const listener = new SessionListener(house, 'pop3', {
    refusal: 'busy\r\n',
    log: house.log,
    open: ({ socket }) => {
      socket.write('hello\r\n');
      return {
        data: () => undefined,
        end: () => undefined,
        idle: () => undefined,
        shutdown: () => void socket.end('bye\r\n'),
        closed: ended.resolve,
      };
    },
  });
  await listener.listen();
  const port = house.listeners['pop3'] ?? 0;
  const [one, other] = [connect({ port, host: '127.0.0.1' }), connect({ port, host: '127.0.0.1' })];
  expect([String((await once(one, 'data'))[0]), String((await once(other, 'data'))[0])].sort()).toEqual([
    'busy\r\n',
    'hello\r\n',
  ]);
  await listener.drain();
  await ended.promise;
  expect((await house.health.answer('/health/ready'))?.status).toBe(503);
});
