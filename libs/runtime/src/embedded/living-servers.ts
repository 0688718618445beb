/**
 * Whether any server process of the cluster lives, where it cannot be seen: in another container or PID namespace /proc does not show it. Every
 * server is given a listening Unix socket, which no one ever serves; all its processes inherit it, and the kernel takes connections on it for as
 * long as one of them lives. Linux only: elsewhere there are no PID namespaces.
 */
import { closeSync, linkSync, openSync, renameSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { errorCode } from '../errors.ts';

const socketOf = (cluster: string): string => `${cluster}.alive`;

export interface LifeSocket {
  /** Descriptor to be inherited. */
  readonly fd: number;
  /** To be called when the server has it; the file stays. */
  close(): void;
}

/** A socket for the server that is to be started, in the place of that of the last one. Rejects where the file system holds no sockets. */
export async function lifeSocket(cluster: string): Promise<LifeSocket | undefined> {
  if (process.platform !== 'linux') return undefined;
  // Closing the listener removes the name that it was bound to: the other one stays.
  const [bound, kept] = [draftName(cluster), draftName(cluster)];
  const folder = openSync(dirname(cluster), 'r');
  const server = createServer();
  try {
    await once(server.listen(shortPath(folder, bound)), 'listening');
    linkSync(join(dirname(cluster), bound), join(dirname(cluster), kept));
    renameSync(join(dirname(cluster), kept), socketOf(cluster));
    return { fd: descriptorOf(server), close: () => end(server, folder) };
  } catch (error) {
    end(server, folder);
    rmSync(join(dirname(cluster), kept), { force: true });
    throw error;
  }
}

function end(server: Server, folder: number): void {
  // Its name is looked up by the open folder.
  server.close(() => closeSync(folder));
}

const draftName = (cluster: string): string =>
  `${socketOf(cluster).slice(dirname(cluster).length + 1)}.${randomBytes(4).toString('hex')}`;

/** A socket's address has room for 108 octets (unix(7)); a data folder may lie deeper. */
const shortPath = (folder: number, name: string): string => `/proc/self/fd/${folder}/${name}`;

/** Node gives the descriptor of a listener to a child over IPC only, and the server speaks no IPC. */
function descriptorOf(server: Server): number {
  const handle: unknown = '_handle' in server ? server._handle : undefined;
  if (typeof handle === 'object' && handle !== null && 'fd' in handle && typeof handle.fd === 'number')
    return handle.fd;
  throw new Error('the listener has no descriptor');
}

/** Whether a process lives that inherited the cluster's socket, wherever on this kernel. */
export async function anyServerLives(cluster: string): Promise<boolean> {
  if (process.platform !== 'linux') return false;
  try {
    (await connected(cluster)).destroy();
    return true;
  } catch (error) {
    // Refused: all who had it are dead. Anything else but a missing one (a queue that is full, for one) is no proof of that.
    return !['ECONNREFUSED', 'ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '');
  }
}

/** The end of all who inherited a cluster's socket. */
export interface Watch {
  readonly ended: Promise<void>;
}

/**
 * Nobody takes the connection, and the kernel closes it with the last of those who inherited the cluster's socket. It keeps no process from
 * ending. Undefined: nobody lives, or their end cannot be seen.
 */
export async function watchServers(cluster: string): Promise<Watch | undefined> {
  if (process.platform !== 'linux') return undefined;
  try {
    const socket = (await connected(cluster)).unref();
    const ended = new Promise<void>((resolve) => {
      socket.on('error', () => undefined).once('close', () => resolve());
    });
    socket.resume();
    return { ended };
  } catch {
    return undefined;
  }
}

async function connected(cluster: string): Promise<Socket> {
  const folder = openSync(dirname(cluster), 'r');
  try {
    const socket = connect(shortPath(folder, socketOf(cluster).slice(dirname(cluster).length + 1)));
    await once(socket, 'connect');
    return socket;
  } finally {
    closeSync(folder);
  }
}
