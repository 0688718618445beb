/**
 * Every setting there is, as one zod object over the environment. infra/docs-config.ts turns it into docs/configuration.md.
 * Meta beside the description: `group` (heading), `secret` (never shown; may come from the file named by `<NAME>_FILE`),
 * `shownDefault` (where the default is a fact of the machine).
 */
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { z } from 'zod';

/** No unit of ours needs more digits; Number() is exact up to here. */
const WHOLE_NUMBER = /^\d{1,15}$/;

// Not z.coerce: it reads '' as 0, '0x19' as 25 and '1e3' as 1000.
const digitsToNumber = (value: unknown): unknown =>
  typeof value === 'string' && WHOLE_NUMBER.test(value) ? Number(value) : value;

const whole = (min: number, max: number, fallback: number) => {
  const expected = `expected a whole number from ${min} to ${max}`;
  return z.preprocess(digitsToNumber, z.int(expected).min(min, expected).max(max, expected)).default(fallback);
};

const port = (fallback: number) => whole(0, 65_535, fallback);

const isHostName = (name: string): boolean =>
  z.hostname().safeParse(name).success && !name.endsWith('.') && isIP(name) === 0;

// A container's random name may hold what no host name may; the first start must not fail because of it.
const machineName = (): string => (isHostName(hostname()) ? hostname().toLowerCase() : 'localhost');

const NET = 'Listeners';
const STORE = 'Data and services';
const LIMITS = 'Limits and time-outs';
const OPS = 'Operation';

const address = z
  .union([z.ipv4(), z.ipv6()], 'expected an IP address such as 127.0.0.1, 0.0.0.0 or ::')
  .default('127.0.0.1');

const listener = (what: string) => ({
  group: NET,
  description: `${what}; 0 = any free port.`,
});

const LATER = 'reserved for a later release, nothing listens there yet';

export const settings = z.object({
  POSTHOUSE_CONFIG: z.string().optional().meta({
    group: STORE,
    shownDefault: '`posthouse.env` in the checkout, if it is there',
    description: 'The settings file, as `--config` names it. In the environment only.',
  }),
  POSTHOUSE_DATA_DIR: z
    .string()
    .default('./data')
    .meta({ group: STORE, description: 'Folder of the embedded database, the lock, `house.json` and `house.id`.' }),
  POSTHOUSE_DATABASE_URL: z
    .url({ protocol: /^postgres(ql)?$/, error: 'expected postgres://user:password@host:port/database' })
    .optional()
    .meta({
      group: STORE,
      secret: true,
      shownDefault: 'embedded PostgreSQL',
      description:
        'PostgreSQL 15 or later. Give the owner of the database (each app derives its own role and password from it) or the role of one app.',
    }),
  POSTHOUSE_DATABASE_POOL: whole(1, 200, 4).meta({
    group: STORE,
    description: 'Connections of each pool; every app has one pool under its own role.',
  }),
  POSTHOUSE_REDIS_URL: z
    .url({ protocol: /^rediss?$/, error: 'expected redis://host:port' })
    .optional()
    .meta({
      group: STORE,
      secret: true,
      shownDefault: 'none: the queue rings through PostgreSQL',
      description: 'Redis or Valkey for doorbells. Losing it loses no mail.',
    }),
  POSTHOUSE_BIND: address.meta({ group: NET, description: 'Address that the mail listeners bind to.' }),
  POSTHOUSE_HTTP_BIND: address.meta({
    group: NET,
    description:
      'Address that HTTP and the health listeners bind to. Of its own, so that opening the mail ports to the world does not open `/metrics`.',
  }),
  POSTHOUSE_HOSTNAME: z
    .string()
    .refine(isHostName, 'expected a host name such as mail.example.org')
    .default(machineName)
    .meta({
      group: NET,
      shownDefault: "the machine's",
      description: 'Name said in greetings and in `Received:` fields.',
    }),
  POSTHOUSE_SMTP_PORT: port(2525).meta(listener('Mail from the world (25 in production)')),
  POSTHOUSE_SUBMISSION_PORT: port(2587).meta(listener(`Submission with STARTTLS (587): ${LATER}`)),
  POSTHOUSE_SUBMISSIONS_PORT: port(2465).meta(listener(`Submission over TLS (465): ${LATER}`)),
  POSTHOUSE_POP3_PORT: port(2110).meta(listener('POP3 (110 in production)')),
  POSTHOUSE_POP3S_PORT: port(2995).meta(listener(`POP3 over TLS (995): ${LATER}`)),
  POSTHOUSE_IMAP_PORT: port(2143).meta(listener('IMAP (143 in production)')),
  POSTHOUSE_IMAPS_PORT: port(2993).meta(listener(`IMAP over TLS (993): ${LATER}`)),
  POSTHOUSE_HTTP_PORT: port(8080).meta(listener('HTTP: API, `/health/live`, `/health/ready`, `/metrics`')),
  POSTHOUSE_HEALTH_PORT: port(0).meta({
    group: NET,
    description: 'Health and metrics listener of an app that runs as its own process; 0 = none.',
  }),
  POSTHOUSE_PLAINTEXT_AUTH: z
    .enum(['loopback', 'always', 'never'])
    .default('loopback')
    .meta({ group: LIMITS, description: 'From where passwords are taken over unencrypted connections.' }),
  POSTHOUSE_MAX_MESSAGE_OCTETS: whole(65_536, 1_073_741_824, 52_428_800).meta({
    group: LIMITS,
    description: 'Largest message in octets; announced as SIZE, refused with 552 5.3.4 above.',
  }),
  POSTHOUSE_MAX_CONNECTIONS: whole(1, 1_000_000, 10_000).meta({
    group: LIMITS,
    description: 'Connections at once on each listener.',
  }),
  POSTHOUSE_MAX_CONNECTIONS_PER_IP: whole(1, 1_000_000, 50).meta({
    group: LIMITS,
    description: 'Connections at once from one address on each listener; loopback is exempt.',
  }),
  POSTHOUSE_SMTP_IDLE_SECONDS: whole(1, 86_400, 300).meta({
    group: LIMITS,
    description: 'Silence after which an SMTP connection is closed (RFC 5321 4.5.3.2.7: at least 300).',
  }),
  POSTHOUSE_POP3_IDLE_SECONDS: whole(1, 86_400, 600).meta({
    group: LIMITS,
    description: 'Silence after which a POP3 connection is closed (RFC 1939 3: at least 600).',
  }),
  POSTHOUSE_IMAP_IDLE_SECONDS: whole(1, 86_400, 1_800).meta({
    group: LIMITS,
    description: 'Silence after which an IMAP connection is closed (RFC 3501 5.4: at least 1800).',
  }),
  POSTHOUSE_DRAIN_SECONDS: whole(0, 3_600, 60).meta({
    group: LIMITS,
    description: 'Longest wait at shutdown for transactions and deliveries in hand.',
  }),
  POSTHOUSE_REMOVED_DAYS: whole(0, 36_500, 14).meta({
    group: OPS,
    description: 'Days of grace in which a removed mailbox keeps all that it had.',
  }),
  POSTHOUSE_EXPUNGED_DAYS: whole(0, 36_500, 7).meta({
    group: OPS,
    description:
      'Days that the body of a mail is kept after its last copy was deleted, or the grace of the mailbox that held it was over.',
  }),
  POSTHOUSE_TRACE_DAYS: whole(1, 36_500, 90).meta({
    group: OPS,
    description:
      'Days that `trace` knows a mail that lies in no folder any more, and a refusal; counted from its arrival.',
  }),
  POSTHOUSE_LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .meta({ group: OPS, description: 'Least severe level written; `trace` shows dialogues with credentials masked.' }),
  POSTHOUSE_LOG_FORMAT: z
    .enum(['auto', 'json', 'pretty'])
    .default('auto')
    .meta({ group: OPS, description: '`auto`: pretty on a terminal, JSON elsewhere.' }),
});

