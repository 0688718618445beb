import { Buffer } from 'node:buffer';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseCommand } from './command.ts';

const parse = (text: string): unknown => parseCommand(Buffer.from(text));
const bad = (why: string): unknown => ({ verb: 'bad', why });

describe('parseCommand', () => {
  test.for<[string, unknown]>([
    ['STAT', { verb: 'STAT' }],
    ['stat ', { verb: 'STAT' }],
    ['USER alice', { verb: 'USER', name: 'alice' }],
    ['USER älice@example.org', { verb: 'USER', name: 'älice@example.org' }],
    ['PASS  two  spaces ', { verb: 'PASS', password: ' two  spaces ' }],
    ['PASS ', bad('syntax')],
    ['AUTH', { verb: 'AUTH', mechanism: undefined, initial: undefined }],
    ['auth plain', { verb: 'AUTH', mechanism: 'PLAIN', initial: undefined }],
    ['AUTH PLAIN AAA=', { verb: 'AUTH', mechanism: 'PLAIN', initial: 'AAA=' }],
    ['LIST', { verb: 'LIST', number: undefined }],
    ['LIST 7', { verb: 'LIST', number: 7 }],
    ['LIST 1 2', bad('syntax')],
    ['UIDL 0', { verb: 'UIDL', number: 0 }],
    ['RETR 4294967297', { verb: 'RETR', number: 4_294_967_297 }],
    ['RETR 18446744073709551616', { verb: 'RETR', number: 0 }],
    ['RETR 9007199254740993', { verb: 'RETR', number: 0 }],
    [`RETR ${'9'.repeat(240)}`, { verb: 'RETR', number: 0 }],
    ['DELE 001', bad('syntax')],
    ['DELE -1', bad('syntax')],
    ['DELE \u0661', bad('syntax')],
    ['TOP 1 0', { verb: 'TOP', number: 1, lines: 0 }],
    ['TOP 1 99999999999999999999', { verb: 'TOP', number: 1, lines: Number.MAX_SAFE_INTEGER }],
    ['TOP 1 2 3', bad('syntax')],
    ['', bad('unknown')],
    ['toString', bad('unknown')],
    ['STAT\t', bad('unknown')],
    [`NOOP${' '.repeat(250)}`, bad('too-long')],
    [`NOOP${' '.repeat(249)}`, { verb: 'NOOP' }],
    [`PASS ${'x'.repeat(10_000)}`, { verb: 'PASS', password: 'x'.repeat(10_000) }],
  ])('%j', ([line, expected]) => {
    expect(parse(line)).toEqual(expected);
  });

  test('a password that is no UTF-8 is read as ISO 8859-1', () => {
    expect(parseCommand(Buffer.from('PASS \u00f6', 'latin1'))).toEqual({ verb: 'PASS', password: '\u00f6' });
  });

  test('total: any octets give a command', () => {
    const verb = fc.constantFrom('', 'USER ', 'PASS ', 'AUTH PLAIN ', 'LIST ', 'RETR ', 'TOP ', 'UIDL ');
    fc.assert(
      fc.property(verb, fc.uint8Array({ maxLength: 300 }), (start, octets) => {
        expect(parseCommand(Buffer.concat([Buffer.from(start), octets])).verb).toBeTypeOf('string');
      }),
    );
  });
});
