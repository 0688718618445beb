/** Where the house listens: what it wrote down when it started, else what the settings say. */
import { readHouse, type Config } from '#runtime';
import type { Endpoint } from './clients/line-client.ts';

export interface Endpoints {
  readonly smtp: Endpoint;
  readonly pop3: Endpoint;
  readonly imap: Endpoint;
  readonly http: Endpoint;
}

export function findEndpoints(config: Config): Endpoints {
  const house = readHouse(config.dataDir);
  const listeners = house?.running ? house.record.listeners : {};
  const at = (name: keyof Endpoints): Endpoint => ({
    host: connectAddress(bindOf(config, name)),
    port: listeners[name] ?? config.ports[name],
  });
  return { smtp: at('smtp'), pop3: at('pop3'), imap: at('imap'), http: at('http') };
}

/** The address that a listener binds to. */
export const bindOf = ({ bind, httpBind }: Pick<Config, 'bind' | 'httpBind'>, listener: string): string =>
  listener === 'http' ? httpBind : bind;

/** Wildcard addresses are for listening only. */
function connectAddress(bind: string): string {
  if (bind === '0.0.0.0') return '127.0.0.1';
  return bind === '::' ? '::1' : bind;
}
