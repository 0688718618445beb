import { expect, test } from 'vitest';
import { beginsWithHeader, compose, withoutMboxLine } from './compose.ts';

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

test.each([
  ['From a@b.example Tue Dec  1 03:00:00 2026\nSubject: x\n\ntext\n', 'Subject: x\n\ntext\n'],
  ['From MAILER-DAEMON Tue Dec  1 03:00:00 2026\r\nReceived: by x\r\n\r\n', 'Received: by x\r\n\r\n'],
  ['From - Tue Dec 01 03:00:00 2026\nX-Mozilla-Status: 0001\n\n', 'X-Mozilla-Status: 0001\n\n'],
  ['From here on it is text\nand no field\n', 'From here on it is text\nand no field\n'],
  ['From: a@b.example\n\n', 'From: a@b.example\n\n'],
  ['from a@b.example\nSubject: x\n\n', 'from a@b.example\nSubject: x\n\n'],
  ['From a line without an end', 'From a line without an end'],
  ['', ''],
])('an mbox line is no part of the message: %j', (content, expected) => {
  expect(withoutMboxLine(Buffer.from(content)).toString()).toBe(expected);
});
