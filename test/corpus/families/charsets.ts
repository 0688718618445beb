import { base64, head, mail, part, mixed, quotedPrintable, sample, utf8, type Sample } from '../sample.ts';

/** Made-up greetings, each as octets of its charset (one character an octet). */
const TEXTS: [charset: string, text: string][] = [
  ['utf-8', utf8('Grüße aus Köln, çà va? Ελληνικά, Привет, 日本語, עברית, 👋🏽\nZweite Zeile: naïve façade\n')],
  ['iso-8859-1', 'Gr\xfc\xdfe aus K\xf6ln, \xe7\xe0 va?\nZweite Zeile\n'],
  ['iso-8859-15', 'Das kostet 5 \xa4 und ein L\xe4cheln\n'],
  ['windows-1252', 'Das kostet 5 \x80 \x96 \x93wirklich\x94\x85\n'],
  ['koi8-r', '\xf0\xd2\xc9\xd7\xc5\xd4\n'],
  ['windows-1251', '\xcf\xf0\xe8\xe2\xe5\xf2\n'],
  ['iso-2022-jp', '\x1b$BF|K\\8l\x1b(B\n'],
  ['shift_jis', '\x93\xfa\x96{\x8c\xea\n'],
  ['gb18030', '\xc4\xe3\xba\xc3\n'],
  ['big5', '\xa7A\xa6n\n'],
  ['euc-kr', '\xbe\xc8\xb3\xe7\n'],
];

const encoded: Sample[] = TEXTS.flatMap(([charset, text]) => {
  const labelled = (encoding: string, body: string): Sample =>
    sample(
      `charset-${charset}-${encoding}`,
      `text in ${charset}, sent as ${encoding}`,
      mail(
        'Greetings',
        [
          ['Content-Type', `text/plain; charset=${charset}`],
          ['Content-Transfer-Encoding', encoding],
        ],
        body,
      ),
      { structure: 'text/plain' },
    );
  return [
    labelled('8bit', text),
    labelled('quoted-printable', quotedPrintable(text)),
    labelled('base64', base64(Buffer.from(text, 'latin1'))),
  ];
});

const raw = (name: string, about: string, text: string): Sample =>
  sample(name, about, `${head('Raw octets')}\n${text}`);

