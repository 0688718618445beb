import { expect, test } from 'vitest';
import { beginsWithHeader, compose } from './compose.ts';

test('a letter is a whole message with short lines of ASCII in its header', () => {
  const message = compose({
    from: 'a@b.example',
    to: ['c@d.example', 'e@d.example'],
    subject: 'Grüße '.repeat(40),
    text: 'hi\r\n',
  });
  const [header = '', text] = message.toString().split('\r\n\r\n');
  expect(text).toBe('hi\r\n');
  for (const line of header.split('\r\n')) expect(line).toMatch(/^[ -~]{1,90}$/);
  const subject = header.slice(header.indexOf('Subject:'), header.indexOf('\r\nDate:'));
  const words = [...subject.matchAll(/=\?UTF-8\?B\?([^?]+)\?=/g)].map(([, word = '']) =>
    Buffer.from(word, 'base64').toString(),
  );
  expect(words.join('')).toBe('Grüße '.repeat(40));
});

test.each([
  ['Subject: x\r\n\r\ny', true],
  ['X-Y:z', true],
  ['Hello Bob,', false],
  ['Dear Bob: hello', false],
  ['', false],
])('%j begins with a header: %s', (text, expected) => {
  expect(beginsWithHeader(Buffer.from(text))).toBe(expected);
});
