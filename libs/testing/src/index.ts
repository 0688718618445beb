export * from './free-port.ts';
export * from './fresh-database.ts';
export * from './directory-fixture.ts';
export * from './line-client.ts';
export * from './smtp-talk.ts';
export * from './old-postgres.ts';
export * from './private-redis.ts';
