import { domainToASCII } from 'node:url';
import { describe, expect, test } from 'vitest';
import { addressOf, traceOf } from './recipient.ts';

describe('a stored recipient', () => {
  test.each<[string, { local: string; domain: string } | undefined]>([
    ['Alice@Example.ORG', { local: 'alice', domain: 'example.org' }],
    ['grüße@BÜCHER.example', { local: 'grüße', domain: 'xn--bcher-kva.example' }],
    ['"two words"@example.org', { local: 'two words', domain: 'example.org' }],
    ['Postmaster', undefined],
    ['postmaster@', undefined],
    ['a@b@c', undefined],
    ['line\r\nbreak@example.org', undefined],
    ['', undefined],
  ])('%j as the directory compares it', (recipient, expected) => {
    expect(addressOf(recipient, domainToASCII)).toEqual(expected);
  });

  test.each<[string, string, string]>([
    ['a@b.example', 'Alice@Example.org', 'Return-Path: <a@b.example>\r\nDelivered-To: Alice@example.org\r\n'],
    ['', 'alice@example.org', 'Return-Path: <>\r\nDelivered-To: alice@example.org\r\n'],
    ['a@[192.0.2.1]', 'alice@example.org', 'Return-Path: <a@[192.0.2.1]>\r\nDelivered-To: alice@example.org\r\n'],
    [
      'a@[IPv6:2001:DB8::1]',
      'alice@example.org',
      'Return-Path: <a@[IPv6:2001:DB8::1]>\r\nDelivered-To: alice@example.org\r\n',
    ],
    ['a@b.example\r\nBcc: forged', 'alice@example.org', 'Return-Path: <>\r\nDelivered-To: alice@example.org\r\n'],
    [
      'jö@bücher.example',
      'Grüße@BÜCHER.example',
      'Return-Path: <jö@xn--bcher-kva.example>\r\nDelivered-To: Grüße@xn--bcher-kva.example\r\n',
    ],
    [
      '"a b"@c.example',
      '"two words"@example.org',
      'Return-Path: <"a b"@c.example>\r\nDelivered-To: "two words"@example.org\r\n',
    ],
  ])('from %j to %j in the trace fields', (reversePath, recipient, expected) => {
    const address = addressOf(recipient, domainToASCII) ?? { local: 'x', domain: 'y' };
    expect(traceOf(reversePath, recipient, address).toString()).toBe(expected);
  });
});
