import { describe, expect, test } from 'vitest';
import { MAX_MIME_DEPTH, MAX_MIME_PARTS, type Part } from './index.ts';
import { crlf, inner, outer, rfc822, scan } from './scan.spec-helper.ts';

/** `type/subtype[header octets|body](children)`: the octets of a leaf's body are shown, so that a wrong offset is seen at once. */
function outline(message: Buffer, part: Part): string {
  const inner = part.message ? [part.message.root] : part.parts;
  const body = inner.length > 0 ? '' : message.toString('latin1', ...part.body).replaceAll('\r\n', '\n');
  const header = part.header[1] - part.header[0];
  return `${part.type}/${part.subtype}[${header}${body === '' ? '' : `|${body}`}]${inner.length > 0 ? `(${inner.map((p) => outline(message, p)).join(' ')})` : ''}`;
}

describe('structure', () => {
  test.for<[string, string, string]>([
    ['nothing at all', '', 'text/plain[0]'],
    ['no header', '\nhello\n', 'text/plain[2|hello\n]'],
    ['no empty line: all header', 'Subject: x\nhello', 'text/plain[17]'],
    ['no body', 'Subject: x\n\n', 'text/plain[14]'],
    ['header cut before its line end', 'Subject: x', 'text/plain[10]'],
    ['header that ends with a lone CR', 'Subject: x\n\r', 'text/plain[13]'],
    [
      'two parts',
      `${outer}--out\n\nA\n--out\n\nB\n\n--out--\n`,
      'multipart/mixed[47](text/plain[2|A] text/plain[2|B\n])',
    ],
    [
      'delimiters in the header are no delimiters',
      `X: y\n--out\n${outer}--out\n\nA\n--out--`,
      'multipart/mixed[60](text/plain[2|A])',
    ],
    [
      'preamble and epilogue',
      `${outer}pre\n--outer\n--out\n\nA\n--out--\n--out\nepilogue\n`,
      'multipart/mixed[47](text/plain[2|A])',
    ],
    ['transport padding', `${outer}--out \t\n\nA\n--out--   \nx`, 'multipart/mixed[47](text/plain[2|A])'],
    [
      'a longer boundary is another',
      `${outer}--out\n\nA\n--outx\n--out-\n --out\n--out--\n`,
      'multipart/mixed[47](text/plain[2|A\n--outx\n--out-\n --out])',
    ],
    [
      'no closing delimiter',
      `${outer}--out\n\nA\n--out\n\nB\n`,
      'multipart/mixed[47](text/plain[2|A] text/plain[2|B\n])',
    ],
    ['closing delimiter cut short', `${outer}--out\n\nA\n--out-`, 'multipart/mixed[47](text/plain[2|A\n--out-])'],
    ['no delimiter at all', `${outer}text\n`, 'multipart/mixed[47|text\n]'],
    ['only the closing delimiter', `${outer}--out--\n`, 'multipart/mixed[47|--out--\n]'],
    [
      'empty parts',
      `${outer}--out\n--out\n\n--out\n\n\n--out--\n`,
      'multipart/mixed[47](text/plain[0] text/plain[2] text/plain[2])',
    ],
    ['part without the empty line', `${outer}--out\nX: y\n--out--\n`, 'multipart/mixed[47](text/plain[6])'],
    [
      'nested',
      `${outer}--out\n${inner}--in\n\nA\n--in--\n--out\n\nB\n--out--\n`,
      'multipart/mixed[47](multipart/alternative[54](text/plain[2|A]) text/plain[2|B])',
    ],
    [
      'the outer delimiter ends the inner',
      `${outer}--out\n${inner}--in\n\nA\n--out\n\nB\n--in\n--out--\n`,
      'multipart/mixed[47](multipart/alternative[54](text/plain[2|A]) text/plain[2|B\n--in])',
    ],
    [
      'the outer delimiter right behind an inner one',
      `${outer}--out\n${inner}--in\n--out--\n`,
      'multipart/mixed[47](multipart/alternative[54](text/plain[0]))',
    ],
    [
      'the same boundary twice',
      `${outer}--out\n${outer}--out\n\nA\n--out--\n`,
      'multipart/mixed[47](multipart/mixed[47] text/plain[2|A])',
    ],
    [
      'one boundary begins with the other',
      `${outer}--out\nContent-Type: multipart/x; boundary=outer\n\n--outer\n\nA\n--outer--\n--out--\n`,
      'multipart/mixed[47](multipart/x[45](text/plain[2|A]))',
    ],
    [
      'a boundary that ends with two dashes',
      `Content-Type: multipart/x; boundary="a--"\n\n--a--\n\nA\n--a----\n`,
      'multipart/x[45](text/plain[2|A])',
    ],
    ['multipart without a boundary', 'Content-Type: multipart/mixed\n\n--out\n\nA', 'text/plain[33|--out\n\nA]'],
    [
      'multipart with a huge boundary',
      `Content-Type: multipart/mixed; boundary=${'b'.repeat(201)}\n\n--${'b'.repeat(201)}\n\nA`,
      `text/plain[245|--${'b'.repeat(201)}\n\nA]`,
    ],
    [
      'boundary in pieces',
      'Content-Type: multipart/x; boundary*0=ou;\n boundary*1=t\n\n--out\n\nA\n--out--\n',
      'multipart/x[60](text/plain[2|A])',
    ],
    ['the first Content-Type counts', `Content-Type: text/html\n${outer}--out\n`, 'text/html[72|--out\n]'],
    ['a broken Content-Type', 'Content-Type: text\n\nA', 'text/plain[22|A]'],
    ['an embedded message', `${rfc822}Subject: in\n\nA\n`, 'message/rfc822[32](text/plain[15|A\n])'],
    [
      'an embedded multipart',
      `${outer}--out\n${rfc822}${inner}--in\n\nA\n--in--\nepi\n--out\n\nB\n--out--`,
      'multipart/mixed[47](message/rfc822[32](multipart/alternative[54](text/plain[2|A])) text/plain[2|B])',
    ],
    [
      'an embedded message that is only a header',
      `${outer}--out\n${rfc822}Subject: in\n--out--\n`,
      'multipart/mixed[47](message/rfc822[32](text/plain[11]))',
    ],
    [
      'an embedded message whose empty line is the delimiter’s',
      `${outer}--out\n${rfc822}Subject: in\n\n--out--\n`,
      'multipart/mixed[47](message/rfc822[32](text/plain[13]))',
    ],
    [
      'an embedded message of nothing',
      `${outer}--out\nContent-Type: message/rfc822\n--out--\n`,
      'multipart/mixed[47](message/rfc822[30](text/plain[0]))',
    ],
    [
      'an encoded message is opaque',
      `Content-Transfer-Encoding: base64\n${rfc822}U3ViamVjdDogeA0K\n`,
      'message/rfc822[67|U3ViamVjdDogeA0K\n]',
    ],
    [
      'a digest',
      `Content-Type: multipart/digest; boundary=out\n\n--out\n\nSubject: 1\n\nA\n--out\nContent-Type: text/plain\n\nB\n--out--`,
      'multipart/digest[48](message/rfc822[2](text/plain[14|A]) text/plain[28|B])',
    ],
  ])('%s', ([, text, expected]) => {
    const message = crlf(text);
    expect(outline(message, scan(message).root)).toBe(expected);
  });

  test('offsets and lines of every part', () => {
    const message = crlf(
      `${outer}--out\nContent-Type: text/html\n\none\ntwo\n\n--out\n${rfc822}Subject: in\n\nA\nB\n--out--\nbye\n`,
    );
    const { octets, headerOctets, root } = scan(message);
    expect([octets, headerOctets]).toEqual([message.length, 47]);
    expect([root.header, root.body, root.lines]).toEqual([[0, 47], [47, message.length], 15]);
    const [html, embedded] = root.parts;
    expect([html?.header, html?.body, html?.lines]).toEqual([[54, 81], [81, 91], 2]);
    expect([embedded?.header, embedded?.body, embedded?.lines]).toEqual([[100, 132], [132, 151], 3]);
    const within = embedded?.message?.root;
    expect([within?.header, within?.body, within?.lines]).toEqual([[132, 147], [147, 151], 1]);
  });

  test('a delimiter line of more than 1,000 octets is none, however it is cut', () => {
    const message = crlf(`${outer}--out${' '.repeat(1000)}\n\nA\n--out${' '.repeat(993)}\n\nB\n`);
    for (const step of [message.length, 100, 1])
      expect(outline(message, scan(message, step).root)).toBe('multipart/mixed[47](text/plain[2|B\n])');
  });

  test('bare LF, bare CR and NUL are octets like others', () => {
    const message = Buffer.from('Content-Type: multipart/mixed; boundary=out\n\n--out\n\nA\rB\0\n--out--\n');
    expect(outline(message, scan(message).root)).toBe('multipart/mixed[45](text/plain[1|A\rB\0])');
  });
});

