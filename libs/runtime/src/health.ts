/** Health and figures for operators and load balancers: /health/live, /health/ready, /metrics. */
import { createServer, type RequestListener, type Server } from 'node:http';
import { ownDescriptors, SPARE_FOR_HTTP } from './descriptors.ts';
import { reasonOf } from './errors.ts';
import { listenOn, type ListenAddress } from './listen.ts';
import type { Metrics } from './metrics.ts';

/** Something an app cannot work without. Resolves when it is there; rejects with the reason when not. */
export interface Probe {
  readonly name: string;
  check(signal: AbortSignal): Promise<unknown>;
}

export interface HealthAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** Milliseconds after which a probe counts as failed; load balancers give up after a few seconds. */
export const PROBE_MS = 2_000;
/** Connections of one HTTP listener at once: each costs a descriptor and some memory, and has no login in front of it. */
export const MAX_HTTP_CONNECTIONS = 2_000;
/** Milliseconds a client has for its whole request, however it dribbles. */
export const HTTP_REQUEST_MS = 10_000;
/** Milliseconds without an octet in either direction, as of a client that does not take its answer. */
export const HTTP_SILENCE_MS = 30_000;

const JSON_TYPE = 'application/json; charset=utf-8';
const answer = (status: number, body: object): HealthAnswer => ({
  status,
  type: JSON_TYPE,
  body: `${JSON.stringify(body)}\n`,
});

export class Health {
  readonly #metrics: Metrics;
  readonly #probeMs: number;
  readonly #probes: Probe[] = [];
  #draining = false;

  constructor(metrics: Metrics, probeMs = PROBE_MS) {
    this.#metrics = metrics;
    this.#probeMs = probeMs;
  }

  add(...probes: readonly Probe[]): void {
    this.#probes.push(...probes);
  }

  /** From now on not ready, so that balancers send no new clients while the old ones are finished. */
  drain(): void {
    this.#draining = true;
  }

  /** The answer to a GET or HEAD of `path` (without its query); undefined when the path is none of ours. */
  async answer(path: string): Promise<HealthAnswer | undefined> {
    switch (path) {
      case '/health/live':
        return answer(200, { status: 'live' });
      case '/health/ready':
        return this.#ready();
      case '/metrics':
        return { status: 200, type: this.#metrics.registry.contentType, body: await this.#metrics.text() };
      default:
        return undefined;
    }
  }

  async #ready(): Promise<HealthAnswer> {
    if (this.#draining) return answer(503, { status: 'draining' });
    const checks = await Promise.all(this.#probes.map((probe) => this.#ask(probe)));
    const failing = Object.fromEntries(
      checks.filter(({ reason }) => reason !== undefined).map(({ name, reason }) => [name, reason]),
    );
    const names = checks.map(({ name }) => name);
    return Object.keys(failing).length === 0
      ? answer(200, { status: 'ready', checks: names })
      : answer(503, { status: 'not ready', failing });
  }

  async #ask(probe: Probe): Promise<{ name: string; reason: string | undefined }> {
    const { name } = probe;
    const { promise: late, resolve } = Promise.withResolvers<string>();
    const timer = setTimeout(() => resolve(`no answer within ${this.#probeMs} ms`), this.#probeMs);
    const asked = (async () => void (await probe.check(AbortSignal.timeout(this.#probeMs))))().catch(reasonOf);
    const reason = (await Promise.race([asked, late])) ?? undefined;
    clearTimeout(timer);
    return { name, reason };
  }
}

export interface HealthListener {
  readonly port: number;
  close(): Promise<void>;
}

export interface HttpLimits {
  readonly connections: number;
  readonly requestMs: number;
  readonly silenceMs: number;
}

const HTTP_LIMITS: HttpLimits = {
  connections: MAX_HTTP_CONNECTIONS,
  requestMs: HTTP_REQUEST_MS,
  silenceMs: HTTP_SILENCE_MS,
};

/** Serves `health` on a port of its own. Throws ListenError. */
export async function serveHealth(
  health: Health,
  address: ListenAddress,
  limits: HttpLimits = HTTP_LIMITS,
): Promise<HealthListener> {
  const server = httpServer(limits, (request, response) => {
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
    // Node itself leaves the body of an answer to HEAD out.
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    const asked = isRead ? health.answer(path) : Promise.resolve(undefined);
    asked
      .catch((error: unknown) => answer(500, { status: 'failed', reason: reasonOf(error) }))
      .then((found = answer(404, { status: 'not found' })) =>
        response
          .writeHead(found.status, { 'content-type': found.type, 'content-length': Buffer.byteLength(found.body) })
          .end(found.body),
      )
      .catch(() => response.destroy());
  });
  const bound = await listenOn(server, address);
  return { port: bound, close: () => closeServer(server) };
}

/** Node's own, which would wait a minute for a request's header, five for its body, and for ever for a client that does not read. */
function httpServer({ connections, requestMs, silenceMs }: HttpLimits, listener: RequestListener): Server {
  const server = createServer(
    { headersTimeout: requestMs, requestTimeout: requestMs, connectionsCheckingInterval: requestMs / 10 },
    listener,
  );
  server.maxConnections = connections;
  const descriptors = ownDescriptors();
  server.on('connection', (socket) => {
    if (!descriptors.take(SPARE_FOR_HTTP)) return void socket.destroy();
    return void socket.once('close', () => descriptors.give());
  });
  return server.setTimeout(silenceMs);
}

async function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise<void>((resolve) => void server.close(() => resolve()));
}
