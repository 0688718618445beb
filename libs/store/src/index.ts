export { Database, type DatabaseOptions } from './database.ts';
export type { HotConnection, HotStatement } from './hot-connection.ts';
export { migrate, pendingMigrations } from './migrate.ts';
export { newId } from './new-id.ts';
export type { Tables } from './schema.ts';
export { IngressStoreModule } from './modules/ingress.module.ts';
export { WorkerStoreModule } from './modules/worker.module.ts';
export { defaultFolders } from './folder/default-folders.ts';
