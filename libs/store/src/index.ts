export { Database, type DatabaseOptions } from './database.ts';
export type { HotConnection, HotStatement } from './hot-connection.ts';
export { migrate, pendingMigrations } from './migrate.ts';
export { newId } from './new-id.ts';
export type { Tables } from './schema.ts';
