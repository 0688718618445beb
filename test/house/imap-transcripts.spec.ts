/** Plays the golden transcripts over a socket: the app, its store and a real database. */
import { readdirSync, readFileSync } from 'node:fs';
import { LineClient } from '#testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { filled, parseTranscript, prepare, type Transcript } from './imap-transcript.spec-helper.ts';
import { ImapHouse } from './imap.spec-helper.ts';

const folder = new URL('../transcripts/imap/', import.meta.url);
const transcripts = readdirSync(folder)
  .filter((name) => name.endsWith('.imap'))
  .map((name) => ({ name, ...parseTranscript(readFileSync(new URL(name, folder), 'utf8')) }));

let house: ImapHouse;
beforeAll(async () => {
  house = await ImapHouse.open();
});
afterAll(() => house.db.drop());

async function play({ name, world, steps }: Transcript & { name: string }): Promise<void> {
  const mailbox = await prepare(house, world);
  const { port, context } = await house.start({ POSTHOUSE_PLAINTEXT_AUTH: world.plaintext });
  const client = await LineClient.connect(port);
  let sending = '';
  for (const { who, text, at } of steps) {
    const where = `${name}:${at}`;
    if (who === 'client') {
      sending += `${filled(text, mailbox)}\r\n`;
      continue;
    }
    if (sending !== '') await client.send(sending);
    sending = '';
    expect(await client.line(), where).toBe(who === 'server' ? filled(text, mailbox) : undefined);
  }
  client.socket.end();
  expect(await client.rest(), `${name}: answers at the end that nobody expected`).toBe('');
  await context.close();
}

describe('golden transcripts', () => {
  test('there are some', () => expect(transcripts.length).toBeGreaterThanOrEqual(30));
  test.for(transcripts)('$name', async (transcript) => play(transcript));
});
