/** The configuration as the code sees it: grouped, typed, frozen. Nobody else reads process.env. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { nearest } from './nearest.ts';
import { SECRET_SETTINGS, SETTING_NAMES, settings, type SettingName, type Settings } from './settings.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Ports {
  readonly smtp: number;
  readonly submission: number;
  readonly submissions: number;
  readonly pop3: number;
  readonly pop3s: number;
  readonly imap: number;
  readonly imaps: number;
  readonly http: number;
}

/** All problems of one environment, one a line, so that an operator fixes it in one go. Secrets are never in it. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`bad configuration\n${problems.map((problem) => `  ${problem}`).join('\n')}\nsee docs/configuration.md`);
    this.problems = problems;
  }
}

/** A class, so that Nest can inject it by type. */
export class Config {
  /** Absolute. */
  readonly dataDir: string;
  /** Nobody named it: the folder `data` of wherever the process was started. */
  readonly isDefaultFolder: boolean;
  /** `url` undefined = the embedded PostgreSQL; `poolSize` per app role. */
  readonly database: { readonly url: string | undefined; readonly poolSize: number };
  readonly redisUrl: string | undefined;
  readonly bind: string;
  readonly httpBind: string;
  readonly hostname: string;
  /** 0 = any free port. */
  readonly ports: Ports;
  /** Health and metrics listener of an app that runs alone; 0 = none. */
  readonly healthPort: number;
  /** From where passwords are taken over plain connections. */
  readonly plaintextAuth: 'loopback' | 'always' | 'never';
  readonly limits: {
    readonly messageOctets: number;
    /** Per listener. */
    readonly connections: number;
    /** Per listener and client address; loopback is exempt. */
    readonly connectionsPerIp: number;
  };
  readonly idleSeconds: { readonly smtp: number; readonly pop3: number; readonly imap: number };
  readonly drainSeconds: number;
  /** Days. */
  readonly retention: { readonly removedDays: number; readonly expungedDays: number; readonly traceDays: number };
  readonly log: { readonly level: Settings['POSTHOUSE_LOG_LEVEL']; readonly format: 'auto' | 'json' | 'pretty' };

  /** Threads of libuv's pool (`UV_THREADPOOL_SIZE`): files, names and passwords share them. */
  readonly threadPool: number;

  private constructor(env: Settings, isDefaultFolder: boolean, threadPool: number) {
    this.isDefaultFolder = isDefaultFolder;
    this.threadPool = threadPool;
    this.dataDir = resolve(env.POSTHOUSE_DATA_DIR);
    this.database = Object.freeze({ url: env.POSTHOUSE_DATABASE_URL, poolSize: env.POSTHOUSE_DATABASE_POOL });
    this.redisUrl = env.POSTHOUSE_REDIS_URL;
    this.bind = env.POSTHOUSE_BIND;
    this.httpBind = env.POSTHOUSE_HTTP_BIND;
    this.hostname = env.POSTHOUSE_HOSTNAME.toLowerCase();
    this.ports = Object.freeze({
      smtp: env.POSTHOUSE_SMTP_PORT,
      submission: env.POSTHOUSE_SUBMISSION_PORT,
      submissions: env.POSTHOUSE_SUBMISSIONS_PORT,
      pop3: env.POSTHOUSE_POP3_PORT,
      pop3s: env.POSTHOUSE_POP3S_PORT,
      imap: env.POSTHOUSE_IMAP_PORT,
      imaps: env.POSTHOUSE_IMAPS_PORT,
      http: env.POSTHOUSE_HTTP_PORT,
    });
    this.healthPort = env.POSTHOUSE_HEALTH_PORT;
    this.plaintextAuth = env.POSTHOUSE_PLAINTEXT_AUTH;
    this.limits = Object.freeze({
      messageOctets: env.POSTHOUSE_MAX_MESSAGE_OCTETS,
      connections: env.POSTHOUSE_MAX_CONNECTIONS,
      connectionsPerIp: env.POSTHOUSE_MAX_CONNECTIONS_PER_IP,
    });
    this.idleSeconds = Object.freeze({
      smtp: env.POSTHOUSE_SMTP_IDLE_SECONDS,
      pop3: env.POSTHOUSE_POP3_IDLE_SECONDS,
      imap: env.POSTHOUSE_IMAP_IDLE_SECONDS,
    });
    this.drainSeconds = env.POSTHOUSE_DRAIN_SECONDS;
    this.retention = Object.freeze({
      expungedDays: env.POSTHOUSE_EXPUNGED_DAYS,
      traceDays: env.POSTHOUSE_TRACE_DAYS,
      removedDays: env.POSTHOUSE_REMOVED_DAYS,
    });
    this.log = Object.freeze({ level: env.POSTHOUSE_LOG_LEVEL, format: env.POSTHOUSE_LOG_FORMAT });
  }

