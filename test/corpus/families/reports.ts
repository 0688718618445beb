import { head, lines, mail, mixed, part, parts, prose, sample, utf8, type Fields, type Sample } from '../sample.ts';

const original = mail('Apples', [['Content-Type', 'text/plain']], prose(1));

interface Dsn {
  action: string;
  status: string;
  recipient?: string;
  diagnostic?: string;
  more?: Fields;
  returned?: string;
}

/** A delivery status notification (RFC 3464) as mail servers send them. */
function dsn(
  name: string,
  about: string,
  { action, status, recipient = 'rfc822; nobody@example.org', diagnostic, more = [], returned }: Dsn,
): Sample {
  const status3464 = `${lines([
    ['Reporting-MTA', 'dns; mx.example.org'],
    ['Arrival-Date', 'Mon, 1 Jun 2026 08:15:00 +0000'],
  ])}\n${lines([['Final-Recipient', recipient], ['Action', action], ['Status', status], ...(diagnostic === undefined ? [] : [['Diagnostic-Code', diagnostic] as const]), ...more])}`;
  const text = `${head('Delivery Status Notification').replace('Anna Beispiel <anna@example.net>', 'Mail Delivery System <MAILER-DAEMON@mx.example.org>')}Return-Path: <>\nAuto-Submitted: auto-replied\nContent-Type: multipart/report; report-type=delivery-status;\n boundary="dsn.1"\n\n${parts('dsn.1', part('text/plain', 'This is the mail system at mx.example.org.\n'), part('message/delivery-status', status3464), returned ?? part('message/rfc822', original))}`;
  const third = returned === undefined ? 'message/rfc822(text/plain)' : 'text/rfc822-headers';
  return sample(`dsn-${name}`, about, text, {
    structure: `multipart/report(text/plain message/delivery-status ${third})`,
  });
}

const LIST: Fields = [
  ['List-Id', 'Apple talk <apples.lists.example.net>'],
  ['List-Post', '<mailto:apples@lists.example.net>'],
  ['List-Help', '<mailto:apples-help@lists.example.net>'],
  ['List-Subscribe', '<mailto:apples-subscribe@lists.example.net>'],
  ['List-Unsubscribe', '<mailto:apples-unsubscribe@lists.example.net>,\n <https://lists.example.net/apples>'],
  ['List-Archive', '<https://lists.example.net/archive/apples/>'],
  ['List-Owner', '<mailto:apples-owner@lists.example.net> (Anna)'],
  ['Precedence', 'list'],
];

const auto = (name: string, about: string, fields: Fields, body = 'I am away until the harvest.\n'): Sample =>
  sample(`auto-${name}`, about, mail('Auto: Apples', fields, body));

const invite = (method: string): string =>
  `BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//Example//Made up//EN\nMETHOD:${method}\nBEGIN:VEVENT\nUID:1@example.net\nDTSTART:20260701T090000Z\nDTEND:20260701T100000Z\nSUMMARY:${utf8('Äpfel zählen')}\nORGANIZER:mailto:anna@example.net\nATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:\n mailto:bert@example.org\nEND:VEVENT\nEND:VCALENDAR\n`;

const calendar = (method: string): Sample =>
  sample(
    `calendar-${method.toLowerCase()}`,
    `a calendar message, METHOD:${method}`,
    mixed(
      `${method}: counting`,
      'mixed',
      'cal',
      part(
        'multipart/alternative; boundary=alt',
        parts(
          'alt',
          part('text/plain', 'Counting\n'),
          part(`text/calendar; charset=utf-8; method=${method}`, invite(method), [
            ['Content-Transfer-Encoding', '8bit'],
          ]),
        ),
      ),
      part('application/ics; name="invite.ics"', invite(method), [
        ['Content-Disposition', 'attachment; filename="invite.ics"'],
      ]),
    ),
    { structure: 'multipart/mixed(multipart/alternative(text/plain text/calendar) application/ics)' },
  );