export type Settings = z.infer<typeof settings>;
export type SettingName = keyof Settings;

/** One setting as its documentation and its error messages need it. */
export interface SettingFacts {
  readonly name: SettingName;
  readonly group: string;
  readonly description: string;
  readonly secret: boolean;
  readonly default: string;
  /** `text`, `number 0..65535` or the words to choose from. */
  readonly values: string;
}

const factsShape = z.object({
  properties: z.record(
    z.string(),
    z.object({
      type: z.string().optional(),
      enum: z.array(z.string()).optional(),
      minimum: z.number().optional(),
      maximum: z.number().optional(),
      default: z.union([z.string(), z.number()]).optional(),
      description: z.string(),
      group: z.string(),
      secret: z.boolean().optional(),
      shownDefault: z.string().optional(),
    }),
  ),
});

const isSettingName = (name: string): name is SettingName => Object.hasOwn(settings.shape, name);

export const SETTING_NAMES: readonly string[] = Object.keys(settings.shape);
/** Their values reach no error and no log. */
export const SECRET_SETTINGS: readonly string[] = Object.entries(settings.shape)
  .filter(([, setting]) => setting.meta()?.['secret'] === true)
  .map(([name]) => name);

/** All settings in the order of the schema, read back from its JSON Schema. */
export function settingFacts(): readonly SettingFacts[] {
  const { properties } = factsShape.parse(z.toJSONSchema(settings));
  return Object.entries(properties).flatMap(([name, { enum: words, ...it }]) => {
    if (!isSettingName(name)) return [];
    const bounds = it.type === 'integer' || it.type === 'number' ? `${it.minimum ?? 0} to ${it.maximum ?? ''}` : 'text';
    return [
      {
        name,
        group: it.group,
        description: it.description,
        secret: it.secret ?? false,
        default: it.shownDefault ?? String(it.default ?? ''),
        values: words?.join(', ') ?? bounds,
      },
    ];
  });
}