/** 8-bit text with, without and with wrong labels; encodings of bodies. */
export const charsets: Sample[] = [
  ...encoded,
  raw('unlabelled-utf8', 'UTF-8 without a label', utf8('Grüße ohne Etikett\n')),
  raw('unlabelled-latin1', 'ISO-8859-1 without a label', 'Gr\xfc\xdfe ohne Etikett\n'),
  raw('unlabelled-windows-1252', 'windows-1252 without a label', '5 \x80 \x96 ohne Etikett\n'),
  sample(
    'mislabelled-ascii',
    'UTF-8 labelled us-ascii, 7bit',
    mail(
      'Label',
      [
        ['Content-Type', 'text/plain; charset=us-ascii'],
        ['Content-Transfer-Encoding', '7bit'],
      ],
      utf8('Grüße\n'),
    ),
  ),
  sample(
    'mislabelled-utf8',
    'ISO-8859-1 labelled utf-8',
    mail(
      'Label',
      [
        ['Content-Type', 'text/plain; charset=utf-8'],
        ['Content-Transfer-Encoding', '8bit'],
      ],
      'Gr\xfc\xdfe\n',
    ),
  ),
  sample(
    'broken-utf8',
    'overlong, lone and cut UTF-8 sequences',
    mail(
      'Label',
      [
        ['Content-Type', 'text/plain; charset=utf-8'],
        ['Content-Transfer-Encoding', '8bit'],
      ],
      'a\xc0\xafb\x80c\xe2\x82\nd\xed\xa0\x80e\xf8\x88\x80\x80\x80\n',
    ),
  ),
  sample(
    'charset-unknown',
    'a charset nobody knows',
    mail('Label', [['Content-Type', 'text/plain; charset="x-home-made"']], 'hi\n'),
  ),
  sample(
    'charset-proto',
    '__proto__ as charset and as parameter name',
    mail('Label', [['Content-Type', 'text/plain; charset=__proto__; __proto__=x; constructor=y']], 'hi\n'),
  ),
  sample(
    'base64-one-line',
    'base64 in one line of 996 octets',
    mail(
      'Long',
      [
        ['Content-Type', 'application/octet-stream'],
        ['Content-Transfer-Encoding', 'base64'],
      ],
      base64(Buffer.alloc(747, 'abc'), 996),
    ),
  ),
  sample(
    'base64-998',
    'base64 in lines of 998 octets, not a multiple of four',
    mail(
      'Longer',
      [
        ['Content-Type', 'application/octet-stream'],
        ['Content-Transfer-Encoding', 'base64'],
      ],
      base64(Buffer.alloc(3000, 'xyz'), 998),
    ),
  ),
  sample(
    'base64-short-lines',
    'base64 in lines of four octets',
    mail(
      'Short',
      [
        ['Content-Type', 'application/octet-stream'],
        ['Content-Transfer-Encoding', 'base64'],
      ],
      base64(Buffer.alloc(200, 'q'), 4),
    ),
  ),
  sample(
    'base64-junk',
    'base64 with spaces, junk and text behind its end',
    mail(
      'Junk',
      [
        ['Content-Type', 'text/plain'],
        ['Content-Transfer-Encoding', 'base64'],
      ],
      'aGVs bG8g\n!!d29y\nbGQ=\n\nscanned by nobody\n',
    ),
  ),
  sample(
    'base64-empty',
    'an empty base64 body',
    mail(
      'Nothing',
      [
        ['Content-Type', 'text/plain'],
        ['Content-Transfer-Encoding', 'base64'],
      ],
      '',
    ),
  ),
  sample(
    'qp-soft-breaks',
    'soft breaks everywhere, also in the middle of a letter',
    mail(
      'Soft',
      [
        ['Content-Type', 'text/plain; charset=utf-8'],
        ['Content-Transfer-Encoding', 'quoted-printable'],
      ],
      'Gr=C3=\n=BC=C3=9F=\ne=\n=\n=\n=20\nend=\n',
    ),
  ),
  sample(
    'qp-broken',
    'quoted-printable with broken escapes',
    mail(
      'Soft',
      [
        ['Content-Type', 'text/plain'],
        ['Content-Transfer-Encoding', 'quoted-printable'],
      ],
      '=ZZ =4 = =\nlower =c3=bc\nraw \xfc\nend =',
    ),
  ),
  sample(
    'qp-dots',
    'quoted-printable lines that are dots',
    mail(
      'Soft dots',
      [
        ['Content-Type', 'text/plain'],
        ['Content-Transfer-Encoding', 'quoted-printable'],
      ],
      '.=\n.\n.=\n=2E\n.\n',
    ),
  ),
  sample(
    'encoding-binary',
    'binary encoding, 8-bit octets, CRLF lines',
    mail(
      'Binary',
      [
        ['Content-Type', 'application/octet-stream'],
        ['Content-Transfer-Encoding', 'binary'],
      ],
      '\x01\x02\xfe\xff\n\x80\n',
    ),
  ),
  sample(
    'encoding-unknown',
    'an encoding nobody knows',
    mail(
      'Unknown',
      [
        ['Content-Type', 'text/plain'],
        ['Content-Transfer-Encoding', 'x-rot13'],
      ],
      'uryyb\n',
    ),
  ),
  sample(
    'encoding-twice',
    'two Content-Transfer-Encoding fields',
    mail(
      'Twice',
      [
        ['Content-Type', 'text/plain'],
        ['Content-Transfer-Encoding', 'base64'],
        ['Content-Transfer-Encoding', '7bit'],
      ],
      base64('hello'),
    ),
  ),
  sample(
    'encodings-mixed',
    'parts of all encodings in one message',
    mixed('All encodings', 'mixed', 'enc', ...encodedParts()),
    { structure: 'multipart/mixed(text/plain text/plain text/plain text/plain text/plain)' },
  ),
];

function encodedParts(): string[] {
  const text = utf8('Grüße\n');
  const as = (encoding: string, body: string): string =>
    part('text/plain; charset=utf-8', body, [['Content-Transfer-Encoding', encoding]]);
  return [
    as('7bit', 'plain\n'),
    as('8bit', text),
    as('quoted-printable', quotedPrintable(text)),
    as('base64', base64(Buffer.from(text, 'latin1'))),
    as('binary', text),
  ];
}
