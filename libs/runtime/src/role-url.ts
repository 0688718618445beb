/** How each app connects by its own Postgres role, from the one URL an operator gives (design: mutually distrusting programs). */
import { createHmac } from 'node:crypto';

/** The login roles of the apps; migrations create them with the password of `rolePassword`. */
export const APP_ROLES = [
  'posthouse_ingress',
  'posthouse_worker',
  'posthouse_pop3',
  'posthouse_imap',
  'posthouse_api',
] as const;
export type AppRole = (typeof APP_ROLES)[number];

/** A database URL that cannot do what is asked of it; the message says which part and what to do. Never holds the URL itself. */
export class DatabaseUrlError extends Error {
  override readonly name = 'DatabaseUrlError';
}

const parse = (url: string): URL => {
  try {
    return new URL(url);
  } catch {
    // `cause` left out on purpose: it would carry the URL, and so the password, into the log.
    throw new DatabaseUrlError('the database URL is not a URL; expected postgres://user:password@host:port/database');
  }
};

/** True for the URL of an app's role; such a process can run that app only, and no migrations. */
export const isRoleUrl = (url: string): boolean => APP_ROLES.some((role) => role === parse(url).username);

/** The password of an app's role: hex HMAC-SHA256 under the owner's password, so that nothing has to be stored or configured. */
export function rolePassword(ownerUrl: string, role: AppRole): string {
  const { password } = parse(ownerUrl);
  if (password === '')
    throw new DatabaseUrlError(
      `the database URL has no password, and the password of ${role} is derived from it: ` +
        `put the owner's password into POSTHOUSE_DATABASE_URL (or _FILE), or give the app its own ${role} URL`,
    );
  return createHmac('sha256', decodeURIComponent(password)).update(`posthouse role ${role}`).digest('hex');
}

/** The URL under which an app connects. A URL of an app role is taken as it is. Throws DatabaseUrlError. */
export function roleUrl(url: string, role: AppRole): string {
  if (isRoleUrl(url)) return url;
  const own = parse(url);
  own.password = rolePassword(url, role);
  own.username = role;
  return own.href;
}

/** The URL with its password masked, for people and logs. */
export function maskUrl(url: string): string {
  const masked = parse(url);
  if (masked.password !== '') masked.password = '***';
  return masked.href;
}