describe('fields', () => {
  test('content fields of a part', () => {
    const { root } = scan(
      crlf(`Content-type: Application/PDF (a file); NAME="a \\"b\\".pdf"; x*0=y
content-transfer-encoding: BASE64 (really)
CONTENT-ID: <1@example.org>
Content-Description: what
  it is
Content-Disposition: ATTACHMENT; filename=my file.pdf
Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==
Content-Language: en, de (German), ,fr
Content-Location: http://example.org/a

x`),
    );
    expect(root).toMatchObject({
      type: 'application',
      subtype: 'pdf',
      params: [
        ['name', 'a "b".pdf'],
        ['x*0', 'y'],
      ],
      encoding: 'base64',
      id: '<1@example.org>',
      description: 'what  it is',
      disposition: { type: 'attachment', params: [['filename', 'my file.pdf']] },
      md5: 'Q2hlY2sgSW50ZWdyaXR5IQ==',
      language: ['en', 'de', 'fr'],
      location: 'http://example.org/a',
    });
  });

  test('what is absent is undefined, and the default type has its charset', () => {
    const { root, envelope } = scan(crlf('X: y\n\n'));
    expect(root).toEqual({
      type: 'text',
      subtype: 'plain',
      params: [['charset', 'us-ascii']],
      encoding: '7bit',
      header: [0, 8],
      body: [8, 8],
      lines: 0,
      parts: [],
    });
    expect(envelope).toEqual({ from: [], sender: [], replyTo: [], to: [], cc: [], bcc: [] });
  });

  test('envelope of the message and of the embedded one', () => {
    const { envelope, root } = scan(
      crlf(`From junk that is no field: x
 continued
Subject: one
SUBJECT: two
DATE : Mon, 1 Jun 2026
 10:00:00 +0000
message-id: <1@example.org>
In-Reply-To: <0@example.org>
From: A <a@example.org>
From: B <b@example.org>
Sender: s@example.org
Reply-To: r@example.org
To: t1@example.org
To: t2@example.org
Cc: c@example.org
Bcc: undisclosed:;
${rfc822}Subject: in\xe9\n\n`),
    );
    const at = (mailbox: string, name: string | null = null): object => ({ name, mailbox, host: 'example.org' });
    expect(envelope).toEqual({
      date: 'Mon, 1 Jun 2026 10:00:00 +0000',
      subject: 'one',
      messageId: '<1@example.org>',
      inReplyTo: '<0@example.org>',
      from: [at('a', 'A')],
      sender: [at('s')],
      replyTo: [at('r')],
      to: [at('t1'), at('t2')],
      cc: [at('c')],
      bcc: [
        { name: null, mailbox: 'undisclosed', host: null },
        { name: null, mailbox: null, host: null },
      ],
    });
    expect(root.message?.envelope.subject).toBe('in\xe9');
  });

  test('__proto__ and constructor are names like others', () => {
    const { root } = scan(
      crlf('__proto__: x\nconstructor: y\nContent-Type: text/plain; __proto__=a; constructor=b; __proto__=c\n\n'),
    );
    expect(root.params).toEqual([
      ['__proto__', 'a'],
      ['constructor', 'b'],
      ['__proto__', 'c'],
    ]);
    expect(JSON.parse(JSON.stringify(root))).toEqual(root);
  });

  test('kept fields are cut at their limits, and hold no CR, LF or NUL', () => {
    const { envelope, root } = scan(
      crlf(`Subject: ${'s'.repeat(9000)}\nIn-Reply-To: a\0\rb\nContent-Type: a/b${';p=v'.repeat(100)}\n\n`),
    );
    expect(envelope.subject).toBe('s'.repeat(8191)); // and the space after the colon
    expect(envelope.inReplyTo).toBe('ab');
    expect(root.params).toHaveLength(64);
  });

  test('what lies beyond the interpreted octets of a header is not seen, but the header ends where it ends', () => {
    const message = crlf(
      `Subject: seen\n${`X-Long: ${'x'.repeat(70)}\n`.repeat(1000)}From: unseen@example.org\n\nbody\n`,
    );
    for (const step of [message.length, 4096, 7]) {
      const index = scan(message, step);
      expect(index.headerOctets).toBe(message.length - 6);
      expect(index.envelope).toMatchObject({ subject: 'seen', from: [] });
    }
  });
});