  /** Throws ConfigError with every problem at once. An empty value counts as not set. */
  static fromEnv(env: Environment = process.env): Config {
    const problems: string[] = [];
    const given = collect(env, problems);
    const parsed = settings.safeParse(Object.fromEntries(given));
    for (const { path, message } of parsed.error?.issues ?? []) {
      const name = String(path[0]);
      problems.push(`${name}${shown(name, given.get(name))}: ${message}`);
    }
    if (parsed.success) problems.push(...sharedPorts(parsed.data));
    if (!parsed.success || problems.length > 0) throw new ConfigError(problems);
    return Object.freeze(new Config(parsed.data, !given.has('POSTHOUSE_DATA_DIR'), threadPoolOf(env)));
  }

  /** The same configuration with the database it was started or found with. */
  withDatabaseUrl(url: string): Config {
    const copy: Config = Object.create(Config.prototype);
    return Object.freeze(Object.assign(copy, this, { database: Object.freeze({ ...this.database, url }) }));
  }
}

/** As libuv reads it when its first task comes: 4 where it is not set, at most 1,024. */
function threadPoolOf({ UV_THREADPOOL_SIZE: given }: Environment): number {
  const size = given === undefined ? 4 : Number.parseInt(given, 10);
  return Number.isNaN(size) ? 1 : Math.min(Math.max(size, 1), 1_024);
}

const names: ReadonlySet<string> = new Set(SETTING_NAMES);
const secrets: ReadonlySet<string> = new Set(SECRET_SETTINGS);
const FILE = '_FILE';

const shown = (name: string, value: string | undefined): string =>
  value === undefined || secrets.has(name) ? '' : ` is ${JSON.stringify(value.slice(0, 80))}`;

/** The POSTHOUSE_* names that are set, secrets read from their files; what is wrong with them goes to `problems`. */
function collect(env: Environment, problems: string[]): Map<string, string> {
  const given = new Map<string, string>();
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith('POSTHOUSE_') || value === undefined || value === '') continue;
    const base = name.endsWith(FILE) ? name.slice(0, -FILE.length) : undefined;
    if (names.has(name)) given.set(name, value);
    else if (base === undefined || !secrets.has(base)) problems.push(unknownName(name));
    else if (env[base]) problems.push(`${name} and ${base} are both set: set one of them`);
    else readSecret(base, value, given, problems);
  }
  return given;
}

function readSecret(base: string, path: string, given: Map<string, string>, problems: string[]): void {
  try {
    given.set(base, readFileSync(path, 'utf8').replace(/\r?\n$/, ''));
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    problems.push(`${base}${FILE}: cannot read ${path} (${reason})`);
  }
}

function unknownName(name: string): string {
  const known = [...names, ...[...secrets].map((secret) => secret + FILE)];
  const guess = nearest(name, known);
  return `${name}: no such setting${guess === undefined ? '' : `, did you mean ${guess}?`}`;
}

const LISTENING = [
  'POSTHOUSE_SMTP_PORT',
  'POSTHOUSE_POP3_PORT',
  'POSTHOUSE_IMAP_PORT',
  'POSTHOUSE_HTTP_PORT',
] as const satisfies readonly SettingName[];

function sharedPorts(parsed: Settings): string[] {
  const seen = new Map<number, string>();
  return LISTENING.flatMap((name) => {
    const port = parsed[name];
    const other = seen.get(port);
    if (port === 0) return [];
    seen.set(port, name);
    return other === undefined ? [] : [`${name} is ${port}, and so is ${other}: choose another port`];
  });
}
