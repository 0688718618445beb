/** pino: JSON lines, one per event; pretty on a terminal. Message is a constant, data are fields. */
import { visible } from '#domain';
import type { LoggerService } from '@nestjs/common';
import { pino, type DestinationStream, type Logger } from 'pino';
import { isColorSupported, prettyFactory } from 'pino-pretty';
import type { Config } from './config.ts';
import { LogSink, standardOutput } from './log-sink.ts';

export type Log = Logger;

/** Fields that hold credentials, should a caller log them by mistake: on the line itself or in one of these groups. */
const REDACTED = ['password', 'pass', 'secret', 'token', 'authorization', 'connectionString'];
// Named groups, not '*.': a wildcard costs 4 microseconds a line.
const GROUPS = ['', 'auth.', 'credentials.', 'config.', 'database.', 'headers.', 'command.', 'err.'];

export interface LogOptions {
  /** Bound to every line. */
  readonly name?: string;
  /** Instead of standard output; for tests. Always JSON unless format is `pretty`. */
  readonly destination?: DestinationStream;
}

/** The root logger of a process. No worker thread: the last words before a crash are never lost. */
export function createLog({ level, format }: Config['log'], { name, destination }: LogOptions = {}): Log {
  const wantsPretty = format === 'pretty' || (format === 'auto' && destination === undefined && process.stdout.isTTY);
  const onDropped = (lines: number, reason: string): void => log.warn({ lines, reason }, 'log lines were dropped');
  const sink = destination ? undefined : new LogSink(standardOutput(), { onDropped });
  if (sink) process.on('exit', () => void sink.flushSync());
  const raw: DestinationStream = destination ?? sink ?? process.stdout;
  // Neither a pino transport (a worker thread) nor pino-pretty's stream (a pipeline): both would lose lines at exit.
  const pretty = prettyFactory({
    singleLine: true,
    ignore: 'pid,hostname',
    colorize: destination === undefined && isColorSupported,
  });
  const flushSync = (): void => void sink?.flushSync();
  const stream = wantsPretty
    ? { write: (line: string): void => raw.write(pretty(JSON.parse(line, seen))), flush: flushSync, flushSync }
    : raw;
  const log: Log = pino(
    {
      level,
      base: name === undefined ? { pid: process.pid } : { pid: process.pid, name },
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: GROUPS.flatMap((group) => REDACTED.map((field) => group + field)), censor: '[redacted]' },
    },
    stream,
  );
  return log;
}

/** Fields hold what strangers wrote, in the message of an error for one; a stack keeps its lines. */
const seen = (_: string, value: unknown): unknown =>
  typeof value === 'string' ? value.split('\n').map(visible).join('\n') : value;

/** Drops everything; for tests and for commands that print their own output. */
export const silentLog = (): Log => pino({ level: 'silent' });

/** Nest's own messages as pino lines: `NestFactory.create(…, { logger: new NestLog(log) })`. */
export class NestLog implements LoggerService {
  private readonly target: Log;

  constructor(target: Log) {
    this.target = target;
  }

  log = (message: unknown, ...rest: unknown[]): void => this.write('debug', message, rest);
  error = (message: unknown, ...rest: unknown[]): void => this.write('error', message, rest);
  warn = (message: unknown, ...rest: unknown[]): void => this.write('warn', message, rest);
  debug = (message: unknown, ...rest: unknown[]): void => this.write('debug', message, rest);
  verbose = (message: unknown, ...rest: unknown[]): void => this.write('trace', message, rest);
  fatal = (message: unknown, ...rest: unknown[]): void => this.write('fatal', message, rest);

  // Nest passes the context last, and for errors the stack before it.
  private write(level: 'fatal' | 'error' | 'warn' | 'debug' | 'trace', message: unknown, rest: unknown[]): void {
    const context = rest.at(-1);
    const stack = rest.length > 1 ? rest[0] : undefined;
    const fields = {
      context,
      ...(typeof stack === 'string' && { stack }),
      ...(message instanceof Error && { err: message }),
    };
    this.target[level](fields, message instanceof Error ? message.message : String(message));
  }
}
