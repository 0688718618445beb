export * from './limits.ts';
export { parseCommand, type BadCommand, type Command } from './command.ts';
export * from './maildrop.ts';
export { isMarked, markedNumbers, type Marks } from './marks.ts';
export { GREETING, revoked, SHUTTING_DOWN, TOO_MANY_CONNECTIONS } from './replies.ts';
export { begin, onCommand, onLine, type Action, type Session, type Step } from './session.ts';
export * from './world.ts';
export * from './top-cutter.ts';
