import {
  base64,
  mail,
  mixed,
  multipart,
  noise,
  part,
  parts,
  prose,
  quotedPrintable,
  sample,
  utf8,
  type Sample,
} from '../sample.ts';
import { filenames } from './filenames.ts';
import { attachment, B64, html, pdf, text } from './pieces.ts';

const pixel = Buffer.from('R0lGODlhAQABAIAAAP///wAAACwAAAAAAQABAAACAkQBADs=', 'base64');
const embedded = (subject: string, body = 'inside\n'): string =>
  part('message/rfc822', mail(subject, [['Content-Type', 'text/plain']], body));

/** Well-formed MIME of many shapes. */
export const mime: Sample[] = [
  ...filenames,
  sample('alternative', 'text and HTML', mixed('Alternative', 'alternative', 'alt', text(), html()), {
    structure: 'multipart/alternative(text/plain text/html)',
  }),
  sample(
    'html-only',
    'HTML without a text version',
    mail(
      'HTML',
      [
        ['Content-Type', 'text/html; charset=utf-8'],
        ['Content-Transfer-Encoding', 'quoted-printable'],
      ],
      quotedPrintable(utf8('<html><body><p style="color:#333">Grüße</p></body></html>\n')),
    ),
    { structure: 'text/html' },
  ),
  sample(
    'mixed-three',
    'text and two attachments',
    mixed(
      'Three',
      'mixed',
      'mix',
      text(),
      attachment('application/pdf', 'attachment; filename=a.pdf', pdf),
      attachment('image/gif; name=b.gif', 'inline; filename=b.gif', pixel),
    ),
    { structure: 'multipart/mixed(text/plain application/pdf image/gif)' },
  ),
  sample(
    'related',
    'HTML with an inline image',
    mixed(
      'Related',
      'related',
      'rel',
      html('<img src="cid:dot@example.net">\n'),
      attachment('image/gif', 'inline', pixel, [['Content-ID', '<dot@example.net>']]),
    ),
    { structure: 'multipart/related(text/html image/gif)' },
  ),
  sample(
    'alternative-related-mixed',
    'the usual tree of a desktop client',
    mixed(
      'Tree',
      'mixed',
      'm',
      multipart(
        'alternative',
        'a',
        text(),
        multipart('related', 'r', html(), attachment('image/gif', 'inline', pixel)),
      ),
      attachment('application/pdf', 'attachment; filename=a.pdf', pdf),
    ),
    {
      structure:
        'multipart/mixed(multipart/alternative(text/plain multipart/related(text/html image/gif)) application/pdf)',
    },
  ),
  sample(
    'newsletter',
    'a newsletter: HTML with five inline images, unsubscribe fields',
    mail(
      'News of June',
      [
        ['List-Unsubscribe', '<https://news.example.net/u/1>, <mailto:u@example.net>'],
        ['List-Unsubscribe-Post', 'List-Unsubscribe=One-Click'],
        ['Precedence', 'bulk'],
        ['Content-Type', 'multipart/related; boundary="=_news"; type="multipart/alternative"'],
      ],
      parts(
        '=_news',
        multipart('alternative', '=_alt', text(prose(2)), html(newsletter())),
        ...Array.from({ length: 5 }, (_, i) =>
          attachment(`image/png; name="i${i}.png"`, 'inline', noise(900, i + 1), [
            ['Content-ID', `<i${i}@example.net>`],
          ]),
        ),
      ),
    ),
    {
      structure:
        'multipart/related(multipart/alternative(text/plain text/html) image/png image/png image/png image/png image/png)',
    },
  ),
  sample(
    'newsletter-tracking',
    'HTML in one base64 part with long links',
    mail('Sale', [['Content-Type', 'text/html; charset=utf-8'], ...B64], base64(newsletter())),
  ),
  sample(
    'forward-attached',
    'a message attached to a message',
    mixed('Fwd: Apples', 'mixed', 'fwd', text('see below\n'), embedded('Apples')),
    { structure: 'multipart/mixed(text/plain message/rfc822(text/plain))' },
  ),
  sample(
    'forward-alone',
    'a message that is nothing but another',
    mail('Fwd', [['Content-Type', 'message/rfc822']], mail('Inside', [], 'inside\n')),
    { structure: 'message/rfc822(text/plain)' },
  ),
  sample(
    'forward-multipart',
    'an attached multipart message',
    mixed('Fwd', 'mixed', 'out', text(), part('message/rfc822', mixed('Inside', 'alternative', 'in', text(), html()))),
    { structure: 'multipart/mixed(text/plain message/rfc822(multipart/alternative(text/plain text/html)))' },
  ),
  sample(
    'forward-of-forward',
    'five messages inside of each other',
    Array.from({ length: 4 }).reduce<string>(
      (inner, _, i) => mail(`Level ${i}`, [['Content-Type', 'message/rfc822']], inner),
      mail('Core', [], 'core\n'),
    ),
    { structure: 'message/rfc822(message/rfc822(message/rfc822(message/rfc822(text/plain))))' },
  ),
  sample(
    'forward-base64',
    'an attached message in base64, against RFC 2046',
    mixed('Fwd', 'mixed', 'out', text(), part('message/rfc822', base64(mail('Inside', [], 'x\n')), B64)),
    { structure: 'multipart/mixed(text/plain message/rfc822)' },
  ),
  sample(
    'forward-no-body',
    'an attached message without a body',
    mixed('Fwd', 'mixed', 'out', part('message/rfc822', 'Subject: bare\n')),
    { structure: 'multipart/mixed(message/rfc822(text/plain))' },
  ),
  sample(
    'digest',
    'a digest whose parts are messages by default',
    mixed(
      'Digest',
      'digest',
      'dig',
      `\n${mail('One', [], '1\n')}`,
      `\n${mail('Two', [], '2\n')}`,
      `\n${mail('Three', [], '3\n')}`,
    ),
    { structure: 'multipart/digest(message/rfc822(text/plain) message/rfc822(text/plain) message/rfc822(text/plain))' },
  ),
  sample(
    'digest-with-text',
    'a digest with an introduction',
    mixed('Digest', 'mixed', 'm', text('contents\n'), multipart('digest', 'd', `\n${mail('One', [], '1\n')}`)),
    { structure: 'multipart/mixed(text/plain multipart/digest(message/rfc822(text/plain)))' },
  ),
  sample(
    'partial',
    'message/partial',
    mail('Part 2 of 3', [['Content-Type', 'message/partial; id="p@example.net"; number=2; total=3']], prose(1)),
    { structure: 'message/partial' },
  ),
  sample(
    'external-body',
    'message/external-body',
    mail(
      'Elsewhere',
      [['Content-Type', 'message/external-body; access-type=URL; URL="https://example.net/a"']],
      'Content-Type: image/gif\nContent-ID: <x@example.net>\n\n',
    ),
    { structure: 'message/external-body' },
  ),
  sample(
    'global',
    'message/global: an internationalised message attached',
    mixed('Fwd', 'mixed', 'out', part('message/global', utf8('From: jürgen@example.net\nSubject: Grüße\n\nhallo\n'))),
    { structure: 'multipart/mixed(message/global)' },
  ),
  sample(
    'parallel',
    'multipart/parallel',
    mixed('Parallel', 'parallel', 'par', text(), attachment('audio/basic', 'inline', noise(400))),
    { structure: 'multipart/parallel(text/plain audio/basic)' },
  ),
  sample(
    'form-data',
    'multipart/form-data by mail',
    mixed('Form', 'form-data', 'fd', part('text/plain', '7\n', [['Content-Disposition', 'form-data; name="apples"']])),
    { structure: 'multipart/form-data(text/plain)' },
  ),
  sample(
    'appledouble',
    'a file in two forks',
    mixed(
      'Forks',
      'appledouble',
      'ad',
      part('application/applefile', base64(noise(120)), B64),
      attachment('image/gif', 'attachment; filename=a.gif', pixel),
    ),
    { structure: 'multipart/appledouble(application/applefile image/gif)' },
  ),
  sample(
    'preamble-epilogue',
    'text in front of the first and behind the last delimiter',
    mail(
      'Frame',
      [['Content-Type', 'multipart/mixed; boundary=f']],
      `This is a message in MIME format.\n\n${parts('f', text())}epilogue\n--f\nnot a part\n`,
    ),
    { structure: 'multipart/mixed(text/plain)' },
  ),
  sample(
    'boundary-quoted',
    'a boundary of all characters that are allowed',
    mixed('Boundary', 'mixed', "0'()+_,-./:=? z", text()),
    { structure: 'multipart/mixed(text/plain)' },
  ),
  sample('boundary-70', 'a boundary of 70 octets', mixed('Boundary', 'mixed', 'b'.repeat(70), text(), html()), {
    structure: 'multipart/mixed(text/plain text/html)',
  }),
  sample('boundary-200', 'a boundary of 200 octets', mixed('Boundary', 'mixed', 'b'.repeat(200), text(), html()), {
    structure: 'multipart/mixed(text/plain text/html)',
  }),
  sample(
    'boundary-equals',
    'the unquoted boundary of an old library',
    mail(
      'Boundary',
      [['Content-Type', 'multipart/mixed; boundary=----=_Part_12_345.678']],
      parts('----=_Part_12_345.678', text(), html()),
    ),
    { structure: 'multipart/mixed(text/plain text/html)' },
  ),
  sample(
    'boundary-prefix',
    'one boundary begins with the other',
    mixed('Boundary', 'mixed', 'ab', text(), multipart('alternative', 'abc', text(), html()), text()),
    { structure: 'multipart/mixed(text/plain multipart/alternative(text/plain text/html) text/plain)' },
  ),
  sample('boundary-dash', 'a boundary that ends with two dashes', mixed('Boundary', 'mixed', 'x--', text(), html()), {
    structure: 'multipart/mixed(text/plain text/html)',
  }),
  sample(
    'boundary-padding',
    'delimiters with spaces behind',
    mail(
      'Boundary',
      [['Content-Type', 'multipart/mixed; boundary=p']],
      `--p  \t\n${text()}\n--p \n${html()}\n--p--  \n`,
    ),
    { structure: 'multipart/mixed(text/plain text/html)' },
  ),
  sample(
    'part-fields',
    'a part with every Content field',
    mixed(
      'Fields',
      'mixed',
      'f',
      part('text/plain; charset=utf-8', 'hi\n', [
        ['Content-ID', '<1@example.net>'],
        ['Content-Description', '=?utf-8?q?Gr=C3=BC=C3=9Fe?='],
        ['Content-MD5', 'dkGyTBLDD3NgLwAVW0PNWw=='],
        ['Content-Disposition', 'inline; creation-date="Mon, 1 Jun 2026 10:15:00 +0200"'],
        ['Content-Language', 'en, de'],
        ['Content-Location', 'https://example.net/a'],
        ['Content-Transfer-Encoding', '7bit'],
        ['X-Other', 'y'],
      ]),
    ),
    { structure: 'multipart/mixed(text/plain)' },
  ),
  sample('part-no-header', 'parts without any header field', mixed('Bare parts', 'mixed', 'b', '\none\n', '\ntwo\n'), {
    structure: 'multipart/mixed(text/plain text/plain)',
  }),
  sample(
    'parts-100',
    'a hundred attachments',
    mixed(
      'Hundred',
      'mixed',
      'h',
      ...Array.from({ length: 100 }, (_, i) =>
        attachment(`application/octet-stream; name=f${i}`, 'attachment', noise(60, i + 1)),
      ),
    ),
    { structure: `multipart/mixed(${Array.from({ length: 100 }, () => 'application/octet-stream').join(' ')})` },
  ),
  sample('depth-20', 'twenty multiparts inside of each other', deep(20)),
  sample('depth-60', 'sixty multiparts inside of each other', deep(60)),
  sample(
    'signed-name-clash',
    'a body line that looks like the boundary of another message',
    mixed('Clash', 'mixed', 'real', text('--unreal\n--reall\n -- real\n--rea\n'), html()),
    { structure: 'multipart/mixed(text/plain text/html)' },
  ),
  sample(
    'voice',
    'a voice mail',
    mixed(
      'Voice message',
      'voice-message',
      'v',
      text('3 seconds\n'),
      attachment('audio/wav', 'attachment; filename=v.wav', noise(1500)),
    ),
    { structure: 'multipart/voice-message(text/plain audio/wav)' },
  ),
  sample(
    'fax',
    'a fax as TIFF',
    mail('Fax', [['Content-Type', 'image/tiff; name=fax.tif'], ...B64], base64(noise(3000))),
    { structure: 'image/tiff' },
  ),
  sample(
    'vcard',
    'an address card',
    mixed(
      'Card',
      'mixed',
      'c',
      text(),
      part('text/vcard; charset=utf-8', utf8('BEGIN:VCARD\nVERSION:4.0\nFN:Jürgen Muster\nEND:VCARD\n')),
    ),
    { structure: 'multipart/mixed(text/plain text/vcard)' },
  ),
  sample(
    'winmail',
    'an attachment of a groupware (TNEF)',
    mixed('Tnef', 'mixed', 't', text(), attachment('application/ms-tnef; name=winmail.dat', 'attachment', noise(700))),
    { structure: 'multipart/mixed(text/plain application/ms-tnef)' },
  ),
  sample(
    'binhex',
    'a BinHex attachment',
    mail(
      'Hex',
      [['Content-Type', 'application/mac-binhex40; name=a.hqx']],
      '(This file must be converted with BinHex 4.0)\n\n:$%eKBe"P!3d"!`#3"!i!N!-4!*!%!3!!:\n',
    ),
    { structure: 'application/mac-binhex40' },
  ),
  sample(
    'zip',
    'an archive with an odd type',
    mixed(
      'Zip',
      'mixed',
      'z',
      text(),
      attachment('application/x-zip-compressed', 'attachment; filename=a.zip', noise(2000, 7)),
    ),
    { structure: 'multipart/mixed(text/plain application/x-zip-compressed)' },
  ),
  sample(
    'csv',
    'a table in 7bit with CRLF rows',
    mail(
      'Table',
      [
        ['Content-Type', 'text/csv; header=present'],
        ['Content-Disposition', 'attachment; filename=t.csv'],
      ],
      'a,b\n1,"x\ny"\n',
    ),
    { structure: 'text/csv' },
  ),
];

function deep(levels: number): string {
  let inner = text('deep\n');
  for (let i = levels; i > 1; i--) inner = multipart('mixed', `level${i}`, inner);
  return mixed('Deep', 'mixed', 'level1', inner);
}

function newsletter(): string {
  return `<!DOCTYPE html>\n<html><body>\n${Array.from({ length: 12 }, (_, i) => `<table><tr><td><a href="https://news.example.net/c/${'0123456789abcdef'.repeat(6)}/${i}"><img src="cid:i${i % 5}@example.net" width="600" alt=""></a></td></tr></table>\n`).join('')}</body></html>\n`;
}
