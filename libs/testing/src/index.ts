export * from './fresh-database.ts';
