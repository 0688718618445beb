import { Buffer } from 'node:buffer';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DataInspector } from './data-inspector.ts';
import { MAX_HEADER_LINES, type DataLimits, type DataViolation } from './data-limits.ts';

function inspect(chunks: readonly (string | Buffer)[], limits: Partial<DataLimits> = {}): DataInspector {
  const inspector = new DataInspector(limits);
  for (const chunk of chunks) inspector.push(Buffer.from(chunk));
  inspector.finish();
  return inspector;
}
const violationOf = (text: string, limits?: Partial<DataLimits>): DataViolation | undefined =>
  inspect([text], limits).violation;
const outcome = (inspector: DataInspector): unknown => [inspector.violation, inspector.octets, inspector.header()];

const FOLDED = 'Subject: a\r\n b\r\n';
const received = (times: number): string => 'Received: from a by b; now\r\n'.repeat(times);

describe('violations', () => {
  test.for<[string, string, DataViolation | undefined]>([
    ['a plain message', `${FOLDED}\r\nbody\r\n`, undefined],
    ['nothing at all', '', undefined],
    ['no header', '\r\nbody\r\n', undefined],
    ['no body', FOLDED, undefined],
    ['a bare LF in the body', 'a: b\r\n\r\nx\ny\r\n', 'bare-lf'],
    ['a bare LF in the header', 'a: b\n\r\n', 'bare-lf'],
    ['a bare LF first', '\n', 'bare-lf'],
    ['LF CR', 'a\n\r', 'bare-lf'],
    ['a bare CR in the body', '\r\nx\ry\r\n', 'bare-cr'],
    ['CR CR LF', '\r\nx\r\r\n', 'bare-cr'],
    ['a bare CR last', '\r\nx\r', 'bare-cr'],
    ['NUL', '\r\na\0b\r\n', 'nul'],
    ['NUL behind a CR: the CR came first', '\r\na\r\0', 'bare-cr'],
    ['the first of two counts', '\r\na\n\0', 'bare-lf'],
    ['the other order', '\r\na\0\n', 'nul'],
    ['a line of 64 KiB', `\r\n${'x'.repeat(65_536)}\r\n`, undefined],
    ['an octet more', `\r\n${'x'.repeat(65_537)}\r\n`, 'line-too-long'],
    ['a header line of an octet more', `a:${'x'.repeat(65_535)}\r\n`, 'line-too-long'],
    ['more than 64 KiB without an end', 'x'.repeat(65_537), 'line-too-long'],
    ['64 KiB and a CR alone', `\r\n${'x'.repeat(65_536)}\rx`, 'bare-cr'],
    ['more than 64 KiB and a bare LF', `\r\n${'x'.repeat(65_537)}\n`, 'line-too-long'],
    ['99 hops', `${received(99)}\r\n`, undefined],
    ['100 hops', `${received(100)}\r\n`, 'too-many-hops'],
    ['100 hops quoted in the body', `\r\n${received(100)}`, undefined],
    ['100 own deliveries', `${'Delivered-To: a@b\r\n'.repeat(100)}\r\n`, 'too-many-hops'],
  ])('%s', ([, text, expected]) => {
    expect(violationOf(text)).toBe(expected);
  });

  test.for<[string, string, Partial<DataLimits>, DataViolation | undefined]>([
    ['header lines at the limit', 'a: 1\r\nb: 2\r\n c\r\n\r\nbody\r\n', { headerLines: 3 }, undefined],
    ['one line over', 'a: 1\r\nb: 2\r\n c\r\nd: 3\r\n\r\n', { headerLines: 3 }, 'too-many-header-lines'],
    ['header octets at the limit', 'a: 1\r\nb: 2\r\n\r\nbody\r\n', { headerOctets: 12 }, undefined],
    ['one octet over', 'a: 1\r\nb: 23\r\n\r\n', { headerOctets: 12 }, 'header-too-large'],
    ['a shorter line limit', '\r\n123456\r\n', { line: 5 }, 'line-too-long'],
  ])('%s', ([, text, limits, expected]) => {
    expect(violationOf(text, limits)).toBe(expected);
  });

  test('a message of 100,000 header lines passes', () => {
    expect(MAX_HEADER_LINES).toBeGreaterThan(100_000);
    const inspector = inspect(['X-Many: yes\r\n'.repeat(100_000), '\r\nbody\r\n']);
    expect(inspector.violation).toBeUndefined();
    expect(inspector.header().lines).toBe(100_000);
  });

  test('octets are counted on after a violation', () => {
    expect(inspect(['a\n', 'more', '\0']).octets).toBe(7);
  });
});

