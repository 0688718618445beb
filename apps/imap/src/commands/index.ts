/** The commands this server has. What it announces is derived from them. */
import type { Command, CommandName } from '#imap';
import type { Client } from '../client.ts';
import type { Answer } from '../reply.ts';
import { authenticate } from './authenticate.ts';
import { capability } from './capability.ts';
import { expunge } from './expunge.ts';
import { fetch } from './fetch.ts';
import { create, remove, rename, subscribe, unsubscribe } from './folders.ts';
import { idle } from './idle.ts';
import { list } from './list.ts';
import { login, loginWith } from './login.ts';
import { search } from './search.ts';
import { close, select, unselect } from './select.ts';
import { enable, id, logout, namespace, noop } from './session.ts';
import { status } from './status.ts';
import { store } from './store.ts';
import { transfer } from './transfer.ts';

export type Handler<C extends Command> = (client: Client, command: C) => Answer | Promise<Answer>;
/** APPEND is apart: its message is streamed. */
type Handlers = { readonly [Name in Exclude<CommandName, 'APPEND'>]: Handler<Extract<Command, { name: Name }>> };

const verify = loginWith(() => COMMAND_NAMES);

/** In the order of the capabilities. */
const HANDLERS: Handlers = {
  CAPABILITY: (client) => capability(client, COMMAND_NAMES),
  NOOP: noop,
  LOGOUT: logout,
  ID: id,
  AUTHENTICATE: authenticate(verify),
  LOGIN: login(verify),
  SELECT: select,
  EXAMINE: select,
  CREATE: create,
  DELETE: remove,
  RENAME: rename,
  SUBSCRIBE: subscribe,
  UNSUBSCRIBE: unsubscribe,
  LIST: list,
  LSUB: list,
  STATUS: status,
  NAMESPACE: namespace,
  ENABLE: enable,
  IDLE: idle,
  CHECK: noop,
  CLOSE: close,
  UNSELECT: unselect,
  EXPUNGE: expunge,
  SEARCH: search,
  FETCH: fetch,
  STORE: store,
  COPY: transfer,
  MOVE: transfer,
};

export const COMMAND_NAMES: readonly CommandName[] = [...(Object.keys(HANDLERS) as CommandName[]), 'APPEND'];

/** Does a command that its phase allows. */
export function perform(client: Client, command: Exclude<Command, { name: 'APPEND' }>): Answer | Promise<Answer> {
  const handler = HANDLERS[command.name] as Handler<typeof command>;
  return handler(client, command);
}
