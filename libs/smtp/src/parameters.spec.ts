import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkMailParameters } from './mail-parameters.ts';
import type { Parameters } from './path-command.ts';
import { checkRcptParameters } from './rcpt-parameters.ts';
import { replyToViolation, queuedAs } from './refusals.ts';
import * as refusals from './refusals.ts';
import { reply, showReply } from './reply.ts';

const map = (text: string): Parameters =>
  new Map(
    text
      .split(' ')
      .filter(Boolean)
      .map((word) => {
        const [keyword = '', ...value] = word.split('=');
        return [keyword, value.length > 0 ? value.join('=') : undefined];
      }),
  );
const NOTHING = { kind: 'mail', size: undefined, body: '7BIT', utf8: false, ret: undefined, envid: undefined };

describe('MAIL', () => {
  test.for<[string, object | string]>([
    ['', NOTHING],
    ['SIZE=0', { ...NOTHING, size: 0 }],
    ['SIZE=1000', { ...NOTHING, size: 1000 }],
    ['SIZE=1001', '552 5.3.4'],
    ['SIZE=99999999999999999999', '552 5.3.4'],
    ['SIZE=999999999999999999999', '501 5.5.4'],
    ['SIZE=-1', '501 5.5.4'],
    ['SIZE=1e3', '501 5.5.4'],
    ['SIZE', '501 5.5.4'],
    ['BODY=8bitmime SMTPUTF8', { ...NOTHING, body: '8BITMIME', utf8: true }],
    ['BODY=BINARYMIME', '501 5.5.4'],
    ['SMTPUTF8=1', '501 5.5.4'],
    ['RET=hdrs ENVID=QQ+20314159', { ...NOTHING, ret: 'HDRS', envid: 'QQ 314159' }],
    ['RET=ALL', '501 5.5.4'],
    ['ENVID=a+0D+0Ab', '501 5.5.4'],
    ['ENVID=a+b', '501 5.5.4'],
    ['ENVID=+C3+B6', '501 5.5.4'],
    [`ENVID=${'x'.repeat(100)}`, { ...NOTHING, envid: 'x'.repeat(100) }],
    [`ENVID=${'x'.repeat(101)}`, '501 5.5.4'],
    ['AUTH=<>', '555 5.5.4'],
    ['NOTIFY=NEVER', '555 5.5.4'],
  ])('%j', ([text, expected]) => {
    const verdict = checkMailParameters(map(text), 1000);
    expect(verdict.kind === 'refused' ? showReply(verdict.reply).slice(0, 9) : verdict).toEqual(expected);
  });
});

describe('RCPT', () => {
  test.for<[string, object | string]>([
    ['', { notify: undefined, orcpt: undefined }],
    ['NOTIFY=never', { notify: 'NEVER', orcpt: undefined }],
    ['NOTIFY=DELAY,success,DELAY', { notify: ['SUCCESS', 'DELAY'], orcpt: undefined }],
    ['NOTIFY=NEVER,DELAY', '501 5.5.4'],
    ['NOTIFY=', '501 5.5.4'],
    ['NOTIFY', '501 5.5.4'],
    ['NOTIFY=constructor', '501 5.5.4'],
    ['ORCPT=RFC822;a+2Bb@example.org', { notify: undefined, orcpt: { type: 'rfc822', address: 'a+b@example.org' } }],
    [
      'ORCPT=utf-8;j\\x{F6}@example.org',
      { notify: undefined, orcpt: { type: 'utf-8', address: 'j\\x{F6}@example.org' } },
    ],
    ['ORCPT=a@example.org', '501 5.5.4'],
    ['ORCPT=;a@example.org', '501 5.5.4'],
    ['ORCPT=rfc822;', '501 5.5.4'],
    ['ORCPT=rfc822;+0Ax', '501 5.5.4'],
    [`ORCPT=rfc822;${'x'.repeat(500)}`, '501 5.5.4'],
    ['SIZE=1', '555 5.5.4'],
  ])('%j', ([text, expected]) => {
    const verdict = checkRcptParameters(map(text));
    if (verdict.kind === 'refused') expect(showReply(verdict.reply).slice(0, 9)).toBe(expected);
    else expect({ notify: verdict.notify, orcpt: verdict.orcpt }).toEqual(expected);
  });

  test('total', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('NOTIFY', 'ORCPT', 'ENVID', 'SIZE'),
        fc.string({ unit: 'binary' }),
        (keyword, value) => {
          const parameters = new Map([[keyword, value]]);
          expect(['rcpt', 'refused']).toContain(checkRcptParameters(parameters).kind);
          expect(['mail', 'refused']).toContain(checkMailParameters(parameters, 1000).kind);
        },
      ),
    );
  });
});

