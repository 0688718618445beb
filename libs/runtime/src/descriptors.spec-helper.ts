/** Run under a low limit of open files: three listeners that say hello and keep whoever comes; prints ports and limit, and each line of the log. */
import { pino } from 'pino';
import { descriptorLimit, ownDescriptors } from './descriptors.ts';
import { Metrics } from './metrics.ts';
import { TcpServer, type TcpSession } from './tcp-server.ts';

const KEPT: TcpSession = {
  data: () => undefined,
  end: () => undefined,
  idle: () => undefined,
  shutdown: () => undefined,
  closed: () => undefined,
};
const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
const metrics = new Metrics();
const ports: number[] = [];
for (const protocol of ['pop3', 'imap', 'smtp'] as const) {
  const options = {
    protocol,
    setting: 'POSTHOUSE_POP3_PORT',
    maxConnections: 100_000,
    maxConnectionsPerIp: 1,
    idleSeconds: 600,
    refusal: 'busy\r\n',
    log: pino({}, { write: (line: string) => process.stdout.write(line) }),
    metrics,
  } as const;
  const server = new TcpServer(options, ({ socket }) => {
    socket.write('hello\r\n');
    return KEPT;
  });
  ports.push(await server.listen(0, '127.0.0.1'));
}
say({ ports, limit: descriptorLimit(), connections: ownDescriptors().connections });
async function count(): Promise<void> {
  const found = await metrics.registry.getSingleMetric('posthouse_connections_refused_total')?.get();
  say({ refused: (found?.values ?? []).reduce((sum, { value }) => sum + value, 0) });
}
process.stdin.on('data', () => void count());