describe('header facts', () => {
  test('counts and collects, unfolded, in the header alone', () => {
    const text =
      'Received: one\r\nreceived : two\r\nDELIVERED-TO: a@example.org\r\nDelivered-To:\r\n\tb@example.org \r\n' +
      'Message-ID:\r\n <1@x>\r\nMessage-Id: <2@x>\r\n\r\nReceived: no\r\nDelivered-To: no\r\n';
    const { octets, ...facts } = inspect([text]).header();
    expect(facts).toEqual({
      lines: 8,
      received: 2,
      deliveredTo: ['a@example.org', 'b@example.org'],
      messageId: '<1@x>',
    });
    expect(octets).toBe(text.indexOf('\r\n\r\n') + 4);
  });

  test('a message that starts with its body has no header', () => {
    const facts = inspect(['just text\r\nReceived: no\r\n']).header();
    expect(facts).toEqual({ octets: 0, lines: 0, received: 0, deliveredTo: [], messageId: undefined });
  });

  test.for<[string, string, number]>([
    ['a header', 'From a@b Mon Jun  1 10:15:00 2026\r\nReceived: a\r\nReceived: b\r\n\r\n', 2],
    ['a quoted one', '>From a@b\r\nReceived: a\r\n\r\n', 1],
    ['a body', 'From here on\r\nit is text\r\nReceived: no\r\n', 0],
    ['another one', 'From a@b\r\nFrom c@d\r\nReceived: no\r\n', 0],
    ['what would continue a field', 'From a@b\r\n folded\r\nReceived: no\r\n', 0],
  ])('an mbox line in front of %s', ([, text, received]) => {
    expect(inspect([text]).header().received).toBe(received);
  });

  test('names of object properties are only names', () => {
    expect(inspect(['__proto__: x\r\nconstructor: y\r\n\r\n']).header().lines).toBe(2);
  });

  test('a collected value is bounded', () => {
    const long = `Message-ID: <\r\n${` ${'x'.repeat(900)}\r\n`.repeat(20)}\r\n`;
    expect(inspect([long]).header().messageId?.length).toBeLessThanOrEqual(2048);
  });
});

test('every split of a message gives the same outcome', () => {
  const messages = [
    `Received: a\r\nDelivered-To: x@y\r\n z\r\nMessage-ID: <1@x>\r\n\r\nbody\r\n`,
    'a: b\r\n\r\nx\ny\r\n',
    'a: b\r\n\r\nx\ry\r\n',
    'a: b\r\n\r\nx\r\0',
    'a: b\r\n\r\n123456789\r\n',
    '123456789\r\n',
    '\r\n12345678\r\r\n',
  ];
  for (const message of messages) {
    const limits = { line: 8 * (message.includes('123') ? 1 : 5) };
    const whole = outcome(inspect([message], limits));
    for (let at = 0; at <= message.length; at++) {
      expect(outcome(inspect([message.slice(0, at), message.slice(at)], limits)), `${message} at ${at}`).toEqual(whole);
    }
    expect(outcome(inspect(message.split(''), limits))).toEqual(whole);
  }
});

/** The rule, octet by octet. */
function model(text: string, limit: number): DataViolation | undefined {
  let column = 0;
  for (let at = 0; at < text.length; at++) {
    const octet = text[at];
    if (octet === '\r' && text[at + 1] !== '\n') return 'bare-cr';
    if (octet === '\n' && text[at - 1] !== '\r') return 'bare-lf';
    if (octet === '\0') return 'nul';
    if (octet === '\n') column = 0;
    else if (octet !== '\r' && ++column > limit) return 'line-too-long';
  }
  return undefined;
}

test('agrees with the octet by octet rule for any chunking', () => {
  const part = fc.constantFrom('\r\n', '\r\n', '\r\n\r\n', 'a: b', ' c', 'ab', 'Received: x', '\r', '\n', '\0', '.');
  fc.assert(
    fc.property(
      fc.array(fc.array(part, { maxLength: 5 }).map((p) => p.join(''))),
      fc.integer({ min: 4, max: 20 }),
      (chunks, line) => {
        const text = chunks.join('');
        const inspector = inspect(chunks, { line });
        expect(inspector.violation).toBe(model(text, line));
        expect(outcome(inspector)).toEqual(outcome(inspect([text], { line })));
      },
    ),
    { numRuns: 2000 },
  );
});

/** Every way in which some server has taken something else for CRLF.CRLF; inside DATA each is content, and refused. */
const SMUGGLING = ['\n.\n', '\n.\r\n', '\r.\r', '\r.\r\n', '\r\n.\n', '\r\n.\r', '\n.\r', '\r.\n'].flatMap((end) => [
  end,
  `\0${end}`,
]);

test.for(SMUGGLING)('a false end of data %j is refused at every split', (end) => {
  const text = `Subject: x\r\n\r\nbody${end}MAIL FROM:<a@b>\r\n`;
  for (let at = 0; at <= text.length; at++) {
    expect(inspect([text.slice(0, at), text.slice(at)]).violation).toMatch(/^(bare-cr|bare-lf|nul)$/);
  }
});
