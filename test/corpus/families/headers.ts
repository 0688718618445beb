import { head, lines, mail, sample, utf8, type Fields, type Sample } from '../sample.ts';

const DATE = ['Date', 'Mon, 1 Jun 2026 10:15:00 +0200'] as const;
/** A message whose header is only what is given, and a date. */
const header = (name: string, about: string, fields: Fields, body = 'hi\n'): Sample =>
  sample(name, about, `${lines([...fields, DATE])}\n${body}`);
const subject = (name: string, about: string, value: string): Sample =>
  header(`subject-${name}`, about, [
    ['From', 'anna@example.net'],
    ['To', 'bert@example.org'],
    ['Subject', value],
  ]);
const addresses = (name: string, about: string, from: string, to: string): Sample =>
  header(`address-${name}`, about, [
    ['From', from],
    ['To', to],
    ['Subject', 'Addresses'],
  ]);
const id = (name: string, about: string, value: string): Sample =>
  header(`message-id-${name}`, about, [
    ['From', 'anna@example.net'],
    ['Message-ID', value],
  ]);
const date = (name: string, about: string, value: string): Sample =>
  sample(
    `date-${name}`,
    about,
    `${lines([
      ['From', 'anna@example.net'],
      ['Date', value],
    ])}\nhi\n`,
  );

