/** What is known of apps that run as processes of their own: their connections, and what they wrote down on this machine. */
import { findDatabase, isRoleUrl, isServing, servingRecords, type AppRole, type Config } from '#runtime';
import { connectedApps } from '#store';

export const NOT_LISTED = 'where apps listen that are processes of their own is not known here';

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

/**
 * The apps that are connected to the database of the data folder now, and those that serve on this machine and have no connection at the moment.
 * Undefined where nothing tells.
 */
export async function appsBeside(config: Config): Promise<AppBeside[] | undefined> {
  const here = servingHere(config);
  const connected = await appsConnected(config);
  if (connected === undefined) return here.length === 0 ? undefined : here;
  return Object.values(APPS).flatMap(
    (name) => here.find((app) => app.name === name) ?? connected.filter((app) => app.name === name),
  );
}

async function appsConnected(config: Config): Promise<AppBeside[] | undefined> {
  const url = findDatabase(config);
  // One role is not shown what the others do.
  if (url === undefined || isRoleUrl(url)) return undefined;
  const apps = await connectedApps(url).catch(() => undefined);
  return apps?.map(({ role, isHere }) => ({ name: APPS[role], isHere }));
}

/** What they wrote into the data folder, as far as their processes live. */
function servingHere({ dataDir }: Config): AppBeside[] {
  const serving = new Set(
    servingRecords(dataDir)
      .filter(isServing)
      .map(({ app }) => app),
  );
  return Object.values(APPS)
    .filter((name) => serving.has(name))
    .map((name) => ({ name, isHere: true }));
}
