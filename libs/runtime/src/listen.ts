/** Listening, with errors that name the setting to change. */
import type { Server } from 'node:net';
import { errorCode, reasonOf } from './errors.ts';
import type { SettingName } from './settings.ts';

export interface ListenAddress {
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  /** The setting the port comes from. */
  readonly setting: SettingName;
  /** The setting the host comes from. */
  readonly bindSetting?: 'POSTHOUSE_BIND' | 'POSTHOUSE_HTTP_BIND';
}

/** A listener could not be opened; the message names setting, reason and remedy. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}

/** The error of a failed listen(), in an operator's words. */
export function listenError(
  error: unknown,
  { host, port, setting, bindSetting = 'POSTHOUSE_BIND' }: ListenAddress,
): ListenError {
  const words = (() => {
    switch (errorCode(error)) {
      case 'EADDRINUSE':
        return `${setting} ${port} is taken on ${host}: stop the program that listens there, or set ${setting} to a free port (0 = any)`;
      case 'EACCES':
        return `${setting} ${port} is not allowed to this user: ports under 1024 need root, CAP_NET_BIND_SERVICE or the sysctl net.ipv4.ip_unprivileged_port_start; or set ${setting} to a higher port`;
      case 'EADDRNOTAVAIL':
        return `${setting} ${port}: this machine has no address ${host}; set ${bindSetting} to one of its own`;
      default:
        return `${setting} ${port} on ${host}: ${reasonOf(error)}`;
    }
  })();
  return new ListenError(words, { cause: error });
}

/** Connections the kernel may queue: a burst of short connections must not meet resets. */
const BACKLOG = 4_096;

/** Resolves with the port really bound. Throws ListenError. */
export async function listenOn(server: Server, address: ListenAddress): Promise<number> {
  const { host, port } = address;
  await new Promise<void>((resolve, reject) => {
    const failed = (error: Error): void => reject(listenError(error, address));
    server.once('error', failed);
    server.listen({ host, port, backlog: BACKLOG }, () => {
      server.off('error', failed);
      resolve();
    });
  });
  const bound = server.address();
  return bound !== null && typeof bound === 'object' ? bound.port : port;
}
