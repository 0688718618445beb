import { expect, test } from 'vitest';
import { hashLike, isColumnOfDes } from './hash-like.ts';
import { generatePassword } from './password.ts';

const HEX = '5f4dcc3b5aa765d61d8327deb882cf99';

test.each([
  '{SHA512-CRYPT}$6$uVPGkZ1c$abcdefgh',
  '{SSHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=',
  '{BLF-CRYPT}$2y$05$abcdefghijklmnopqrstuv',
  '{PLAIN}secret',
  '{ARGON2ID}x',
  '$1$abcdefgh$UdXxC1nFvJ0S3c8kLZ8kQ1',
  '$2y$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy',
  '$6$rounds=5000$salt$hash',
  '$apr1$abc$defghijk',
  '$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA',
  '$P$B12345678abcdefghijklmnopqrstu.',
  '_J9..rasmBYk8r9AiWNc',
  'pbkdf2_sha256$260000$salt$K4c1mZt2vJpW4mXo',
  'SCRAM-SHA-256$4096:abc$def:ghi',
  `md5${HEX}`,
  HEX,
  HEX.toUpperCase(),
  HEX + HEX,
  '*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19',
  'X03MO1qnZdYdgyfeuILPmQ==',
  'W6ph5Mm5Pz8GgiULbPgzG37mj9g=',
])('%s looks like a hash', (text) => expect(hashLike(text)).toBeDefined());

test.each([
  'hunter2',
  'correct horse battery staple',
  '$100 in cash',
  'a$b$c',
  '{x',
  '{} braces',
  'pa$$word$1',
  '$5$short',
  'abcdefghijklm',
  'deadbeef',
])('%s does not', (text) => expect(hashLike(text)).toBeUndefined());

test('nor does what we make ourselves', () => {
  for (let made = 0; made < 200; made++) expect(hashLike(generatePassword())).toBeUndefined();
});

test('crypt of old is known by its column', () => {
  expect(isColumnOfDes(['ab01FAX.bQRSU', 'rl.3StKT.4T8M', 'CCNf8Sbh3HDfQ'])).toBe(true);
  expect(isColumnOfDes(['ab01FAX.bQRSU', 'hunter2', 'CCNf8Sbh3HDfQ'])).toBe(false);
  expect(isColumnOfDes(['correcthorse1'])).toBe(false);
});
