/** What is known of apps that run as processes of their own beside `posthouse database`: only their connections. */
import { findDatabase, isRoleUrl, type AppRole, type Config } from '#runtime';
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

export interface AppBeside {
  /** As in APPS. */
  readonly name: string;
  /** On this machine. */
  readonly isHere: boolean;
}

/** The apps connected to the database of the data folder now; undefined where it does not tell. */
export async function appsBeside(config: Config): Promise<AppBeside[] | undefined> {
  const url = findDatabase(config);
  // One role is not shown what the others do.
  if (url === undefined || isRoleUrl(url)) return undefined;
  const apps = await connectedApps(url).catch(() => undefined);
  return apps?.map(({ role, isHere }) => ({ name: APPS[role], isHere }));
}
