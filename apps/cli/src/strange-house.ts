/** A house whose data folder is not ours, on the ports where ours would be: what this folder holds may be an old one. */
import { connect } from 'node:net';
import { HouseError, type Config } from '#runtime';
import { findEndpoints } from './endpoints.ts';

/** Milliseconds for the greeting: it comes from this machine. */
const GREETING_MS = 1_000;
/** RFC 5321 4.2: a reply line has 512 octets at most. */
const MAX_GREETING = 512;

/**
 * Throws HouseError before the database of a folder that nobody named is started for a command, while a Posthouse that is not the house
 * of this folder answers on the SMTP port: with its settings in another shell, the command would change a database that nobody reads.
 */
export async function refuseStrangeHouse(config: Config): Promise<void> {
  if (!config.isDefaultFolder || config.ports.smtp === 0) return;
  const { host, port } = findEndpoints(config).smtp;
  const greeting = await firstLine(host, port);
  if (!/^220[ -].*\bPosthouse\b/.test(greeting)) return;
  throw new HouseError(
    `a Posthouse serves on port ${port}, and it is not the house of ${config.dataDir}, which does not run: give this command its settings ` +
      '(POSTHOUSE_DATABASE_URL or POSTHOUSE_DATA_DIR, best in posthouse.env), or name this folder by POSTHOUSE_DATA_DIR if it is meant',
  );
}

/** '' where nobody answers. */
function firstLine(host: string, port: number): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect({ host, port });
    const end = (): void => {
      socket.destroy();
      resolve(text);
    };
    socket.setTimeout(GREETING_MS, end).on('error', end).on('close', end);
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      if (text.includes('\n') || text.length > MAX_GREETING) end();
    });
  });
}
