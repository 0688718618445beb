export * from './structure-input.ts';
export * from './envelope.ts';
export * from './body-structure.ts';
export * from './responses/strings.ts';
export * from './responses/status.ts';
export * from './responses/mailbox-data.ts';
export * from './responses/fetch.ts';
export * from './responses/flags.ts';
