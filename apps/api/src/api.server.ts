import { laneKind, TraceStore, type QueueDepth } from '#domain';
import { House, serveHealth, type HealthListener, type QueueFigure } from '#runtime';
import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';

/** The HTTP port: health and figures today, the admin API in a later release. */
@Injectable()
export class ApiServer implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #house: House;
  #listener: HealthListener | undefined;

  constructor(house: House, trace: TraceStore) {
    this.#house = house;
    house.metrics.watchQueue(async () => queueFigures((await trace.statistics()).queue));
  }

  async onApplicationBootstrap(): Promise<void> {
    const { httpBind, ports } = this.#house.config;
    this.#listener = await serveHealth(this.#house.health, {
      host: httpBind,
      bindSetting: 'POSTHOUSE_HTTP_BIND',
      port: ports.http,
      setting: 'POSTHOUSE_HTTP_PORT',
    });
    this.#house.listeners['http'] = this.#listener.port;
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.#listener?.close();
  }
}

/** All remote lanes are one series: a destination's name comes from input. */
function queueFigures(queue: readonly QueueDepth[]): QueueFigure[] {
  const figures = new Map<string, { lane: string; state: string; count: number; oldestSeconds: number }>();
  for (const { lane, state, count, oldestSeconds } of queue) {
    const kind = laneKind(lane);
    const figure = figures.get(`${kind} ${state}`) ?? { lane: kind, state, count: 0, oldestSeconds: 0 };
    figure.count += count;
    figure.oldestSeconds = Math.max(figure.oldestSeconds, oldestSeconds);
    figures.set(`${kind} ${state}`, figure);
  }
  return [...figures.values()];
}
