import { crlf, head, lines, mail, prose, sample, utf8, type Fields, type Sample } from '../sample.ts';

const text: Fields = [['Content-Type', 'text/plain; charset=us-ascii']];
const long = (octets: number): string => 'x'.repeat(octets);

/** Messages without structure, and what can be odd about their lines and ends. */
export const plain: Sample[] = [
  sample('plain', 'an ordinary text', mail('Apples', text, prose(3)), { structure: 'text/plain' }),
  sample('plain-4k', 'about 4 KiB of text', mail('Four', text, prose(16))),
  sample('plain-60k', 'about 60 KiB of text', mail('Sixty', text, prose(250))),
  sample(
    'no-mime',
    'RFC 822 only: no MIME fields at all',
    `${lines([
      ['From', 'a@example.net'],
      ['To', 'b@example.org'],
      ['Date', 'Mon, 1 Jun 2026 10:15:00 +0200'],
    ])}\nhello\n`,
    { structure: 'text/plain' },
  ),
  sample('minimal', 'two fields, one word', 'From: a@example.net\nDate: Mon, 1 Jun 2026 10:15:00 +0200\n\nhi\n'),
  sample('one-octet-body', 'a body of one octet without a line end', `${head('One')}\nx`),
  sample('no-body', 'header, empty line, nothing', `${head('Empty')}\n`),
  sample('no-body-no-empty-line', 'a header that ends with its last line end', head('Only header')),
  sample('header-cut', 'a header whose last line has no line end', head('Cut').slice(0, -1)),
  sample('no-header', 'starts with the empty line', `\n${prose(1)}`),
  sample('no-header-no-empty-line', 'text without any header field or empty line', 'just some words\nand some more\n', {
    headless: true,
  }),
  sample('no-header-text', 'text that begins with a line that is no field', `Dear all,\n\n${prose(1)}`, {
    headless: true,
  }),
  sample('only-crlf', 'one line end and nothing else', '\n'),
  sample('two-crlf', 'two line ends and nothing else', '\n\n'),
  sample('empty', 'no octets at all', ''),
  sample('no-final-newline', 'the last line has no line end', mail('No end', text, 'first\nlast')),
  sample('empty-lines-at-the-end', 'forty empty lines at the end', mail('Silence', text, `hi\n${'\n'.repeat(40)}`)),
  sample(
    'empty-lines-at-the-start',
    'the body begins with ten empty lines',
    mail('Late', text, `${'\n'.repeat(10)}hi\n`),
  ),
  sample('only-empty-lines', 'a body of empty lines', mail('Lines', text, '\n'.repeat(25))),
  sample('trailing-spaces', 'spaces and tabs at line ends', mail('Spaces', text, 'a \nb\t\nc  \t \n   \n\t\nend  \n')),
  sample(
    'line-998',
    'a body line of 998 octets, the most that every server takes',
    mail('Wide', text, `${long(998)}\nnext\n`),
  ),
  sample('line-999', 'a body line of 999 octets', mail('Too wide', text, `${long(999)}\n`)),
  sample('line-2500', 'a body line of 2,500 octets, as Outlook writes', mail('Wider', text, `${long(2_500)}\nnext\n`)),
  sample(
    'line-50k',
    'a body line of 50,000 octets that begins with a dot',
    mail('Widest', text, `.${long(49_999)}\n.\n`),
  ),
  sample('header-2500', 'a header line of 2,500 octets', `${head('Wider header')}X-Wide: ${long(2_492)}\n\nhi\n`),
  sample('line-997', 'a body line of 997 octets', mail('Nearly wide', text, `${long(997)}\n`)),
  sample('lines-998', 'thirty lines of 998 octets', mail('Many wide', text, `${long(998)}\n`.repeat(30))),
  sample(
    'line-998-dot',
    'a line of 998 octets that begins with a dot (999 when stuffed)',
    mail('Wide dot', text, `.${long(997)}\n.\n`),
  ),
  sample('line-998-last', 'the last line has 998 octets and no line end', mail('Wide end', text, long(998))),
  sample('header-998', 'a header line of 998 octets', `${head('Wide header')}X-Wide: ${long(990)}\n\nhi\n`),
  sample('dot', 'a line of one dot', mail('Dot', text, 'before\n.\nafter\n')),
  sample('dot-first', 'the body begins with a line of one dot', mail('Dot first', text, '.\nafter\n')),
  sample('dot-last', 'the body ends with a line of one dot', mail('Dot last', text, 'before\n.\n')),
  sample('dot-last-no-newline', 'the body ends with a dot that has no line end', mail('Dot end', text, 'before\n.')),
  sample(
    'dots',
    'lines of one to ten dots',
    mail('Dots', text, Array.from({ length: 10 }, (_, i) => `${'.'.repeat(i + 1)}\n`).join('')),
  ),
  sample('dots-only', 'a hundred lines of one dot', mail('Only dots', text, '.\n'.repeat(100))),
  sample('dot-text', 'lines that begin with a dot', mail('Dot text', text, '.x\n..x\n...\n. \n.\t\n.profile\n. x\n')),
  sample(
    'dot-escaped-end',
    'an end of data already stuffed: CRLF..CRLF',
    mail('Stuffed', text, 'before\n..\nafter\n..\n'),
  ),
  sample(
    'dot-commands',
    'SMTP commands behind a lone dot',
    mail(
      'Smuggled',
      text,
      'hello\n.\nMAIL FROM:<x@example.net>\nRCPT TO:<y@example.org>\nDATA\nSubject: in\n\nhi\n.\nQUIT\n',
    ),
  ),
  sample('dot-in-header', 'a header line that begins with a dot', `.X-Dot: y\n${head('Dotted header')}\nhi\n`),
  sample('dot-right-behind-header', 'a lone dot is the whole body', `${head('Just a dot')}\n.\n`),
  sample(
    'from-line',
    'body lines that begin with From',
    mail('From', text, 'From here to there.\n>From there\nfrom x\n'),
  ),
  sample(
    'mbox-from',
    'an mbox From line in front of the header',
    `From anna@example.net Mon Jun  1 10:15:00 2026\n${mail('Mbox', text, 'hi\n')}`,
  ),
  sample('tabs', 'text set with tabs', mail('Table', text, 'name\tcount\napple\t7\npear\t\t12\n')),
  sample(
    'controls',
    'control octets other than NUL, CR and LF',
    mail('Controls', text, `bell\x07 back\x08 form\x0c escape\x1b[31m del\x7f vertical\x0b\n`),
  ),
  sample(
    'quoted-reply',
    'a reply with quoted text',
    mail(
      'Re: Apples',
      [['In-Reply-To', '<Apples@example.net>'], ['References', '<a@example.net> <Apples@example.net>'], ...text],
      `On Monday Bert wrote:\n> ${prose(1).trim().replaceAll('\n', '\n> ')}\n>> deeper\n\nYes.\n`,
    ),
  ),
  sample('signature', 'a signature behind "-- "', mail('Sign', text, 'hi\n\n-- \nAnna Beispiel\nBeispiel & Co\n')),
  sample(
    'dashes',
    'lines of dashes in a message without parts',
    mail('Dashes', text, '--\n---\n--x\n--x--\n-----BEGIN THING-----\n'),
  ),
  sample(
    'flowed',
    'format=flowed with soft breaks and stuffed spaces',
    mail(
      'Flow',
      [['Content-Type', 'text/plain; charset=us-ascii; format=flowed; delsp=yes']],
      'This paragraph goes \non and on \nand ends here.\n From is stuffed.\n> quoted \n> text\n-- \nAnna\n',
    ),
  ),
  sample(
    'uuencode',
    'uuencoded file inside of plain text',
    mail(
      'Old school',
      text,
      `see below\n\nbegin 644 hello.txt\n${uu('Hello from the days before MIME, and a little more text.')}\`\nend\n\nbye\n`,
    ),
  ),
  sample(
    'yenc',
    'a yEnc block: octets of all values but NUL, CR and LF',
    `${mail('Coded', [['Content-Transfer-Encoding', '8bit'], ...text], `=ybegin line=128 size=252 name=x.bin\n`)}${Array.from(
      { length: 252 },
      (_, i) => String.fromCharCode(i + 1),
    )
      .filter((c) => c !== '\r' && c !== '\n')
      .join('')}\n=yend size=252\n`,
  ),
  {
    name: 'ff-octets',
    about: 'a body of 0xFF octets',
    make: () => Buffer.concat([crlf(`${head('FF')}\n`), Buffer.alloc(900, 255), crlf('\n')]),
  },
  {
    name: 'all-octets',
    about: 'every octet value but NUL, CR and LF, in the header and in the body',
    make: () => crlf(`${head('All')}X-All: ${allOctets()}\n\n${allOctets()}\n`),
  },
  sample(
    'utf8-bom',
    'a byte order mark in front of the text',
    mail(
      'Mark',
      [
        ['Content-Type', 'text/plain; charset=utf-8'],
        ['Content-Transfer-Encoding', '8bit'],
      ],
      `${utf8('\ufeffhello')}\n`,
    ),
  ),
  sample(
    'utf8-bom-header',
    'a byte order mark in front of the header',
    `${utf8('\ufeff')}${mail('Mark first', text, 'hi\n')}`,
    { headless: true },
  ),
  sample(
    'patch',
    'a source patch',
    mail(
      '[PATCH] count apples',
      text,
      '---\n lib/apples.c | 2 +-\n 1 file changed\n\ndiff --git a/lib/apples.c b/lib/apples.c\n--- a/lib/apples.c\n+++ b/lib/apples.c\n@@ -1,3 +1,3 @@\n int apples(void) {\n-\treturn 6;\n+\treturn 7;\n }\n-- \n2.45\n',
    ),
  ),
];

function allOctets(): string {
  return Array.from({ length: 256 }, (_, i) => String.fromCharCode(i))
    .filter((c) => !'\0\r\n'.includes(c))
    .join('');
}

function uu(text: string): string {
  const char = (six: number): string => (six === 0 ? '`' : String.fromCharCode(32 + six));
  let out = '';
  for (let at = 0; at < text.length; at += 45) {
    const row = Buffer.from(text.slice(at, at + 45));
    out += char(row.length);
    for (let i = 0; i < row.length; i += 3) {
      const [a = 0, b = 0, c = 0] = row.subarray(i, i + 3);
      out += char(a >> 2) + char(((a & 3) << 4) | (b >> 4)) + char(((b & 15) << 2) | (c >> 6)) + char(c & 63);
    }
    out += '\n';
  }
  return out;
}
