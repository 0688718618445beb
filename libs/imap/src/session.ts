/** Where a connection stands and what it may do there: RFC 3501 3. */
import type { Command, CommandName } from './command.ts';

export type Session =
  | { readonly phase: 'not-authenticated' }
  | { readonly phase: 'authenticated' }
  /** `readOnly`: opened by EXAMINE, or the server allowed no more. */
  | { readonly phase: 'selected'; readonly readOnly: boolean }
  | { readonly phase: 'logout' };

export type Phase = Session['phase'];

export const START: Session = { phase: 'not-authenticated' };
const AUTHENTICATED: Session = { phase: 'authenticated' };

const ANY: readonly Phase[] = ['not-authenticated', 'authenticated', 'selected'];
const BEFORE_LOGIN: readonly Phase[] = ['not-authenticated'];
const AFTER_LOGIN: readonly Phase[] = ['authenticated', 'selected'];
const SELECTED: readonly Phase[] = ['selected'];

export interface CommandRule {
  readonly phases: readonly Phase[];
  /** What a server that has the command announces. */
  readonly capabilities?: readonly string[];
  /** It changes the selected folder: NO where that is read-only. */
  readonly writes?: true;
}

/** Every command, by name. RFC 3501 6 and the extensions' own documents. */
export const COMMANDS: Readonly<Record<CommandName, CommandRule>> = {
  CAPABILITY: { phases: ANY },
  NOOP: { phases: ANY },
  LOGOUT: { phases: ANY },
  ID: { phases: ANY, capabilities: ['ID'] }, // RFC 2971
  AUTHENTICATE: { phases: BEFORE_LOGIN, capabilities: ['SASL-IR', 'AUTH=PLAIN'] }, // RFC 4959
  LOGIN: { phases: BEFORE_LOGIN },
  SELECT: { phases: AFTER_LOGIN },
  EXAMINE: { phases: AFTER_LOGIN },
  CREATE: { phases: AFTER_LOGIN },
  DELETE: { phases: AFTER_LOGIN },
  RENAME: { phases: AFTER_LOGIN },
  SUBSCRIBE: { phases: AFTER_LOGIN },
  UNSUBSCRIBE: { phases: AFTER_LOGIN },
  LIST: { phases: AFTER_LOGIN, capabilities: ['CHILDREN', 'SPECIAL-USE'] }, // RFC 3348, RFC 6154
  LSUB: { phases: AFTER_LOGIN },
  STATUS: { phases: AFTER_LOGIN },
  APPEND: { phases: AFTER_LOGIN },
  NAMESPACE: { phases: AFTER_LOGIN, capabilities: ['NAMESPACE'] }, // RFC 2342
  // RFC 5161 3.1: we need not check that nothing is selected.
  ENABLE: { phases: AFTER_LOGIN, capabilities: ['ENABLE'] },
  IDLE: { phases: AFTER_LOGIN, capabilities: ['IDLE'] }, // RFC 2177
  CHECK: { phases: SELECTED },
  CLOSE: { phases: SELECTED },
  UNSELECT: { phases: SELECTED, capabilities: ['UNSELECT'] }, // RFC 3691
  EXPUNGE: { phases: SELECTED, capabilities: ['UIDPLUS'], writes: true }, // RFC 4315
  SEARCH: { phases: SELECTED },
  FETCH: { phases: SELECTED },
  STORE: { phases: SELECTED, writes: true },
  COPY: { phases: SELECTED },
  MOVE: { phases: SELECTED, capabilities: ['MOVE'], writes: true }, // RFC 6851
};

/** `status`, response code and text of a tagged answer, as `encodeTagged` takes them apart. */
export interface Refusal {
  readonly status: 'BAD' | 'NO';
  readonly code?: 'READ-ONLY';
  readonly text: string;
}

/** Why the command cannot be done in this phase; undefined when it can. */
export function refuse(session: Session, { name }: Pick<Command, 'name'>): Refusal | undefined {
  const { phases, writes } = COMMANDS[name];
  if (!phases.includes(session.phase)) return { status: 'BAD', text: outOfPhase(session.phase, phases) };
  if (writes && session.phase === 'selected' && session.readOnly)
    return { status: 'NO', code: 'READ-ONLY', text: 'folder is read-only' };
  return undefined;
}

function outOfPhase(phase: Phase, allowed: readonly Phase[]): string {
  switch (phase) {
    case 'not-authenticated':
      return 'log in first';
    case 'authenticated':
      return allowed.includes('selected') ? 'select a folder first' : 'already logged in';
    case 'selected':
      return 'already logged in';
    case 'logout':
      return 'logged out';
  }
}

/** How a command ended, for what comes after it. */
export type Outcome = 'done' | 'done-read-only' | 'failed';

/** The session after a command that refuse() let through. `done-read-only` is for a SELECT that opened no more than that. */
export function advance(session: Session, { name }: Pick<Command, 'name'>, outcome: Outcome): Session {
  const failed = outcome === 'failed';
  switch (name) {
    case 'LOGIN':
    case 'AUTHENTICATE':
      return failed ? session : AUTHENTICATED;
    case 'SELECT':
    case 'EXAMINE':
      // RFC 3501 6.3.1: after a SELECT that fails nothing is selected.
      return failed
        ? AUTHENTICATED
        : { phase: 'selected', readOnly: name === 'EXAMINE' || outcome === 'done-read-only' };
    case 'CLOSE':
    case 'UNSELECT':
      return failed ? session : AUTHENTICATED;
    case 'LOGOUT':
      return { phase: 'logout' };
    default:
      return session;
  }
}
