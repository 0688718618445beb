/** Plays the golden transcripts over a socket: the app, its store and a real database. */
import { readdirSync, readFileSync } from 'node:fs';
import { showId } from '#domain';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { parseTranscript, USER, type Transcript } from '../../libs/pop3/src/transcript.spec-helper.ts';
import { bodyOf, Pop3Client, Pop3House, stuffed, topOf, TRACE, type Mailbox } from './pop3.spec-helper.ts';

const folder = new URL('../transcripts/pop3/', import.meta.url);
const transcripts = readdirSync(folder)
  .filter((name) => name.endsWith('.pop3'))
  .map((name) => ({ name, ...parseTranscript(readFileSync(new URL(name, folder), 'utf8')) }))
  .filter(({ overSocket }) => overSocket);

let pop3: Pop3House;
let alice: Mailbox;
beforeAll(async () => {
  pop3 = await Pop3House.open();
  alice = await pop3.mailbox(USER);
});
afterAll(() => pop3.db.drop());

/** Messages of exactly these sizes, and their unique-ids. */
async function fill(sizes: readonly number[]): Promise<{ messages: Buffer[]; uidls: string[] }> {
  await pop3.wipe();
  const messages: Buffer[] = [];
  for (const size of sizes) messages.push(await pop3.deliver(alice, bodyOf(size - TRACE.length, size)));
  const { rows } = await pop3.db.owner.query<{ id: string }>(
    'select message_id as id from folder_message order by uid',
  );
  return { messages, uidls: rows.map(({ id }) => showId('msg', id)) };
}

async function play({ name, world, steps }: Transcript & { name: string }): Promise<void> {
  const { messages, uidls } = await fill(world.sizes);
  const { port, context } = await pop3.start();
  const holder = world.refuse === 'in-use' ? await Pop3Client.login(port, alice) : undefined;
  const message = (number: string): Buffer => messages[Number(number) - 1] ?? Buffer.alloc(0);
  // The greeting is a line of the transcript like every other.
  let client = await Pop3Client.connect(port, { greeting: false });
  let sending: string[] = [];
  for (const { who, text, at } of steps) {
    const where = `${name}:${at}`;
    if (who === 'client') sending.push(text);
    if (who === 'client') continue;
    if (sending.length > 0) client.send(...sending.splice(0));
    if (who === 'connection') {
      if (text === 'hang up') client.drop();
      else client = await Pop3Client.connect(port, { greeting: false });
      await vi.waitFor(async () => expect(await pop3.locks(), where).toBe(0));
      continue;
    }
    const whole = /^<message (\d+)>$/.exec(text);
    const top = /^<top (\d+) (\d+)>$/.exec(text);
    if (whole?.[1] !== undefined) {
      expect(await client.exactly(stuffed(message(whole[1])).length), where).toEqual(stuffed(message(whole[1])));
    } else if (top?.[1] !== undefined) {
      const expected = stuffed(topOf(message(top[1]), Number(top[2])));
      expect(await client.exactly(expected.length), where).toEqual(expected);
    } else {
      const expected = text.replace(/<uidl (\d+)>/g, (_, number: string) => uidls[Number(number) - 1] ?? '');
      expect(await client.line(), where).toBe(expected);
    }
  }
  sending = [];
  client.socket.end();
  expect(await client.rest(), `${name}: answers at the end that nobody expected`).toBe('');
  holder?.drop();
  await context.close();
}

describe('golden transcripts', () => {
  test('there are some', () => expect(transcripts.length).toBeGreaterThanOrEqual(15));
  test.for(transcripts)('$name', async (transcript) => {
    await play(transcript);
    expect(await pop3.locks()).toBe(0);
  });
});
