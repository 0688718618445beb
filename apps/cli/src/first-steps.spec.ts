import { expect, test } from 'vitest';
import { firstSteps } from './first-steps.ts';

const listeners = { smtp: 2525, pop3: 2110, imap: 2143, http: 8080 };

test('on loopback', () => {
  const config = {
    bind: '127.0.0.1',
    httpBind: '127.0.0.1',
    hostname: 'mail.example.org',
    plaintextAuth: 'loopback',
  } as const;
  expect(firstSteps({ config, listeners, place: 'embedded PostgreSQL in ./data' }))
    .toBe(`Posthouse is up: embedded PostgreSQL in ./data.

LISTENER  ADDRESS         FOR                  SETTING
SMTP      127.0.0.1:2525  mail from the world  POSTHOUSE_SMTP_PORT
POP3      127.0.0.1:2110  reading mail         POSTHOUSE_POP3_PORT
IMAP      127.0.0.1:2143  reading mail         POSTHOUSE_IMAP_PORT
HTTP      127.0.0.1:8080  health and metrics   POSTHOUSE_HTTP_PORT

Settings for a mail client:
  user name  the whole address
  IMAP       127.0.0.1 port 2143, no encryption
  POP3       127.0.0.1 port 2110, no encryption
  passwords  taken from this machine only (POSTHOUSE_PLAINTEXT_AUTH)

The way to the first mail, in another terminal:
  npx posthouse domain add example.test
  npx posthouse mailbox add you@example.test --generate-password
  echo "Hello" | npx posthouse send --to you@example.test --subject "First mail" -
  npx posthouse trace you@example.test
or see all of it at once:
  npx posthouse demo
and when something is wrong:
  npx posthouse doctor
`);
});

test('open to the world it names the host', () => {
  const config = { bind: '::', httpBind: '127.0.0.1', hostname: 'mail.example.org', plaintextAuth: 'never' } as const;
  const text = firstSteps({ config, listeners: { smtp: 25, imap: 143, http: 8080 }, place: 'PostgreSQL' });
  expect(text).toContain('[::]:25');
  expect(text).toContain('127.0.0.1:8080');
  expect(text).toContain('mail.example.org port 143');
  expect(text).not.toContain('POP3');
});
