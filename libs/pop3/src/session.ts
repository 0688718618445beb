/**
 * The POP3 session as a reducer: (session, command) -> [session, action]. RFC 1939, 2449, 3206, 5034.
 * What the world answers to an action comes back through the functions of world.ts.
 */
import { Buffer } from 'node:buffer';
import { decodeBase64, decodePlain, type Line } from '#wire';
import { parseCommand, type BadCommand, type Command } from './command.ts';
import { MAX_BAD_COMMANDS } from './limits.ts';
import type { Maildrop } from './maildrop.ts';
import { isMarked, mark, markedNumbers, NO_MARKS, type Marks } from './marks.ts';
import * as say from './replies.ts';

interface Every {
  /** Bad commands so far; after login those in a row. */
  readonly bad: number;
  /** False where a password would travel unprotected: then no login is offered or taken. */
  readonly passwords: boolean;
}

export type Session = Every &
  (
    | { readonly phase: 'authorization'; readonly user: string | undefined }
    /** The next line is the response to AUTH's challenge, not a command. */
    | { readonly phase: 'sasl' }
    /** Waits for onMaildrop; the driver holds back further lines. */
    | { readonly phase: 'authenticating' }
    | { readonly phase: 'transaction'; readonly drop: Maildrop; readonly marks: Marks }
    /** Waits for onExpunged; the driver holds back further lines. */
    | { readonly phase: 'update' }
    | { readonly phase: 'closed' }
  );

/** Everything a session may ask of the world. Texts are complete: all lines, CRLF included. */
export type Action =
  | { readonly do: 'reply'; readonly text: string }
  /** Send the text, then hang up. Releases the maildrop as every end of a connection does. */
  | { readonly do: 'close'; readonly text: string }
  | { readonly do: 'open-maildrop'; readonly user: string; readonly password: string }
  /** Send `head`, then the message dot-stuffed: whole, or its header and the first `lines` lines of its body (TopCutter). */
  | { readonly do: 'send-message'; readonly number: number; readonly lines: number | undefined; readonly head: string }
  /** Send these texts one after the other, as fast as the client takes them. */
  | { readonly do: 'send-listing'; readonly pieces: Iterable<string> }
  /** Remove these messages in one transaction, ascending numbers. */
  | { readonly do: 'expunge'; readonly numbers: readonly number[] };

export type Step = readonly [Session, Action];

type In<Phase extends Session['phase']> = Extract<Session, { phase: Phase }>;

/** @param passwords whether the connection may carry passwords: loopback, TLS, or allowed by configuration */
export const begin = (passwords: boolean): Session => ({ phase: 'authorization', user: undefined, bad: 0, passwords });

/** One line as commandLines() cuts it. */
export function onLine(session: Session, line: Line): Step {
  if (session.phase === 'sasl') return onSaslResponse(session, line);
  return onCommand(session, line === 'too-long' ? { verb: 'bad', why: 'too-long' } : parseCommand(line));
}

export function onCommand(before: Session, command: Command): Step {
  if (command.verb === 'bad') return onBad(before, command.why);
  // A client that gets on with its work may be wrong now and then; before login any stranger could say CAPA in between.
  const session = before.phase === 'transaction' && before.bad > 0 ? { ...before, bad: 0 } : before;
  if (command.verb === 'CAPA') return reply(session, say.capabilities(session.passwords));
  switch (session.phase) {
    case 'authorization':
      return authorization(session, command);
    case 'transaction':
      return transaction(session, command);
    case 'sasl':
    case 'authenticating':
    case 'update':
    case 'closed':
      break;
  }
  return reply(session, say.OUT_OF_ORDER);
}

/** Counts, and ends a session that is only noise. */
function onBad(session: Session, why: BadCommand): Step {
  const bad = session.bad + 1;
  if (bad >= MAX_BAD_COMMANDS) return close(session, say.TOO_MANY_BAD_COMMANDS);
  return reply({ ...session, bad }, BAD_REPLIES[why]);
}

const BAD_REPLIES: Readonly<Record<BadCommand, string>> = {
  unknown: say.UNKNOWN_COMMAND,
  syntax: say.BAD_ARGUMENTS,
  'too-long': say.LINE_TOO_LONG,
};

type Proper = Exclude<Command, { verb: 'bad' | 'CAPA' }>;

