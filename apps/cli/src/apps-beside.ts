/** What is known of apps that run as processes of their own beside `posthouse database`: only their connections. */
import { findDatabase, type AppRole, type Config } from '#runtime';
import { connectedApps } from '#store';

export const NOT_LISTED = 'apps run as processes of their own are not listed here';

/** As in `npm run start:smtp`. */
const APPS: Readonly<Record<AppRole, string>> = {
  posthouse_ingress: 'smtp',
  posthouse_worker: 'worker',
  posthouse_pop3: 'pop3',
  posthouse_imap: 'imap',
  posthouse_api: 'api',
};

/** The apps connected to the database of the data folder now; none where it does not answer. */
export async function appsBeside(config: Config): Promise<string[]> {
  const url = findDatabase(config);
  const roles = url === undefined ? [] : await connectedApps(url).catch(() => []);
  return roles.map((role) => APPS[role]);
}
