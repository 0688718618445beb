import { mixed, sample, utf8, type Sample } from '../sample.ts';
import { attachment, pdf, text } from './pieces.ts';

/** An attachment whose name is written in one of the many ways there are. */
const named = (name: string, about: string, disposition: string, type = 'application/pdf'): Sample =>
  sample(
    `filename-${name}`,
    `attachment name: ${about}`,
    mixed('Attached', 'mixed', 'att', text(), attachment(type, disposition, pdf)),
    { structure: `multipart/mixed(text/plain ${type.split(';')[0] ?? ''})` },
  );

export const filenames: Sample[] = [
  named('plain', 'an ordinary quoted name', 'attachment; filename="report.pdf"'),
  named('unquoted-space', 'spaces without quotes', 'attachment; filename=my report (1).pdf'),
  named('quotes', 'escaped quotes and backslashes', String.raw`attachment; filename="a \"b\" \\ c.pdf"`),
  named('rfc2231', 'RFC 2231 charset and language', "attachment; filename*=utf-8'de'Gr%C3%BC%C3%9Fe.pdf"),
  named(
    'rfc2231-pieces',
    'RFC 2231 continuations, the second not encoded',
    "attachment;\n filename*0*=utf-8''%E2%82%AC%20ra;\n filename*1=tes;\n filename*2*=%2Epdf",
  ),
  named(
    'rfc2231-disorder',
    'RFC 2231 continuations out of order, one missing',
    'attachment; filename*2=c.pdf; filename*0=a; filename*4=x',
  ),
  named(
    'rfc2231-and-plain',
    'RFC 2231 and a plain name for old readers',
    'attachment; filename="Gruesse.pdf"; filename*=utf-8\'\'Gr%C3%BC%C3%9Fe.pdf',
  ),
  named('encoded-word', 'an encoded word where none may be', 'attachment; filename="=?utf-8?B?R3LDvMOfZS5wZGY=?="'),
  named('raw-utf8', 'raw UTF-8', utf8('attachment; filename="Grüße 📎.pdf"')),
  named('raw-latin1', 'raw ISO-8859-1', 'attachment; filename="Gr\xfc\xdfe.pdf"'),
  named('path', 'a path that wants to climb', 'attachment; filename="../../etc/passwd"'),
  named('windows-path', 'a path of another system', String.raw`attachment; filename="C:\\temp\\a.pdf"`),
  named('controls', 'tabs and semicolons inside of quotes', 'attachment; filename="a;b\tc.pdf"; size=12'),
  named('empty', 'an empty name', 'attachment; filename=""'),
  named('no-end', 'quotes that do not end', 'attachment; filename="open.pdf'),
  named('long', 'a name of 900 octets over folded lines', `attachment;\n filename="${'long '.repeat(180)}.pdf"`),
  named('two', 'two names that disagree', 'attachment; filename=a.pdf; filename=b.exe', 'application/pdf; name=c.txt'),
  named('dots', 'a name of dots', 'attachment; filename=".."'),
  named('proto', '__proto__ as name and as parameter', 'attachment; __proto__=x; filename=__proto__'),
  named('bidi', 'a right-to-left override in the name', utf8('attachment; filename="invoice\u202efdp.exe"')),
  named('type-name', 'the name only in Content-Type', 'attachment', 'application/pdf; name="only-here.pdf"'),
  named('unknown-disposition', 'a disposition nobody knows', 'x-float; filename=a.pdf'),
];
