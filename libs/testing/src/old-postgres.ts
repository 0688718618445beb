/** A server that speaks just enough of PostgreSQL's protocol to say how old it is; every other statement fails. */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';

/** A message of the server: its type, its length, and its content. */
function message(type: string, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const head = Buffer.alloc(5, type, 'latin1');
  head.writeInt32BE(content.length + 4, 1);
  return Buffer.concat([head, content]);
}

const text = (value: string): Buffer => Buffer.from(`${value}\0`);
const ready = message('Z', Buffer.from('I'));

/** A result of one text column and one row. */
function answer(column: string, value: string): Buffer {
  const field = Buffer.alloc(18);
  field.writeInt32BE(25, 6);
  field.writeInt16BE(-1, 10);
  const length = Buffer.alloc(4);
  length.writeInt32BE(value.length);
  const one = Buffer.from([0, 1]);
  return Buffer.concat([
    message('T', one, text(column), field),
    message('D', one, length, Buffer.from(value)),
    message('C', text('SHOW')),
    ready,
  ]);
}

function talk(socket: Socket, version: string): void {
  socket.on('error', () => undefined);
  socket.once('data', () => {
    socket.write(Buffer.concat([message('R', Buffer.alloc(4)), ready]));
    socket.on('data', (chunk: Buffer) => {
      if (chunk.toString('latin1', 0, 1) === 'X') socket.end();
      else if (chunk.includes('server_version_num')) socket.write(answer('server_version_num', version));
      else
        socket.write(Buffer.concat([message('E', text('SERROR'), text('C42601'), text('Mtoo old'), text('')), ready]));
    });
  });
}

/** @param version as `show server_version_num` says it: 140009 */
export async function oldPostgres(version: string): Promise<{ url: string; close: () => void }> {
  const server = createServer((socket) => talk(socket, version));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  return { url: `postgres://owner:secret@127.0.0.1:${port}/mail`, close: () => void server.close() };
}
