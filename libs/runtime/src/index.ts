export { Config, ConfigError, type Environment, type Ports } from './config.ts';
export { createLog, NestLog, silentLog, type Log, type LogOptions } from './log.ts';
export { editDistance, nearest } from './nearest.ts';
export { APP_ROLES, DatabaseUrlError, isRoleUrl, maskUrl, rolePassword, roleUrl, type AppRole } from './role-url.ts';
export { settingFacts, settings, type SettingFacts, type SettingName } from './settings.ts';
export { House, HouseModule, startApp } from './house.ts';
export { EmbeddedError } from './embedded/embedded-error.ts';
export { startEmbedded, type EmbeddedDatabase, type EmbeddedOptions } from './embedded/start-embedded.ts';
export {
  acquireHouse,
  findDatabase,
  HouseError,
  HouseLock,
  readHouse,
  type HeldByPid,
  type HouseRecord,
} from './house-lock.ts';