/** What can stand in a header. */
export const headers: Sample[] = [
  subject('q', 'encoded words, Q', '=?utf-8?Q?Gr=C3=BC=C3=9Fe_aus_K=C3=B6ln?='),
  subject('b', 'encoded words, B', '=?UTF-8?B?5pel5pys6Kqe?='),
  subject('two-words', 'two encoded words over a fold', '=?utf-8?q?Gr=C3=BC=C3=9Fe?=\n =?utf-8?q?_aus_K=C3=B6ln?='),
  subject('cut-letter', 'a letter cut between two encoded words', '=?utf-8?b?R3LD?=\n =?utf-8?b?vMOfZQ==?='),
  subject(
    'charsets',
    'encoded words of three charsets',
    '=?iso-8859-1?q?caf=E9?= =?windows-1252?q?5_=80?= =?koi8-r?b?8NLJ18XU?=',
  ),
  subject('language', 'an encoded word with a language', '=?utf-8*de?q?Gr=C3=BC=C3=9Fe?='),
  subject('broken-words', 'broken encoded words', '=?utf-8?q?no end =?x?y?z?= =?utf-8?x?a?= =?utf-8?b?####?='),
  subject('long-word', 'an encoded word far over 75 octets', `=?utf-8?q?${'=C3=BC'.repeat(120)}?=`),
  subject('raw-utf8', 'raw UTF-8 (SMTPUTF8)', utf8('Grüße aus Köln 👋')),
  subject('raw-latin1', 'raw ISO-8859-1', 'Gr\xfc\xdfe'),
  subject('empty', 'an empty subject', ''),
  subject('spaces', 'a subject of spaces', '     '),
  subject('tabs', 'tabs inside', 'a\tb\t\tc'),
  subject('folded', 'folded after every word', 'one\n two\n\tthree\n  four'),
  subject(
    'long',
    'a subject of 3,000 octets over folds',
    Array.from({ length: 60 }, (_, i) => `the ${i}th apple of this very long subject line`).join('\n '),
  ),
  subject('quotes', 'quotes and backslashes', String.raw`"quoted" \back\ {3} (x) %`),
  subject('proto', '__proto__', '__proto__'),
  addresses(
    'quoted-local',
    'quoted local parts',
    '"anna beispiel"@example.net',
    String.raw`"a\"b@c"@example.org, "."@example.org`,
  ),
  addresses('literal', 'domain literals', 'anna@[192.0.2.1]', 'bert@[IPv6:2001:db8::1]'),
  addresses(
    'route',
    'source routes',
    '<@relay.example,@other.example:anna@example.net>',
    'Bert <@relay.example:bert@example.org>',
  ),
  addresses('group', 'groups', 'Team: anna@example.net, Bert <bert@example.org>;', 'undisclosed-recipients:;'),
  addresses(
    'groups-two',
    'groups and addresses mixed',
    'anna@example.net',
    'A: a@example.org;, b@example.org, C: ;, D: d@example.org',
  ),
  addresses(
    'comments',
    'comments everywhere',
    '(a) Anna (b (c)) <(d) anna (e) @ (f) example.net (g)> (h)',
    'bert@example.org (Bert (the (second)) Muster)',
  ),
  addresses('empty', 'empty and missing pieces', '<>', ', , <@>, @example.org, bert@, Bert'),
  addresses(
    'utf8',
    'internationalised addresses (SMTPUTF8)',
    utf8('Jürgen Müller <jürgen@bücher.example>'),
    utf8('用户@例子.example, θσερ@εχαμπλε.example'),
  ),
  addresses(
    'encoded-names',
    'encoded names',
    '=?utf-8?q?J=C3=BCrgen_M=C3=BCller?= <j@example.net>',
    '"=?utf-8?q?Quoted=2C_wrongly?=" <b@example.org>',
  ),
  addresses(
    'name-with-comma',
    'a comma without quotes',
    'Beispiel, Anna <anna@example.net>',
    'Muster, Bert <bert@example.org>',
  ),
  addresses(
    'semicolons',
    'semicolons between addresses',
    'anna@example.net;',
    'a@example.org; b@example.org; c@example.org',
  ),
  addresses(
    'many',
    'two hundred recipients over folds',
    'anna@example.net',
    Array.from({ length: 200 }, (_, i) => `Person ${i} <p${i}@example.org>`).join(',\n '),
  ),
  addresses(
    'deep-comment',
    'comments two hundred deep',
    `${'('.repeat(200)}x${')'.repeat(200)} anna@example.net`,
    `bert@example.org ${'('.repeat(300)}`,
  ),
  addresses(
    'long-local',
    'a local part of 500 octets',
    `${'a'.repeat(500)}@example.net`,
    `b@${'x.'.repeat(200)}example`,
  ),
  addresses(
    'injection',
    'a name that wants to be a header',
    '"Anna\tBcc: x@example.com" <anna@example.net>',
    'bert@example.org',
  ),
  addresses(
    'two-at',
    'two at signs and missing brackets',
    'anna@home@example.net',
    'Bert <bert@example.org, Carl carl@example.org>',
  ),
  id('plain', 'an ordinary one', '<20260601.1@example.net>'),
  id('no-brackets', 'without brackets', '20260601.1@example.net'),
  id('spaces', 'with spaces inside', '< 1 2 3 @ example.net >'),
  id('no-domain', 'without a domain', '<12345>'),
  id('empty', 'an empty one', ''),
  id('quoted', 'a quoted left side and a literal', '<"a b"@[192.0.2.1]>'),
  id('utf8', 'with raw UTF-8', utf8('<grüße@bücher.example>')),
  id('long', 'one of 900 octets', `<${'0123456789'.repeat(88)}@example.net>`),
  id('folded', 'folded in the middle', '<1234\n 5678@example.net>'),
  id('two', 'two in one field', '<1@example.net> <2@example.net>'),
  date('none-zone', 'a date with a named zone', 'Mon, 01 Jun 26 10:15 EST'),
  date('comment', 'a date with a comment', 'Mon, 1 Jun 2026 10:15:00 +0200 (CEST)'),
  date('junk', 'a date that is none', 'yesterday, about noon'),
  date('future', 'a date far away', 'Fri, 31 Dec 9999 23:59:60 +9999'),
  date('old', 'a date before the epoch', 'Thu, 1 Jan 1903 00:00:00 -0000'),
  date('folded', 'a folded date', 'Mon,\n 1 Jun 2026\n 10:15:00 +0200'),
  header('duplicate-fields', 'From, To, Subject, Date and Message-ID twice', [
    ['From', 'a@example.net'],
    ['From', 'b@example.net'],
    ['To', 'c@example.org'],
    ['To', 'd@example.org'],
    ['Subject', 'one'],
    ['Subject', 'two'],
    ['Message-ID', '<1@example.net>'],
    ['Message-ID', '<2@example.net>'],
    DATE,
  ]),
  header('no-from', 'no From and no To', [['Subject', 'From nobody']]),
  header('sender-reply', 'From of three people, Sender, Reply-To, Bcc', [
    ['From', 'a@example.net, b@example.net, c@example.net'],
    ['Sender', 'Office <office@example.net>'],
    ['Reply-To', 'replies@example.net'],
    ['Bcc', 'secret@example.org'],
    ['Cc', ''],
  ]),
  header('resent', 'resent fields', [
    ['Resent-From', 'c@example.org'],
    ['Resent-To', 'd@example.org'],
    ['Resent-Date', 'Tue, 2 Jun 2026 10:15:00 +0200'],
    ['Resent-Message-ID', '<r@example.org>'],
    ['From', 'a@example.net'],
    ['Subject', 'Resent'],
  ]),
  header('proto', 'fields called __proto__, constructor, toString', [
    ['__proto__', 'x'],
    ['constructor', 'y'],
    ['toString', 'z'],
    ['hasOwnProperty', '1'],
    ['From', 'a@example.net'],
    ['__proto__', 'again'],
  ]),
  header('case', 'names in odd case', [
    ['fRoM', 'a@example.net'],
    ['SUBJECT', 'Case'],
    ['message-ID', '<c@example.net>'],
    ['content-TYPE', 'text/PLAIN'],
  ]),
  header('received-60', 'sixty Received fields', [
    ...Array.from(
      { length: 60 },
      (_, i) =>
        [
          'Received',
          `from h${i}.example.net by h${i + 1}.example.net with SMTP id ${i};\n Mon, 1 Jun 2026 08:${String(i).padStart(2, '0')}:00 +0000`,
        ] as const,
    ),
    ['From', 'a@example.net'],
  ]),
  header('return-path', 'a Return-Path and Delivered-To left by another house', [
    ['Return-Path', '<old@example.com>'],
    ['Delivered-To', 'someone@example.com'],
    ['X-Original-To', 'someone-else@example.com'],
    ['From', 'a@example.net'],
  ]),
  header('references-100', 'a hundred references', [
    ['From', 'a@example.net'],
    ['In-Reply-To', '<99@example.net>'],
    ['References', Array.from({ length: 100 }, (_, i) => `<${i}@example.net>`).join('\n ')],
  ]),
  header('folded-20k', 'one field folded over 400 lines', [
    ['From', 'a@example.net'],
    ['X-Long', Array.from({ length: 400 }, (_, i) => `${i}: ${'folded '.repeat(6)}`).join('\n ')],
  ]),
  header('field-name-long', 'a field name of 900 octets', [
    ['From', 'a@example.net'],
    [`X-${'Long'.repeat(224)}`, 'y'],
  ]),
  header('fields-500', 'five hundred fields', [
    ['From', 'a@example.net'],
    ...Array.from({ length: 500 }, (_, i) => [`X-${i}`, `value ${i}`] as const),
  ]),
  header('spam-fields', 'what filters leave behind', [
    ['X-Spam-Status', 'No, score=-1.9 required=5.0 tests=BAYES_00,\n\tHTML_MESSAGE autolearn=ham'],
    ['X-Spam-Level', ''],
    ['X-Virus-Scanned', 'by nobody'],
    ['From', 'a@example.net'],
    ['X-Priority', '1 (Highest)'],
    ['Importance', 'high'],
  ]),
  header('thread-fields', 'fields of a groupware', [
    ['Thread-Topic', 'Apples'],
    ['Thread-Index', 'AdABCDEFG=='],
    ['X-MS-Has-Attach', ''],
    ['Accept-Language', 'de-DE, en-US'],
    ['From', 'a@example.net'],
  ]),
  header('empty-values', 'fields without values', [
    ['From', ''],
    ['To', ''],
    ['Subject', ''],
    ['X-Empty', ''],
  ]),
  sample('header-tab-folds', 'tabs as folds, trailing spaces', `${head('Tabs')}X-A: b \n\tc\t\n\t d\n\nhi\n`),
  sample(
    'header-no-space',
    'no space behind the colons',
    'From:a@example.net\nSubject:tight\nDate:Mon, 1 Jun 2026 10:15:00 +0200\n\nhi\n',
  ),
  sample(
    'header-utf8-all',
    'UTF-8 in every field (RFC 6532)',
    utf8(
      `From: Jürgen <jürgen@bücher.example>\nTo: Zoë <zoë@example.org>\nSubject: Äpfel zählen\nMessage-ID: <äpfel@bücher.example>\nContent-Type: text/plain; charset=utf-8; name="Äpfel.txt"\nContent-Transfer-Encoding: 8bit\n\nÄpfel\n`,
    ),
  ),
  sample('body-like-header', 'a body that looks like a header', mail('Double', [], `${head('Inner')}\ninner body\n`)),
];
