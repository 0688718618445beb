export { Config, ConfigError, type Environment, type Ports } from './config.ts';
export { configArgument, loadConfig, MAX_SETTINGS_FILE, settingsFile, type SettingsSource } from './settings-file.ts';
export {
  databaseIdentity,
  databasePlace,
  isServing,
  recordServing,
  redisPlace,
  refuseOtherDatabase,
  refuseStaleFolder,
  servingRecords,
  type ServingRecord,
} from './serving-record.ts';
export { createLog, NestLog, silentLog, type Log, type LogOptions } from './log.ts';
export { droppedLogLines, lastWords, MAX_LOG_WAITING } from './log-sink.ts';
export { editDistance, nearest } from './nearest.ts';
export { APP_ROLES, DatabaseUrlError, isRoleUrl, maskUrl, rolePassword, roleUrl, type AppRole } from './role-url.ts';
export { settingFacts, settings, type SettingFacts, type SettingName } from './settings.ts';
export { houseIdentity } from './house-identity.ts';
export { House, HouseModule, startApp, type AppModule } from './house.ts';
export { backUp, type BackupRecord } from './embedded/backup.ts';
export { findCluster } from './embedded/cluster.ts';
export { freePort } from './embedded/free-port.ts';
export { EmbeddedError } from './embedded/embedded-error.ts';
export { forgetCopy, isCopy, restoreBackup } from './embedded/restore.ts';
export { startEmbedded, type EmbeddedDatabase, type EmbeddedOptions } from './embedded/start-embedded.ts';
export { takeHouse, type TakeOptions } from './take-house.ts';
export {
  acquireHouse,
  findDatabase,
  HouseError,
  houseHolder,
  HouseLock,
  readHouse,
  type Elsewhere,
  type HeldByPid,
  type HousePurpose,
  type HouseRecord,
} from './house-lock.ts';
export { MAX_REFUSED_LINES, RefusedLog } from './refused-log.ts';
export { Outbox, OUTBOX_OCTETS } from './outbox.ts';
export { SessionListener, type SessionProtocol } from './session-listener.ts';
export { aborted } from './aborted.ts';
export { clientKey, isLoopback, plainAddress } from './client-address.ts';
export { ClientGone, Connection, LAST_WORDS_MS } from './connection.ts';
export { BellWatch, type BellReport } from './bell-watch.ts';
export { ConnectionCaps } from './connection-caps.ts';
export { fitThreadPool } from './thread-pool.ts';
export { Descriptors, descriptorLimit, ownDescriptors } from './descriptors.ts';
export { guardPool } from './guard-pool.ts';
export { PgListener, type PgListenerOptions } from './pg-listener.ts';
export { errorCode, reasonOf } from './errors.ts';
export { Health, PROBE_MS, serveHealth, type HealthAnswer, type HealthListener, type Probe } from './health.ts';
export { ListenError, listenError, listenOn, type ListenAddress } from './listen.ts';
export {
  Metrics,
  type CommandResult,
  type ConnectionRefusal,
  type DeliveryOutcome,
  type Protocol,
  type QueueFigure,
} from './metrics.ts';
export { OctetBudget } from './octet-budget.ts';
export { BODY_BUDGET, SpillingBody, type SpillTarget } from './spilling-body.ts';
export { exitOnFault, longestStopSeconds, onShutdown, SAME_SIGNAL_MS, type ShutdownOptions } from './shutdown.ts';
export { TcpServer, type TcpServerOptions, type TcpSession } from './tcp-server.ts';
export { runApp, type RunOptions } from './run-app.ts';
export { refuseOldServer } from './server-version.ts';
export { waitForDatabase } from './wait-for-database.ts';
