import { Doorbell, IntakeStore } from '#domain';
import { ConnectionCaps, House, listenOn, OctetBudget, RefusedLog } from '#runtime';
import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { ENVELOPE_BUDGET, Envelopes } from './envelopes.ts';
import { IngressEngine } from './ingress-engine.ts';
import { MAX_COMMAND_LINE } from './ingress-connection.ts';
import { Intake } from './intake.ts';
import { Judge } from './judge.ts';
import { RefusalNotes } from './refusal-notes.ts';

/** Listens on port 25's number and drains at the end. */
@Injectable()
export class IngressServer implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #house: House;
  readonly #engine: IngressEngine;

  constructor(house: House, store: IntakeStore, doorbell: Doorbell) {
    this.#house = house;
    const { hostname, limits, idleSeconds } = house.config;
    const log = house.log.child({ app: 'smtp' });
    const options = {
      hostname,
      maxMessageOctets: limits.messageOctets,
      bodies: house.bodies,
      notes: new RefusalNotes(store),
    };
    const refused = new RefusedLog(log, 'smtp');
    const judge = new Judge(store, log, options);
    this.#engine = new IngressEngine(
      {
        name: hostname,
        banner: 'Posthouse',
        heloResponse: '%s',
        logger: false,
        disabledCommands: ['AUTH', 'STARTTLS', 'XCLIENT', 'XFORWARD', 'WIZ', 'SHELL', 'KILL'],
        disableReverseLookup: true,
        hideENHANCEDSTATUSCODES: false,
        // RFC 3461: not before there are notifications. The parameters are read and kept all the same.
        hideDSN: true,
        size: limits.messageOctets,
        socketTimeout: idleSeconds.smtp * 1000,
        maxCommandLength: MAX_COMMAND_LINE,
      },
      {
        judge,
        intake: new Intake(store, doorbell, log, { ...options, judge }),
        caps: new ConnectionCaps(limits.connections, limits.connectionsPerIp),
        envelopes: new Envelopes(new OctetBudget(ENVELOPE_BUDGET)),
        metrics: house.metrics,
        onError: (error) => log.debug({ reason: error.message }, 'connection error'),
        onRefused: (address, why) => refused.note(address, why),
      },
    );
  }

  async onApplicationBootstrap(): Promise<void> {
    const { bind, ports } = this.#house.config;
    const address = { host: bind, port: ports.smtp, setting: 'POSTHOUSE_SMTP_PORT' } as const;
    this.#house.listeners['smtp'] = await listenOn(this.#engine.server, address);
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.#engine.drain(this.#house.drain());
  }
}
