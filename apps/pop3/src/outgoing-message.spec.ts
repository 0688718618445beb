import { MessageScanner } from '#message';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { corpus } from '../../../test/corpus/index.ts';
import { OutgoingMessage } from './outgoing-message.ts';

/** What IMAP serves as BODY[HEADER]. */
function headerOctets(message: Buffer): number {
  const scanner = new MessageScanner();
  scanner.write(message);
  return scanner.end().headerOctets;
}

/** What TOP n 0 sends; nothing here is dot-stuffed. */
const topOctets = (message: Buffer): number => new OutgoingMessage(0).push(message).length;

const PIECES = [
  '\r\n',
  '\r\n\r\n',
  '\r',
  '\n',
  ' ',
  'no field\r\n',
  'a: b\r\n',
  'Content-Type: multipart/mixed; boundary=b\r\n',
  'Content-Type: message/rfc822\r\n',
  '--b\r\n',
  '--b--\r\n',
];

test('TOP n 0 is what IMAP calls the header, also where a message has none', () => {
  const messages = fc.array(fc.constantFrom(...PIECES), { maxLength: 12 }).map((parts) => Buffer.from(parts.join('')));
  fc.assert(
    fc.property(messages, (message) => {
      expect(topOctets(message)).toBe(headerOctets(message));
    }),
    { numRuns: 1_000 },
  );
});

test('the same for every message of the corpus', () => {
  const differing = [...corpus()].filter(({ octets }) => {
    const header = octets.subarray(0, headerOctets(octets));
    return !new OutgoingMessage(0).push(octets).equals(stuffed(header));
  });
  expect(differing.map(({ name }) => name)).toEqual([]);
});

/** RFC 1939 3: a dot at the beginning of a line is doubled. */
const stuffed = (octets: Buffer): Buffer =>
  Buffer.from(octets.toString('latin1').replaceAll(/(^|\r\n)\./g, '$1..'), 'latin1');
