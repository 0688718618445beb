/** Why an SMTP server that keeps to RFC 5321 must refuse a message of the corpus. */
export type Refusal = 'nul' | 'bare-lf' | 'bare-cr' | 'line-too-long';

/** One message of the corpus as it is described in families/*.ts. */
export interface Sample {
  /** Its file name without `.eml`. */
  name: string;
  /** What it exercises. */
  about: string;
  /** Makes the octets, the same at every call. */
  make: () => Buffer;
  /** The MIME structure that its author had in mind, as `outline` of generate.ts prints it. */
  structure?: string;
  refused?: Refusal;
  /** Its first line is no header field: SMTP puts an empty line between its own fields and the text. */
  headless?: true;
  /** Over 64 KiB: made when needed, not committed. */
  large?: true;
}

/** The octets of a text whose characters stand for one octet each, with CRLF line ends. */
export const crlf = (text: string): Buffer => Buffer.from(text.replaceAll('\n', '\r\n'), 'latin1');

/** The UTF-8 octets of a text as a string of one character an octet, for use inside of a message text. */
export const utf8 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

export type Fields = readonly (readonly [name: string, value: string])[];

/** A sample from a text with LF line ends. */
export function sample(
  name: string,
  about: string,
  text: string,
  more: Omit<Sample, 'name' | 'about' | 'make'> = {},
): Sample {
  return { name, about, make: () => crlf(text), ...more };
}

/** Header of an ordinary message; `fields` come last. No empty line. */
export function head(subject: string, fields: Fields = []): string {
  const base: Fields = [
    [
      'Received',
      'from mail.example.net (mail.example.net [192.0.2.25])\n by mx.example.org with ESMTP id 4Xq0;\n Mon, 1 Jun 2026 08:15:00 +0000',
    ],
    ['From', 'Anna Beispiel <anna@example.net>'],
    ['To', 'Bert Muster <bert@example.org>'],
    ['Subject', subject],
    ['Date', 'Mon, 1 Jun 2026 10:15:00 +0200'],
    ['Message-ID', `<${slug(subject)}@example.net>`],
    ['MIME-Version', '1.0'],
  ];
  return lines([...base, ...fields]);
}

/** Only these fields. */
export const lines = (fields: Fields): string => fields.map(([name, value]) => `${name}: ${value}\n`).join('');

const slug = (text: string): string => text.replace(/[^a-z0-9]/gi, '').slice(0, 30) || 'x';

/** A whole message: header, empty line, body. */
export const mail = (subject: string, fields: Fields, body: string): string => `${head(subject, fields)}\n${body}`;

/** A body part with its header. */
export const part = (type: string, body: string, fields: Fields = []): string =>
  `${lines([['Content-Type', type], ...fields])}\n${body}`;

/** The body of a multipart. */
export const parts = (boundary: string, ...children: string[]): string =>
  `${children.map((child) => `--${boundary}\n${child}\n`).join('')}--${boundary}--\n`;

/** A multipart as a part of another. */
export const multipart = (subtype: string, boundary: string, ...children: string[]): string =>
  part(`multipart/${subtype}; boundary="${boundary}"`, parts(boundary, ...children));

/** A message whose body is a multipart. */
export const mixed = (subject: string, subtype: string, boundary: string, ...children: string[]): string =>
  mail(subject, [['Content-Type', `multipart/${subtype};\n boundary="${boundary}"`]], parts(boundary, ...children));

/** Octets that look random and are the same everywhere (xorshift32). */
export function noise(length: number, seed = 1): Buffer {
  const octets = Buffer.allocUnsafe(length);
  let state = seed * 2_654_435_761;
  for (let i = 0; i < length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    octets[i] = state & 255;
  }
  return octets;
}

/** base64 in lines of `width` characters, each with LF. */
export function base64(octets: Buffer | string, width = 76): string {
  const text = Buffer.from(octets).toString('base64');
  const out: string[] = [];
  for (let at = 0; at < text.length; at += width) out.push(text.slice(at, at + width));
  return out.map((line) => `${line}\n`).join('');
}

/** Quoted-printable (RFC 2045 6.7) of octets given one a character; LF is a line end. */
export function quotedPrintable(text: string): string {
  return text.split('\n').map(quotedLine).join('\n');
}

function quotedLine(line: string): string {
  let out = '';
  let width = 0;
  for (const [i, char] of line.split('').entries()) {
    const code = char.charCodeAt(0);
    const plain = (code > 32 && code < 127 && code !== 61) || (code === 32 && i < line.length - 1);
    const piece = plain ? char : `=${code.toString(16).toUpperCase().padStart(2, '0')}`;
    if (width + piece.length > 75) {
      out += '=\n';
      width = 0;
    }
    out += piece;
    width += piece.length;
  }
  return out;
}

const SENTENCES = [
  'The parcel you asked about left the shed this morning.',
  'Please count the apples before the rain sets in.',
  'Our meeting moves from the small room to the kitchen.',
  'Nobody has seen the green umbrella since Tuesday.',
  'The list of spare parts is attached, as far as it is known.',
  'If the bell rings twice, the bread is ready.',
  'We should paint the fence, but not in this wind.',
  'The second train is slower and has better windows.',
];

/** Paragraphs of made-up prose in lines of at most 72 characters. */
export function prose(paragraphs: number, seed = 0): string {
  const out: string[] = [];
  for (let p = 0; p < paragraphs; p++) {
    let line = '';
    for (let s = 0; s < 4; s++) {
      for (const word of (SENTENCES[(seed + p * 3 + s * 5) % SENTENCES.length] ?? '').split(' ')) {
        if (line.length + word.length + 1 > 72) {
          out.push(line);
          line = word;
        } else line = line === '' ? word : `${line} ${word}`;
      }
    }
    out.push(line, '');
  }
  return out.join('\n');
}
