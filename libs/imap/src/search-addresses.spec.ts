/** FROM, TO, CC and BCC look into what ENVELOPE says: RFC 3501 6.4.4. */
import { Buffer } from 'node:buffer';
import { expect, test } from 'vitest';
import { addressesOf } from './scan.spec-helper.ts';
import { compileSearch } from './search-evaluator.ts';
import type { SearchKey } from './search-key.ts';
import { allSteps } from './steps.spec-helper.ts';

function found(field: string, key: 'From' | 'To' | 'Cc' | 'Bcc', wanted: string): boolean | undefined {
  const search: SearchKey = { key: 'address', field: key, value: Buffer.from(wanted) };
  const facts = { seq: 1, uid: 1, header: Buffer.from(`${field}\r\n\r\n`) };
  return allSteps(compileSearch(search, { seq: 1, uid: 1 }, addressesOf)(facts)).result;
}

test.for<[string, string]>([
  ['<user-from (comment)@ (comment) domain.org>', 'user-from@domain.org'],
  ['"Doe, \\"Jo\\" John" <jd@x.org>', '"Jo" John'],
  ['"Doe, \\"Jo\\" John" <jd@x.org>', 'doe, "jo" john <jd@x.org>'],
  ['"Doe, \\"Jo\\" John" <jd@x.org>', '\\"Jo\\"'],
  ['Jo\r\n Doe\r\n\t<jo@\r\n example.org>', 'jo@example.org'],
  ['Jo\r\n Doe\r\n\t<jo@\r\n example.org>', 'Jo Doe <jo@example.org>'],
  ['Jo  Doe <jo@x.org>', 'jo doe'],
  ['"Jo  Doe" <jo@x.org>', 'jo  doe'],
  ['"a b"@x.org', 'a b@x.org'],
  ['"a b"@x.org', '"a b"@x.org'],
  ['jo @ x . org (Jo Doe)', 'jo@x.org'],
  ['jo @ x . org (Jo Doe)', 'jo doe'],
  ['jo@x.org', '<jo@x.org>'],
  ['Friends: a@x.org, b@y.org;', 'friends'],
  ['Friends: a@x.org, b@y.org;', 'b@y.org'],
  ['<@relay.org:jo@x.org>', 'jo@x.org'],
  ['<@relay.org:jo@x.org>', '@relay.org'],
  ['=?utf-8?q?J=C3=B6rg?= =?utf-8?q?_M=C3=BCller?= <j@x.org>', 'jörg müller'],
  ['=?iso-2022-jp?B?GyRCOCtAUT1xGyhC?= <j@x.org>', '見積書'],
  ['a@x.org, b@y.org', 'b@y.org'],
  ['jo@x.org', ''],
])('From: %s is found by %s', ([value, wanted]) => {
  expect(found(`From: ${value}`, 'From', wanted)).toBe(true);
  expect(found(`From: ${value}`, 'To', wanted)).toBe(false);
});

test.for<[string, string]>([
  ['<user-from (comment)@ (comment) domain.org>', 'comment'],
  ['a@x.org, b@y.org', 'a@x.org, b'],
  ['a@x.org, b@y.org', 'org b'],
  ['jo@x.org', 'from'],
])('From: %s is not found by %s', ([value, wanted]) => {
  expect(found(`From: ${value}`, 'From', wanted)).toBe(false);
});

test('each field with the name counts, and none of another', () => {
  const header = 'To: a@x.org\r\nTo: b@y.org\r\nCc: c@z.org\r\nBcc:\r\nX-To: d@v.org';
  expect(found(header, 'To', 'b@y.org')).toBe(true);
  expect(found(header, 'To', 'd@v.org')).toBe(false);
  expect(found(header, 'Cc', 'c@z.org')).toBe(true);
  expect(found(header, 'Bcc', '@')).toBe(false);
  expect(found(header, 'From', '')).toBe(false);
});
