/** Binds the bell ports for the apps. */
import { Doorbell, MailboxBell } from '#domain';
import { House, roleUrl, type AppRole } from '#runtime';
import { Injectable, Module, type FactoryProvider, type OnApplicationShutdown } from '@nestjs/common';
import { BullDoorbell } from './bull-doorbell.ts';
import { LateBellQueue } from './late-bell-queue.ts';
import { PgMailboxBell } from './pg-mailbox-bell.ts';
import type { RedisMailboxBell } from './redis-mailbox-bell.ts';
import { redisPrefix } from './redis-prefix.ts';

/** Things that close with the app, after its servers have drained. */
@Injectable()
class Closers implements OnApplicationShutdown {
  readonly #open: (() => Promise<void>)[] = [];

  add(close: () => Promise<void>): void {
    this.#open.push(close);
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.#open.map((close) => close()));
  }
}

/** Milliseconds: the first greeting is not to wait for the bell, and neither is the first mail. */
const OPEN_AFTER_MS = 200;

const doorbellAs = (role: AppRole): FactoryProvider<Doorbell> => ({
  provide: Doorbell,
  inject: [House, Closers],
  useFactory: (house: House, closers: Closers) => {
    const backend = new LateBellQueue(async () => (await import('./bell-backend.ts')).openBellQueue(house, role));
    setTimeout(() => void backend.open(), OPEN_AFTER_MS).unref();
    closers.add(() => backend.close());
    return new BullDoorbell(backend);
  },
});

async function openMailboxBell(
  { config: { redisUrl }, databaseUrl, log, bells }: House,
  role: AppRole,
): Promise<PgMailboxBell | RedisMailboxBell> {
  if (redisUrl !== undefined) {
    const [redis, prefix] = await Promise.all([import('./redis-mailbox-bell.ts'), redisPrefix(databaseUrl, role)]);
    return new redis.RedisMailboxBell(redisUrl, prefix, log, bells);
  }
  const connectionString = roleUrl(databaseUrl, role);
  return new PgMailboxBell({ connectionString, application_name: `${role} mailbox bell` }, log);
}

const mailboxBellAs = (role: AppRole): FactoryProvider<MailboxBell> => ({
  provide: MailboxBell,
  inject: [House, Closers],
  useFactory: async (house: House, closers: Closers) => {
    const bell = await openMailboxBell(house, role);
    closers.add(() => bell.close());
    return bell;
  },
});

@Module({ providers: [Closers, doorbellAs('posthouse_ingress')], exports: [Doorbell] })
export class IngressBellModule {}

@Module({
  providers: [Closers, doorbellAs('posthouse_worker'), mailboxBellAs('posthouse_worker')],
  exports: [Doorbell, MailboxBell],
})
export class WorkerBellModule {}

@Module({ providers: [Closers, mailboxBellAs('posthouse_pop3')], exports: [MailboxBell] })
export class Pop3BellModule {}

@Module({ providers: [Closers, mailboxBellAs('posthouse_imap')], exports: [MailboxBell] })
export class ImapBellModule {}
