/** What a start prints: where the house listens, what a mail client needs, and the way to the first mail. Pure. */
import type { Config } from '#runtime';
import { bindOf } from './endpoints.ts';
import { facts, table } from './table.ts';

export interface FirstStepsFacts {
  readonly config: Pick<Config, 'bind' | 'httpBind' | 'hostname' | 'plaintextAuth'>;
  /** Ports really bound, by listener: smtp, pop3, imap, http. */
  readonly listeners: Readonly<Record<string, number>>;
  /** Where the data lies, for people. */
  readonly place: string;
}

const LISTENERS = [
  ['smtp', 'mail from the world', 'POSTHOUSE_SMTP_PORT'],
  ['pop3', 'reading mail', 'POSTHOUSE_POP3_PORT'],
  ['imap', 'reading mail', 'POSTHOUSE_IMAP_PORT'],
  ['http', 'health and metrics', 'POSTHOUSE_HTTP_PORT'],
] as const;

const PASSWORDS = {
  loopback: 'taken from this machine only (POSTHOUSE_PLAINTEXT_AUTH)',
  always: 'taken without encryption from everywhere (POSTHOUSE_PLAINTEXT_AUTH)',
  never: 'not taken without encryption (POSTHOUSE_PLAINTEXT_AUTH)',
} as const;

/** Pasted all at once, they lie in the terminal's input: none of them may read it, as the question for a password would. */
export const STEPS = [
  'npx posthouse domain add example.test',
  'npx posthouse mailbox add you@example.test --generate-password',
  'echo "Hello" | npx posthouse send --to you@example.test --subject "First mail" -',
  'npx posthouse trace you@example.test',
];

/** Text for the terminal, with a final line end; the commands are ready to paste. */
export function firstSteps({ config, listeners, place }: FirstStepsFacts): string {
  const { bind, hostname, plaintextAuth } = config;
  const server = isLoopback(bind) ? bind : hostname;
  const rows = LISTENERS.flatMap(([name, purpose, setting]) => {
    const port = listeners[name];
    return port === undefined ? [] : [[name.toUpperCase(), endpoint(bindOf(config, name), port), purpose, setting]];
  });
  const client = facts([
    ['user name', 'the whole address'],
    ...(listeners['imap'] === undefined
      ? []
      : [['IMAP', `${server} port ${listeners['imap']}, no encryption`] as const]),
    ...(listeners['pop3'] === undefined
      ? []
      : [['POP3', `${server} port ${listeners['pop3']}, no encryption`] as const]),
    ['passwords', PASSWORDS[plaintextAuth]],
  ]);
  const lines = [
    `Posthouse is up: ${place}.`,
    '',
    ...table(['LISTENER', 'ADDRESS', 'FOR', 'SETTING'], rows),
    '',
    'Settings for a mail client:',
    ...indent(client),
    '',
    'The way to the first mail, in another terminal:',
    ...indent(STEPS),
    'or see all of it at once:',
    ...indent(['npx posthouse demo']),
    'and when something is wrong:',
    ...indent(['npx posthouse doctor']),
  ];
  return `${lines.join('\n')}\n`;
}

/** The same for `posthouse database`. */
export const databaseSteps = (place: string): string =>
  `The database of the house is up: ${place}.\nStart the apps beside it: npm run start:smtp, start:worker, start:pop3, start:imap, start:api.\n`;

const indent = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`);
const isLoopback = (address: string): boolean => address.startsWith('127.') || address === '::1';
const endpoint = (host: string, port: number): string => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`);
