import { House, roleUrl, type AppRole } from '#runtime';
import { Inject, Injectable, type FactoryProvider, type OnApplicationShutdown } from '@nestjs/common';
import { Database } from '../database.ts';

/** The app's own role's connections. One per app context, so that each app is held by its own grants. */
export const databaseAs = (role: AppRole): FactoryProvider<Database> => ({
  provide: Database,
  inject: [House],
  useFactory: (house: House) => {
    const database = new Database({
      url: roleUrl(house.databaseUrl, role),
      name: role,
      poolSize: house.config.database.poolSize,
      onError: (error) => house.log.warn({ role, reason: error.message }, 'an idle database connection was lost'),
    });
    house.health.add({ name: `database as ${role}`, check: () => database.ping() });
    return database;
  },
});

/** Closes the connections last: servers and workers have drained in beforeApplicationShutdown. */
@Injectable()
export class DatabaseCloser implements OnApplicationShutdown {
  constructor(@Inject(Database) private readonly database: Database) {}

  async onApplicationShutdown(): Promise<void> {
    await this.database.close();
  }
}