function authorization(session: In<'authorization'>, command: Proper): Step {
  switch (command.verb) {
    case 'USER':
      if (!session.passwords) return reply(session, say.NO_PLAIN_PASSWORDS);
      // The same answer for every name: who exists here is not for strangers.
      return reply({ ...session, user: command.name }, say.ok('send PASS'));
    case 'PASS':
      if (session.user === undefined) return reply(session, say.err('USER first'));
      return login(session, session.user, command.password);
    case 'AUTH':
      return auth(session, command.mechanism, command.initial);
    case 'QUIT':
      return close(session, say.BYE);
    default:
      return reply(session, say.NOT_LOGGED_IN);
  }
}

/** RFC 5034 4. */
function auth(session: In<'authorization'>, mechanism: string | undefined, initial: string | undefined): Step {
  if (mechanism === undefined) return reply(session, say.mechanisms(session.passwords));
  if (!session.passwords) return reply(session, say.NO_PLAIN_PASSWORDS);
  if (mechanism !== 'PLAIN') return reply(session, say.err('unknown mechanism'));
  if (initial === undefined) return reply({ ...shared(session), phase: 'sasl' }, say.SASL_CHALLENGE);
  // RFC 5034 4: '=' is the empty initial response, which PLAIN has no use for.
  return onPlain(session, initial === '=' ? '' : initial);
}

function onSaslResponse(session: In<'sasl'>, line: Line): Step {
  if (line === 'too-long') return onBad(fresh(session), 'too-long');
  const text = line.toString('latin1');
  if (text === '*') return reply(fresh(session), say.err('login cancelled'));
  return onPlain(session, text);
}

function onPlain(session: Session, base64: string): Step {
  const credentials = decodePlain(decodeBase64(base64) ?? Buffer.alloc(0));
  if (!credentials) return onBad(fresh(session), 'syntax');
  const { authzid, authcid, password } = credentials;
  // Nobody may act for somebody else here.
  if (authzid !== '' && authzid !== authcid) return reply(fresh(session), say.err('[AUTH] not your identity'));
  return login(session, authcid, password);
}

const login = (session: Session, user: string, password: string): Step => [
  { ...shared(session), phase: 'authenticating' },
  { do: 'open-maildrop', user, password },
];

function transaction(session: In<'transaction'>, command: Proper): Step {
  const { drop, marks } = session;
  switch (command.verb) {
    case 'STAT':
      return reply(session, say.ok(`${drop.count - marks.count} ${drop.octets - marks.octets}`));
    case 'LIST':
    case 'UIDL': {
      const { verb, number } = command;
      if (number === undefined) return [session, { do: 'send-listing', pieces: say.listing(verb, drop, marks) }];
      return reply(session, missing(session, number) ?? say.ok(say.entry(verb, drop, number)));
    }
    case 'RETR':
      return send(session, command.number, undefined);
    case 'TOP':
      return send(session, command.number, command.lines);
    case 'DELE': {
      const refusal = missing(session, command.number);
      if (refusal) return reply(session, refusal);
      return reply({ ...session, marks: mark(marks, drop, command.number) }, say.ok('marked as deleted'));
    }
    case 'RSET':
      return reply({ ...session, marks: NO_MARKS }, say.ok(say.messages(drop.count, drop.octets)));
    case 'NOOP':
      return reply(session, say.ok('nothing done'));
    case 'QUIT':
      return quit(session);
    case 'USER':
    case 'PASS':
    case 'AUTH':
      break;
  }
  return reply(session, say.ALREADY_LOGGED_IN);
}

function send(session: In<'transaction'>, number: number, lines: number | undefined): Step {
  const refusal = missing(session, number);
  if (refusal) return reply(session, refusal);
  const head = say.ok(lines === undefined ? `${session.drop.sizeOf(number)} octets` : 'top of message');
  return [session, { do: 'send-message', number, lines, head }];
}

// RFC 1939 6: messages go only here; a connection that drops before has deleted nothing.
function quit(session: In<'transaction'>): Step {
  if (session.marks.count === 0) return close(session, say.BYE);
  return [
    { ...shared(session), phase: 'update' },
    { do: 'expunge', numbers: markedNumbers(session.marks) },
  ];
}

/** The refusal of a number that names no message; undefined when it does. */
function missing({ drop, marks }: In<'transaction'>, number: number): string | undefined {
  if (number < 1 || number > drop.count) return say.NO_SUCH_MESSAGE;
  return isMarked(marks, number) ? say.ALREADY_DELETED : undefined;
}

const shared = ({ bad, passwords }: Session): Every => ({ bad, passwords });

/** Before any login, with no name given. */
export const fresh = (session: Session): Session => ({ ...shared(session), phase: 'authorization', user: undefined });

export const reply = (session: Session, text: string): Step => [session, { do: 'reply', text }];

export const close = (session: Session, text: string): Step => [
  { ...shared(session), phase: 'closed' },
  { do: 'close', text },
];