/** Mail that machines send: bounces, receipts, lists, auto-replies, invitations. */
export const reports: Sample[] = [
  dsn('failed', 'a bounce: no such user', {
    action: 'failed',
    status: '5.1.1',
    diagnostic: 'smtp; 550 5.1.1 <nobody@example.org>: unknown',
  }),
  dsn('delayed', 'delivery is delayed', {
    action: 'delayed',
    status: '4.4.1',
    more: [['Will-Retry-Until', 'Sat, 6 Jun 2026 08:15:00 +0000']],
  }),
  dsn('delivered', 'a success report', { action: 'delivered', status: '2.0.0' }),
  dsn('relayed', 'relayed to a server without DSN', {
    action: 'relayed',
    status: '2.0.0',
    more: [['Remote-MTA', 'dns; old.example.com']],
  }),
  dsn('expanded', 'expanded to a list', { action: 'expanded', status: '2.0.0' }),
  dsn('full', 'mailbox full, with the header only', {
    action: 'failed',
    status: '5.2.2',
    returned: part('text/rfc822-headers', head('Apples')),
  }),
  dsn('multiline', 'a diagnostic over many lines', {
    action: 'failed',
    status: '5.7.1',
    diagnostic: 'smtp; 550-5.7.1 We do not like\n 550-5.7.1 this message,\n 550 5.7.1 see https://example.org/why',
  }),
  dsn('utf8', 'an internationalised recipient (RFC 6533)', {
    action: 'failed',
    status: '5.1.1',
    recipient: utf8('utf-8; jürgen@bücher.example'),
  }),
  dsn('x-unknown', 'an unknown address type and fields of one vendor', {
    action: 'failed',
    status: '5.0.0',
    recipient: 'X400; /C=DE/S=nobody',
    more: [['X-Vendor-Reason', 'because']],
  }),
  dsn('three-recipients', 'three recipients in one report', {
    action: 'failed',
    status: '5.1.1',
    more: [
      [
        'Original-Recipient',
        'rfc822;a@example.org\n\nFinal-Recipient: rfc822;b@example.org\nAction: delayed\nStatus: 4.2.2\n\nFinal-Recipient: rfc822;c@example.org\nAction: delivered\nStatus: 2.0.0',
      ],
    ],
  }),
  sample(
    'bounce-qsbmf',
    'a bounce in the plain-text format of an old server',
    mail(
      'failure notice',
      [['Return-Path', '<>']],
      `Hi. This is the mail program at example.org.\nI could not deliver your message.\n\n<nobody@example.org>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n--- Below this line is a copy of the message.\n\n${original}`,
    ),
  ),
  sample(
    'bounce-text',
    'a bounce that is nothing but text',
    mail(
      'Undelivered Mail Returned to Sender',
      [
        ['Return-Path', '<>'],
        ['Content-Type', 'text/plain'],
      ],
      'Your message could not be delivered:\n  nobody@example.org: 550 no such user\n',
    ),
  ),
  sample(
    'bounce-of-bounce',
    'a bounce that returns a bounce',
    mixed(
      'Undeliverable: Undeliverable',
      'report; report-type=delivery-status',
      'bb',
      part('text/plain', 'twice\n'),
      part(
        'message/delivery-status',
        'Reporting-MTA: dns; a.example\n\nFinal-Recipient: rfc822; b@example\nAction: failed\nStatus: 5.4.6\n',
      ),
      part(
        'message/rfc822',
        mixed(
          'Undeliverable',
          'report; report-type=delivery-status',
          'b1',
          part('text/plain', 'once\n'),
          part('message/rfc822', original),
        ),
      ),
    ),
  ),
  sample(
    'mdn-displayed',
    'a read receipt (RFC 8098)',
    mixed(
      'Read: Apples',
      'report; report-type=disposition-notification',
      'mdn',
      part('text/plain', 'It was displayed.\n'),
      part(
        'message/disposition-notification',
        lines([
          ['Reporting-UA', 'client.example; Made Up 1.0'],
          ['Final-Recipient', 'rfc822;bert@example.org'],
          ['Original-Message-ID', '<Apples@example.net>'],
          ['Disposition', 'manual-action/MDN-sent-manually; displayed'],
        ]),
      ),
    ),
    { structure: 'multipart/report(text/plain message/disposition-notification)' },
  ),
  sample(
    'mdn-request',
    'asks for a read receipt',
    mail(
      'Please read',
      [
        ['Disposition-Notification-To', '<anna@example.net>'],
        ['Return-Receipt-To', 'anna@example.net'],
      ],
      'hi\n',
    ),
  ),
  sample(
    'arf',
    'an abuse report (RFC 5965)',
    mixed(
      'FW: Sale',
      'report; report-type=feedback-report',
      'arf',
      part('text/plain', 'This is an abuse report.\n'),
      part(
        'message/feedback-report',
        lines([
          ['Feedback-Type', 'abuse'],
          ['User-Agent', 'Reporter/1.0'],
          ['Version', '1'],
          ['Source-IP', '192.0.2.1'],
        ]),
      ),
      part('message/rfc822', original),
    ),
    { structure: 'multipart/report(text/plain message/feedback-report message/rfc822(text/plain))' },
  ),
  sample(
    'dmarc-report',
    'a DMARC aggregate report',
    mail(
      'Report Domain: example.org Submitter: example.net Report-ID: 1',
      [
        ['Content-Type', 'application/gzip; name="example.net!example.org!1!2.xml.gz"'],
        ['Content-Transfer-Encoding', 'base64'],
        ['Content-Disposition', 'attachment; filename="example.net!example.org!1!2.xml.gz"'],
      ],
      `${Buffer.from('made-up octets of an archive').toString('base64')}\n`,
    ),
    { structure: 'application/gzip' },
  ),
  sample(
    'tls-report',
    'an SMTP TLS report (RFC 8460)',
    mixed(
      'Report Domain: example.org',
      'report; report-type=tlsrpt',
      'tls',
      part('text/plain', 'TLS report\n'),
      part('application/tlsrpt+json', '{"organization-name":"Made up","policies":[]}\n'),
    ),
    { structure: 'multipart/report(text/plain application/tlsrpt+json)' },
  ),
  sample(
    'list',
    'mailing list mail with all List fields',
    mail(
      '[apples] Windfall',
      [['Sender', 'apples-bounces@lists.example.net'], ['Reply-To', 'apples@lists.example.net'], ...LIST],
      `${prose(1)}_______________\napples mailing list\n`,
    ),
  ),
  sample(
    'list-digest',
    'a list digest',
    mixed(
      'Apples Digest, Vol 1',
      'mixed',
      'ld',
      part('text/plain', 'Topics: 2\n'),
      part(
        'multipart/digest; boundary=d',
        parts('d', `\n${mail('One', LIST, '1\n')}`, `\n${mail('Two', LIST, '2\n')}`),
      ),
      part('text/plain', 'End\n'),
    ),
    {
      structure:
        'multipart/mixed(text/plain multipart/digest(message/rfc822(text/plain) message/rfc822(text/plain)) text/plain)',
    },
  ),
  sample(
    'list-confirm',
    'a request to confirm a subscription',
    mail(
      'confirm 0123456789',
      [
        ['Reply-To', 'apples-sc.1234.abcd-anna=example.net@lists.example.net'],
        ['Auto-Submitted', 'auto-generated'],
        ...LIST,
      ],
      'Reply to confirm.\n',
    ),
  ),
  sample(
    'list-footer-part',
    'a list footer added as a part of its own',
    mixed(
      '[apples] Footer',
      'mixed',
      'lf',
      part('text/html', '<p>hi</p>\n'),
      part('text/plain; charset=us-ascii', '____\napples mailing list\n', [
        ['Content-Disposition', 'inline'],
        ['MIME-Version', '1.0'],
      ]),
    ),
    { structure: 'multipart/mixed(text/html text/plain)' },
  ),
  auto('vacation', 'an auto-reply (RFC 3834)', [
    ['Auto-Submitted', 'auto-replied (vacation)'],
    ['In-Reply-To', '<Apples@example.net>'],
    ['Return-Path', '<>'],
  ]),
  auto('x-autoreply', 'an auto-reply with the fields of old software', [
    ['X-Autoreply', 'yes'],
    ['Precedence', 'auto_reply'],
    ['X-Auto-Response-Suppress', 'All'],
  ]),
  auto('generated', 'a notification', [['Auto-Submitted', 'auto-generated']], 'The cellar door was opened.\n'),
  auto(
    'cron',
    'the output of a nightly job',
    [
      ['X-Cron-Env', '<SHELL=/bin/sh>'],
      ['Content-Type', 'text/plain; charset=ANSI_X3.4-1968'],
    ],
    'rotating logs\ndone\n',
  ),
  ...['REQUEST', 'REPLY', 'CANCEL', 'COUNTER'].map(calendar),
  sample(
    'calendar-only',
    'an invitation without any text',
    mail(
      'Invite',
      [
        ['Content-Type', 'text/calendar; method=REQUEST; component=VEVENT; charset=utf-8'],
        ['Content-Class', 'urn:content-classes:calendarmessage'],
      ],
      invite('REQUEST'),
    ),
    { structure: 'text/calendar' },
  ),
];