describe('bombs', () => {
  test('10,000 parts: the first are told apart, the rest is opaque', () => {
    const message = crlf(`${outer}${'--out\nContent-Type: text/html\n\nhello\n'.repeat(10_000)}--out--\n`);
    const { root } = scan(message);
    expect(root.parts).toHaveLength(MAX_MIME_PARTS - 1);
    expect(root.parts.every((p) => p.subtype === 'html' && message.toString('latin1', ...p.body) === 'hello')).toBe(
      true,
    );
    expect(root.body[1]).toBe(message.length);
  });

  test.for<[string, (i: number) => string]>([
    ['multipart', (i) => `Content-Type: multipart/mixed; boundary=b${i}\n\n--b${i}\n`],
    ['embedded messages', () => rfc822],
  ])('depth 1,000 of %s', ([, level]) => {
    const message = crlf(Array.from({ length: 1000 }, (_, i) => level(i)).join(''));
    let depth = 0;
    for (let part: Part | undefined = scan(message).root; part; part = part.message?.root ?? part.parts[0]) depth++;
    expect(depth).toBe(MAX_MIME_DEPTH);
  });

  test.for<[string, string]>([
    ['100,000 header lines', `${'X-A: b\n'.repeat(100_000)}\nhi\n`],
    ['100,000 lines that are no fields', `${'junk\n'.repeat(100_000)}\nhi\n`],
    ['one field of 100,000 folds', `To: a${'\n b'.repeat(100_000)}\n\nhi\n`],
    ['a To of 1 MB', `To: ${'a@b,'.repeat(250_000)}\n\nhi\n`],
  ])('%s', ([, text]) => {
    const message = crlf(text);
    const index = scan(message);
    expect(message.toString('latin1', ...index.root.body)).toBe('hi\r\n');
    expect(JSON.stringify(index).length).toBeLessThan(100_000);
  });

  test('the index of the worst message stays small', () => {
    const part = `--out\n${rfc822}From: ${'a,'.repeat(3000)}\nContent-Type: a/b${';p=v'.repeat(64)}\n\n`;
    const index = scan(crlf(outer + part.repeat(2000)));
    expect(JSON.stringify(index).length).toBeLessThan(3_000_000);
  });
});
