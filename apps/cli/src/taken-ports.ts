/** Of a house that cannot listen: all its ports that are in the way, since each start would name only the next. */
import { createServer } from 'node:net';
import { ListenError, listenOn, type Config } from '#runtime';
import { bindOf } from './endpoints.ts';

const LISTENERS = [
  ['smtp', 'POSTHOUSE_SMTP_PORT', 'POSTHOUSE_BIND'],
  ['imap', 'POSTHOUSE_IMAP_PORT', 'POSTHOUSE_BIND'],
  ['pop3', 'POSTHOUSE_POP3_PORT', 'POSTHOUSE_BIND'],
  ['http', 'POSTHOUSE_HTTP_PORT', 'POSTHOUSE_HTTP_BIND'],
] as const;

/** @param bound listeners that are open already */
export async function everyListenError(
  first: ListenError,
  config: Config,
  bound: Readonly<Record<string, number>>,
): Promise<ListenError> {
  const words = new Set([first.message]);
  for (const [name, setting, bindSetting] of LISTENERS) {
    const port = config.ports[name];
    if (bound[name] !== undefined || port === 0) continue;
    const server = createServer();
    try {
      await listenOn(server, { host: bindOf(config, name), port, setting, bindSetting });
      await new Promise((resolve) => server.close(resolve));
    } catch (error) {
      if (error instanceof ListenError) words.add(error.message);
    }
  }
  return new ListenError([...words].join('; '), { cause: first });
}