describe('replies', () => {
  test('the codes of the refusals', () => {
    const codes = Object.entries(refusals).flatMap(([name, value]) =>
      typeof value === 'object' ? [`${name} ${showReply(value).slice(0, 9)}`] : [],
    );
    expect(codes).toMatchInlineSnapshot(`
      [
        "RELAYING_DENIED 550 5.7.1",
        "ROUTE_REFUSED 550 5.7.1",
        "DOMAIN_LITERAL_REFUSED 550 5.7.1",
        "NO_SUCH_USER 550 5.1.1",
        "DISABLED 550 5.2.1",
        "OVER_QUOTA 452 4.2.2",
        "OVER_WHOLE_QUOTA 552 5.2.2",
        "TOO_BIG 552 5.3.4",
        "OVERTAKEN 451 4.3.0",
        "TEMPORARY_FAILURE 451 4.3.0",
        "SHUTTING_DOWN 421 4.3.2",
        "TOO_MANY_CONNECTIONS 421 4.7.0",
        "TOO_MANY_RECIPIENTS 452 4.5.3",
        "ENVELOPES_FULL 452 4.3.1",
        "TOO_MANY_PLACES 550 5.2.4",
        "LOOP 554 5.4.6",
        "BAD_COMMAND 501 5.5.2",
        "BAD_PARAMETER 501 5.5.4",
        "UNKNOWN_PARAMETER 555 5.5.4",
        "BAD_FORWARD_PATH 501 5.1.3",
        "BAD_REVERSE_PATH 501 5.1.7",
        "FORWARD_PATH_TOO_LONG 501 5.1.3",
        "REVERSE_PATH_TOO_LONG 501 5.1.7",
        "NEEDS_SMTPUTF8 553 5.6.7",
        "BARE_CR 554 5.6.0",
        "BARE_LF 554 5.6.0",
        "NUL_REFUSED 554 5.6.0",
        "LINE_TOO_LONG 554 5.6.0",
        "HEADER_TOO_LARGE 552 5.3.4",
        "TOO_MANY_HEADER_LINES 554 5.6.0",
      ]
    `);
  });

  test('code and status are of one class', () => {
    for (const value of Object.values(refusals)) {
      if (typeof value === 'object') expect(String(value.code).charAt(0)).toBe(value.status.charAt(0));
    }
  });

  test.for([
    ['bare-cr', '554 5.6.0'],
    ['bare-lf', '554 5.6.0'],
    ['nul', '554 5.6.0'],
    ['line-too-long', '554 5.6.0'],
    ['header-too-large', '552 5.3.4'],
    ['too-many-header-lines', '554 5.6.0'],
    ['too-many-hops', '554 5.4.6'],
  ] as const)('%s is answered %s', ([violation, expected]) => {
    expect(showReply(replyToViolation(violation)).slice(0, 9)).toBe(expected);
  });

  test('a reply is one line, whatever its text', () => {
    expect(showReply(queuedAs('msg_1'))).toBe('250 2.0.0 queued as msg_1');
    expect(showReply(reply(550, '5.1.1', 'a\r\n250 ok\0ö'))).toBe('550 5.1.1 a??250 ok??');
  });
});
