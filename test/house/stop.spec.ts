import { once } from 'node:events';
import { connect } from 'node:net';
import { Config, House, silentLog, startApp } from '#runtime';
import { SmtpTalk } from '#testing';
import type { INestApplicationContext } from '@nestjs/common';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { STAGES, stopInStages, type AppLoader } from '../../apps/cli/src/stages.ts';
import { bodyOf, Pop3Client, Pop3House, stuffed, type Mailbox } from './pop3.spec-helper.ts';

let pop3: Pop3House;
let box: Mailbox;
let message: Buffer;
beforeAll(async () => {
  pop3 = await Pop3House.open();
  box = await pop3.mailbox();
  // More than the sockets between server and client hold.
  message = await pop3.deliver(box, bodyOf(24 * 1024 * 1024));
});
afterAll(() => pop3.db.drop());

interface Running {
  readonly house: House;
  stop(): Promise<void>;
}

async function start(drainSeconds: number): Promise<Running> {
  const config = Config.fromEnv({
    POSTHOUSE_SMTP_PORT: '0',
    POSTHOUSE_POP3_PORT: '0',
    POSTHOUSE_IMAP_PORT: '0',
    POSTHOUSE_HTTP_PORT: '0',
    POSTHOUSE_DRAIN_SECONDS: String(drainSeconds),
  });
  const house = new House(config, pop3.db.ownerUrl, silentLog());
  const running = new Map<AppLoader, INestApplicationContext>();
  for (const app of STAGES.flat()) running.set(app, await startApp(house, await app()));
  return { house, stop: () => stopInStages(STAGES, running) };
}

/** A client in the middle of a mail, and one in the middle of taking one. */
async function busySessions({ listeners }: House): Promise<{ sender: SmtpTalk; reader: Pop3Client }> {
  const reader = await Pop3Client.login(listeners['pop3'] ?? 0, box);
  await reader.ask('RETR 1');
  reader.socket.pause();
  const sender = await SmtpTalk.open(listeners['smtp'] ?? 0, 'client.test');
  await sender.envelope('me@far.example', [box.address]);
  await sender.say('DATA');
  await sender.client.send('Subject: half\r\n\r\nof it');
  return { sender, reader };
}

const refuses = async (port = 0): Promise<boolean> => {
  const socket = connect({ port, host: '127.0.0.1' });
  const refused = await once(socket, 'connect').then(
    () => false,
    () => true,
  );
  socket.destroy();
  return refused;
};

test('sessions of two apps in the middle of something finish side by side; no app waits for the other to begin', async () => {
  const { house, stop } = await start(3_600);
  const { sender, reader } = await busySessions(house);
  const stopped = stop();
  // Both have begun: neither takes a client, and neither of the two sessions has ended.
  for (const listener of ['smtp', 'pop3', 'imap']) {
    await expect.poll(() => refuses(house.listeners[listener])).toBe(true);
  }
  expect((await house.health.answer('/health/ready'))?.status).toBe(503);
  await sender.client.send(' and the other\r\n.\r\n');
  expect(await sender.reply()).toMatch(/^250 /);
  expect(await sender.reply()).toMatch(/^421 /);
  reader.socket.resume();
  const whole = `${stuffed(message).toString('latin1')}.\r\n`;
  const heard = await reader.rest();
  expect(heard.startsWith(whole)).toBe(true);
  expect(heard.slice(whole.length)).toMatch(/^-ERR \[SYS\/TEMP\]/);
  await stopped;
});

test('one deadline cuts both', async () => {
  const { house, stop } = await start(1);
  const { sender, reader } = await busySessions(house);
  const cut = house.drain();
  await stop();
  expect(cut.aborted).toBe(true);
  expect(await sender.client.rest()).toBe('421 4.3.2 server is going down, try again soon\r\n');
  reader.socket.resume();
  await reader.closed;
});
