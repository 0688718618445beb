import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  composeDeliveredTo,
  composeReceived,
  composeReturnPath,
  protocolName,
  type ReceivedFacts,
} from './trace-fields.ts';

const facts: ReceivedFacts = {
  helo: 'mail.example.com',
  remoteAddress: '192.0.2.7',
  hostname: 'mx.example.org',
  transmission: { extended: true, tls: false, authenticated: false, utf8: false },
  id: 'msg_01abc',
  at: new Date(Date.UTC(2026, 10, 3, 7, 8, 9)),
};
const BODY = 'by mx.example.org (Posthouse) with ESMTP id msg_01abc';
const DATE = 'Tue, 03 Nov 2026 07:08:09 +0000';

describe('Received', () => {
  test.for<[string, Partial<ReceivedFacts>, string]>([
    ['plain', {}, `Received: from mail.example.com ([192.0.2.7])\r\n\t${BODY};\r\n\t${DATE}\r\n`],
    [
      'one recipient, a reverse name',
      { recipient: { local: 'joe doe', domain: 'example.org' }, remoteName: 'host.example.com' },
      `Received: from mail.example.com (host.example.com [192.0.2.7])\r\n\t${BODY}\r\n\tfor <"joe doe"@example.org>;\r\n\t${DATE}\r\n`,
    ],
    [
      'IPv6',
      { remoteAddress: '2001:db8::1' },
      `Received: from mail.example.com ([IPv6:2001:db8::1])\r\n\t${BODY};\r\n\t${DATE}\r\n`,
    ],
    [
      'IPv4 in IPv6',
      { remoteAddress: '::ffff:192.0.2.7' },
      `Received: from mail.example.com ([192.0.2.7])\r\n\t${BODY};\r\n\t${DATE}\r\n`,
    ],
    [
      'a forged name',
      { helo: 'x) by y;\r\nSubject: z' },
      `Received: from x??by?y???Subject:?z ([192.0.2.7])\r\n\t${BODY};\r\n\t${DATE}\r\n`,
    ],
    ['no name', { helo: '' }, `Received: from unknown ([192.0.2.7])\r\n\t${BODY};\r\n\t${DATE}\r\n`],
    [
      'a recipient in UTF-8 where it was not agreed on',
      { recipient: { local: 'jö', domain: 'example.org' } },
      `Received: from mail.example.com ([192.0.2.7])\r\n\t${BODY};\r\n\t${DATE}\r\n`,
    ],
  ])('%s', ([, more, expected]) => {
    expect(composeReceived({ ...facts, ...more })).toBe(expected);
  });

  test.for([
    [[false, false, false, false], 'SMTP'],
    [[true, false, false, false], 'ESMTP'],
    [[true, true, false, false], 'ESMTPS'],
    [[true, true, true, false], 'ESMTPSA'],
    [[true, false, true, false], 'ESMTPA'],
    [[true, true, false, true], 'UTF8SMTPS'],
  ] as const)('%j is %s', ([[extended, tls, authenticated, utf8], expected]) => {
    expect(protocolName({ extended, tls, authenticated, utf8 })).toBe(expected);
  });
});

describe('Return-Path and Delivered-To', () => {
  test('shown', () => {
    expect(composeReturnPath({ kind: 'null' })).toBe('Return-Path: <>\r\n');
    expect(composeReturnPath({ kind: 'mailbox', local: 's', domain: 't.org', original: 's@t.org' })).toBe(
      'Return-Path: <s@t.org>\r\n',
    );
    expect(composeDeliveredTo({ local: 'a"b', domain: 't.org' })).toBe('Delivered-To: "a\\"b"@t.org\r\n');
    expect(composeDeliveredTo({ local: 'a\r\nX: y', domain: 't.org' })).toBeUndefined();
  });
});

test('no input can end a line, start a field or make a line too long', () => {
  const text = fc.string({ unit: 'binary', maxLength: 600 });
  const path = fc.record({
    local: fc.string({ unit: 'binary', maxLength: 64 }),
    domain: fc.string({ unit: 'binary', maxLength: 255 }),
  });
  fc.assert(
    fc.property(text, text, text, text, path, fc.boolean(), (helo, remoteAddress, remoteName, id, recipient, utf8) => {
      const transmission = { ...facts.transmission, utf8 };
      const field = composeReceived({ ...facts, helo, remoteAddress, remoteName, id, recipient, transmission });
      const lines = field.split('\r\n');
      expect(lines.pop()).toBe('');
      for (const [index, line] of lines.entries()) {
        expect(line.startsWith(index === 0 ? 'Received: from ' : '\t')).toBe(true);
        expect(line).not.toMatch(/[\r\n\0]/);
        expect(Buffer.byteLength(line)).toBeLessThanOrEqual(998);
      }
      const others = [
        composeReturnPath({ kind: 'mailbox', ...recipient, original: '' }),
        composeDeliveredTo(recipient) ?? '\r\n',
      ];
      for (const other of others) expect(other.indexOf('\r\n')).toBe(other.length - 2);
      for (const other of others) expect(other.slice(0, -2)).not.toMatch(/[\r\n\0]/);
    }),
    { numRuns: 500 },
  );
});
