/** Who lives here: it decides what else there is to examine. */
import { houseHolder, readHouse, type Config } from '#runtime';
import { appsBeside, type AppBeside } from '../apps-beside.ts';
import { holderName } from '../house-database.ts';
import { ok, warn, type Finding } from './finding.ts';

/**
 * `serving`: listeners are to answer, and mail to flow. `starting`: what is there is not to be disturbed. `vacant`: the ports are to
 * be free.
 */
export type Occupancy = 'serving' | 'starting' | 'vacant';

export interface Household {
  readonly finding: Finding;
  readonly occupancy: Occupancy;
  /** How a listener that does not answer is brought to do so. */
  readonly remedy: (app: string) => string;
  /** What is to be said where a listener of this app does not answer here, and need not; undefined: it should. */
  readonly excuse: (app: string) => Finding | undefined;
}

const startHouse = (): string => 'look into the log of the house, or stop it and start it again';
const startApp = (app: string): string => `start it with npm run start:${app}`;

const noExcuse = (): undefined => undefined;

const serving = (finding: Finding, remedy = startApp, excuse: Household['excuse'] = noExcuse): Household => ({
  finding,
  occupancy: 'serving',
  remedy,
  excuse,
});
const vacant = (finding: Finding): Household => ({ finding, occupancy: 'vacant', remedy: startApp, excuse: noExcuse });

type Connected = (config: Config) => Promise<readonly AppBeside[] | undefined>;

/** @param connected the apps connected to the database; undefined: not to be known */
export async function findHousehold(config: Config, connected: Connected = appsBeside): Promise<Household> {
  const { dataDir, database } = config;
  const found = houseHolder(dataDir);
  const holder = found?.purpose === 'command' ? undefined : found;
  if (holder === undefined) {
    if (database.url === undefined) return vacant(warn('house: not running', 'start it with posthouse up'));
    const what = `house: none runs in ${dataDir}, and the database is one by URL`;
    return ofApps(what, await connected(config), `${START_APPS}, or all of them with posthouse up`);
  }
  if (readHouse(dataDir)?.running !== true) {
    const finding = warn(`house: ${holderName(holder)} is starting it`, 'wait until it serves, and examine it again');
    return { finding, occupancy: 'starting', remedy: startHouse, excuse: noExcuse };
  }
  if (holder.purpose === 'house') return serving(ok(`house: running as ${holderName(holder)}`), startHouse);
  const what = `house: the database runs alone, as ${holderName(holder)}`;
  return ofApps(what, await connected(config), START_APPS);
}

const START_APPS = 'start the apps with npm run start:smtp and so on';

/** Of apps that are processes of their own, perhaps elsewhere, only their connections are known. */
function ofApps(what: string, apps: readonly AppBeside[] | undefined, start: string): Household {
  if (apps === undefined)
    return serving(warn(`${what}; which apps are connected is not to be known`, 'see the findings about the database'));
  if (apps.length === 0) return vacant(warn(`${what}; no app is connected`, start));
  const shown = apps.map(({ name, isHere }) => (isHere ? name : `${name} (on another machine)`)).join(', ');
  return serving(ok(`${what}; connected: ${shown}`), startApp, (app) => excuseOf(app, apps));
}

function excuseOf(app: string, apps: readonly AppBeside[]): Finding | undefined {
  const found = apps.find(({ name }) => name === app);
  if (found?.isHere) return undefined;
  if (found) return ok(`${app}: runs on another machine`);
  return warn(`${app}: none is connected to the database`, `${startApp(app)}, here or on another machine`);
}
