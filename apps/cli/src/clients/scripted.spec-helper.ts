/** Servers that say what they are told to, whoever asks. */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** For each line that comes, the first answer whose pattern fits; lines that fit none, those of DATA among them, get no answer. */
export type Answers = readonly (readonly [RegExp, string])[];

export interface Scripted {
  readonly host: string;
  readonly port: number;
  /** The lines that came. */
  readonly heard: string[];
}

/** @returns a way to open them, and one to close all of them with their connections */
export function scriptedServers(): {
  scripted: (greeting: string, answers: Answers) => Promise<Scripted>;
  close: () => void;
} {
  const servers: Server[] = [];
  const sockets: Socket[] = [];
  const scripted = async (greeting: string, answers: Answers): Promise<Scripted> => {
    const heard: string[] = [];
    const server = createServer((socket) => {
      sockets.push(socket);
      let rest = '';
      socket.on('error', () => undefined);
      socket.write(greeting);
      socket.on('data', (chunk) => {
        rest += chunk.toString('latin1');
        for (let end = rest.indexOf('\r\n'); end >= 0; end = rest.indexOf('\r\n')) {
          const line = rest.slice(0, end);
          rest = rest.slice(end + 2);
          heard.push(line);
          const answer = answers.find(([pattern]) => pattern.test(line));
          if (answer) socket.write(Buffer.from(answer[1], 'utf8'));
        }
      });
    });
    servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return { host: '127.0.0.1', port: (server.address() as AddressInfo).port, heard };
  };
  const close = (): void => {
    for (const socket of sockets.splice(0)) socket.destroy();
    for (const server of servers.splice(0)) server.close();
  };
  return { scripted, close };
}
