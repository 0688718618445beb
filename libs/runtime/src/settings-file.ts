/** The settings file: what the apps and every command read alike, below the environment. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Config, ConfigError, type Environment } from './config.ts';
import { errorCode } from './errors.ts';

/** Octets: all settings with the longest values are a few thousand. */
export const MAX_SETTINGS_FILE = 65_536;

const NAME = 'posthouse.env';
const LINE = /^(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)$/;
/** Values that name files: in the file they are relative to it, wherever a command is run. */
const isPath = (name: string): boolean => name === 'POSTHOUSE_DATA_DIR' || name.endsWith('_FILE');

export interface SettingsSource {
  readonly env?: Environment;
  /** As `--config` gave it. */
  readonly file?: string | undefined;
  /** Where `posthouse.env` is looked for: the checkout. */
  readonly root?: string;
}

/**
 * The configuration of apps and commands: `--config`, else POSTHOUSE_CONFIG, else `posthouse.env` of the checkout if it is there; the environment
 * wins. Throws ConfigError with every problem at once, those of the file with its name.
 */
export function loadConfig({ env = process.env, file, root = checkout() }: SettingsSource = {}): Config {
  const path = settingsFile(env, file, root);
  if (path === undefined) return Config.fromEnv(env);
  const fromFile = new Map(Object.entries(readSettings(path)).filter(([name]) => !isGiven(env, name)));
  try {
    return Config.fromEnv({ ...Object.fromEntries(fromFile), ...withoutEmpty(env) });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(
      error.problems.map((problem) =>
        fromFile.has(/^\w+/.exec(problem)?.[0] ?? '') ? `${problem} (in ${path})` : problem,
      ),
    );
  }
}

/** Absolute; undefined: there is none, and none was asked for. */
export function settingsFile(env: Environment, file?: string, root = checkout()): string | undefined {
  const given = file ?? (env['POSTHOUSE_CONFIG'] || undefined);
  if (given !== undefined) return resolve(given);
  const own = join(root, NAME);
  return existsSync(own) ? own : undefined;
}

/** The value of `--config` among arguments of an app; undefined: not given. */
export function configArgument(args: readonly string[]): string | undefined {
  const at = args.findIndex((argument) => argument === '--config' || argument.startsWith('--config='));
  const argument = args[at];
  if (argument === undefined) return undefined;
  return argument === '--config' ? args[at + 1] : argument.slice('--config='.length);
}

/** Where `package.json` lies, which is nearer in the sources than in dist. */
function checkout(folder = dirname(fileURLToPath(import.meta.url))): string {
  return existsSync(join(folder, 'package.json')) || dirname(folder) === folder ? folder : checkout(dirname(folder));
}

/** The environment has it, in one form or the other. */
function isGiven(env: Environment, name: string): boolean {
  const base = name.endsWith('_FILE') ? name.slice(0, -'_FILE'.length) : name;
  return Boolean(env[base]) || Boolean(env[`${base}_FILE`]);
}

const withoutEmpty = (env: Environment): Environment =>
  Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));

/** @returns its names and values, in order. Throws ConfigError. */
function readSettings(path: string): Record<string, string> {
  const problems: string[] = [];
  const settings = Object.create(null) as Record<string, string>;
  for (const [at, line] of textOf(path).split(/\r?\n/).entries()) {
    const text = line.trim();
    if (text === '' || text.startsWith('#')) continue;
    const fault = addSetting(settings, text, dirname(path));
    if (fault !== undefined) problems.push(`line ${at + 1} of ${path}: ${fault}`);
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return settings;
}

/** Never the line itself in what is said of it: it may hold a password. */
function addSetting(settings: Record<string, string>, text: string, folder: string): string | undefined {
  const [, name = '', raw = ''] = LINE.exec(text) ?? [];
  if (name === '') return 'expected NAME=value';
  if (!name.startsWith('POSTHOUSE_')) return `${name} is no setting of Posthouse`;
  if (name === 'POSTHOUSE_CONFIG') return 'the settings file cannot name another one';
  if (name in settings) return `${name} is set twice`;
  const value = unquoted(raw);
  if (value === undefined) return `the quotes around the value of ${name} do not match`;
  settings[name] = isPath(name) && value !== '' && !isAbsolute(value) ? join(folder, value) : value;
  return undefined;
}

/** One pair of quotes around all of it; undefined: it begins or ends one alone. */
function unquoted(value: string): string | undefined {
  const quote = value.charAt(0);
  if (quote !== '"' && quote !== "'") return value;
  return value.length > 1 && value.endsWith(quote) ? value.slice(1, -1) : undefined;
}

function textOf(path: string): string {
  try {
    const stat = statSync(path);
    if (stat.isDirectory()) throw new ConfigError([`the settings file ${path} is a folder`]);
    if (stat.size > MAX_SETTINGS_FILE)
      throw new ConfigError([`the settings file ${path} has more than ${MAX_SETTINGS_FILE} octets`]);
    return readFileSync(path, 'utf8').replace(/^\ufeff/, '');
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError([`cannot read the settings file ${path} (${errorCode(error) ?? 'unreadable'})`]);
  }
}
