import { Buffer } from 'node:buffer';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AFTER_LOGIN, BEFORE_LOGIN, type FrameEvent, type FrameLimits } from './frame-event.ts';
import { encodeFrameRefusal } from './frame-refusal.ts';
import { Framer } from './framer.ts';

/** Events as text; message octets joined. `refuse` names the APPENDs that are not wanted. */
function frame(chunks: readonly string[], limits: FrameLimits = AFTER_LOGIN, refuse = /refused/): string[] {
  const framer = new Framer();
  framer.limits = limits;
  const out: string[] = [];
  for (const chunk of chunks) {
    framer.push(Buffer.from(chunk, 'latin1'));
    for (let event = framer.next(); event; event = framer.next()) {
      if (event.kind === 'append-literal') {
        if (refuse.test(event.head.toString('latin1'))) framer.refuse();
        else framer.accept();
      }
      const last = out.at(-1);
      if (event.kind === 'append-octets' && last?.startsWith('octets '))
        out[out.length - 1] = last + event.octets.toString('latin1');
      else out.push(show(event));
    }
    expect(framer.drained).toBe(true);
  }
  return out;
}

function show(event: FrameEvent): string {
  switch (event.kind) {
    case 'command':
    case 'line':
      return `${event.kind} ${event.octets.toString('latin1')}`;
    case 'continue':
      return '+';
    case 'append-literal':
      return `append${event.sync ? '' : '+'} ${event.size} ${event.head.toString('latin1')}`;
    case 'append-octets':
      return `octets ${event.octets.toString('latin1')}`;
    case 'append-end':
      return `end ${event.rest.toString('latin1')}`;
    case 'too-large':
    case 'bye':
      return encodeFrameRefusal(event).trimEnd();
  }
}

const small: FrameLimits = { line: 40, literals: 10, discard: 60 };
const x = (count: number): string => 'x'.repeat(count);

describe('what goes in and what comes out', () => {
  test.for<[string, string, string[]]>([
    ['a line', 'a1 NOOP\r\n', ['command a1 NOOP']],
    ['a bare LF ends a line too', 'a1 NOOP\nb NOOP\n', ['command a1 NOOP', 'command b NOOP']],
    ['pipelined', 'a NOOP\r\nb NOOP\r\nc NO', ['command a NOOP', 'command b NOOP']],
    ['an empty line', '\r\n', ['command ']],
    ['a CR inside a line stays', 'a\rb\r\n', ['command a\rb']],
    ['a literal', 'a X {3}\r\nb\nc d\r\n', ['+', 'command a X {3}\r\nb\nc d']],
    ['without waiting', 'a X {3+}\r\nb\nc d\r\n', ['command a X {3+}\r\nb\nc d']],
    ['an empty literal', 'a X {0+}\r\n\r\n', ['command a X {0+}\r\n']],
    ['two literals', 'a X {1+}\r\n{ {2+}\r\n}} z\r\n', ['command a X {1+}\r\n{ {2+}\r\n}} z']],
    ['no marker: no digits', 'a X {}\r\n', ['command a X {}']],
    ['no marker: something behind', 'a X {3} \r\n', ['command a X {3} ']],
    ['no marker: letters', 'a X {3a}\r\n', ['command a X {3a}']],
    ['a literal over the limit', 'a X {11}\r\nb NOOP\r\n', ['a BAD [TOOBIG] literal too large', 'command b NOOP']],
    [
      'the same unasked',
      `a X {11+}\r\n${x(11)} y\r\nb NOOP\r\n`,
      ['a BAD [TOOBIG] literal too large', 'command b NOOP'],
    ],
    [
      'together over the limit',
      'a X {6+}\r\nxxxxxx {5}\r\nb NOOP\r\n',
      ['a BAD [TOOBIG] literal too large', 'command b NOOP'],
    ],
    [
      'a literal behind a refused one is skipped too',
      `a {11+}\r\n${x(11)} {3+}\r\nb\r\nc\r\nd NOOP\r\n`,
      ['a BAD [TOOBIG] literal too large', 'command d NOOP'],
    ],
    ['far over the limit', 'a X {61+}\r\n', ['* BYE [TOOBIG] literal too large']],
    ['no number holds it', `a X {${'9'.repeat(20)}}\r\n`, ['a BAD [TOOBIG] literal too large']],
    ['no number holds it, unasked', `a X {${'9'.repeat(20)}+}\r\n`, ['* BYE [TOOBIG] literal too large']],
    ['a line over the limit', `a ${x(50)}\r\nb NOOP\r\n`, ['a BAD command line too long', 'command b NOOP']],
    [
      'a line over the limit with a literal',
      `a ${x(42)} {2+}\r\n\n\n\r\nb NOOP\r\n`,
      ['a BAD command line too long', 'command b NOOP'],
    ],
    ['an endless line', x(200), ['* BYE command line too long']],
    ['after the end nothing', `${x(200)}\r\na NOOP\r\n`, ['* BYE command line too long']],
    ['no tag to answer', `${x(50)}\r\n`, ['* BAD command line too long']],
    [
      'APPEND',
      'a APPEND b {3}\r\nm\r\n\r\nb NOOP\r\n',
      ['append 3 a APPEND b {3}', 'octets m\r\n', 'end ', 'command b NOOP'],
    ],
    ['in lower case, unasked', 'a append b {3+}\r\nm\r\n\r\n', ['append+ 3 a append b {3+}', 'octets m\r\n', 'end ']],
    ['an empty message', 'a APPEND b {0}\r\n\r\n', ['append 0 a APPEND b {0}', 'end ']],
    [
      'larger than any other literal',
      `a APPEND b {99}\r\n${x(99)}\r\n`,
      ['append 99 a APPEND b {99}', `octets ${x(99)}`, 'end '],
    ],
    [
      'the folder is a literal',
      'a APPEND {1}\r\nb (\\Seen) {2}\r\nmm\r\n',
      ['+', 'append 2 a APPEND {1}\r\nb (\\Seen) {2}', 'octets mm', 'end '],
    ],
    ['something behind the message', 'a APPEND b {1}\r\nm x\r\n', ['append 1 a APPEND b {1}', 'octets m', 'end  x']],
    [
      'refused: the client was not asked to send',
      'a APPEND refused {9}\r\nb NOOP\r\n',
      ['append 9 a APPEND refused {9}', 'command b NOOP'],
    ],
    [
      'refused: it sends all the same',
      'a APPEND refused {9+}\r\n\r\nc NOOP\r\nb NOOP\r\n',
      ['append+ 9 a APPEND refused {9+}', 'command b NOOP'],
    ],
    ['no APPEND', 'APPEND b {2}\r\nab\r\n', ['+', 'command APPEND b {2}\r\nab']],
    ['nor this', 'a APPENDS b {2}\r\nab\r\n', ['+', 'command a APPENDS b {2}\r\nab']],
  ])('%s', ([, input, expected]) => {
    expect(frame([input], small)).toEqual(expected);
  });

  test.for([
    'APPEND b {3}',
    'append b (\\Seen) {9000}',
    'CREATE {3}',
    'XYZZY {3}',
    'APPEND {3}',
    'SELECT "a b" {3}',
    `${'X'.repeat(100)} {3}`,
  ])('before login nobody is asked for the literal of %s', (text) => {
    expect(frame([`a ${text}\r\n`, 'b NOOP\r\n'], BEFORE_LOGIN)).toEqual(['a BAD log in first', 'command b NOOP']);
    const unasked = `a ${text.replace(/\d+\}/, '4+}')}\r\nxy\r\n\r\nb NOOP\r\n`;
    expect(frame([unasked], BEFORE_LOGIN)).toEqual(['a BAD log in first', 'command b NOOP']);
  });

  test('before login LOGIN and ID have literals', () => {
    expect(frame(['a LOGIN {1}\r\n', 'u {1}\r\n', 'p\r\n'], BEFORE_LOGIN)).toEqual([
      '+',
      '+',
      'command a LOGIN {1}\r\nu {1}\r\np',
    ]);
    expect(frame(['a ID ({1}\r\n'], BEFORE_LOGIN)).toEqual(['+']);
  });

  test('at most 1,000 literals a command', () => {
    const literals = (count: number): string => `a X${' {1+}\r\ny'.repeat(count)}\r\n`;
    expect(frame([literals(1000)])).toEqual([`command ${literals(1000).trimEnd()}`]);
    expect(frame([literals(1001)])).toEqual(['a BAD too many literals']);
  });

  test('the largest ID before login, quoted and in literals', () => {
    const quoted = `a ID (${Array.from({ length: 30 }, () => `"${x(30)}" "${x(1024)}"`).join(' ')})`;
    expect(frame([`${quoted}\r\n`], BEFORE_LOGIN)).toEqual([`command ${quoted}`]);
    const literals = `a ID (${Array.from({ length: 30 }, () => `{30+}\r\n${x(30)} {1024+}\r\n${x(1024)}`).join(' ')})`;
    expect(frame([`${literals}\r\n`], BEFORE_LOGIN)).toEqual([`command ${literals}`]);
  });

  test('the limits of the phases', () => {
    expect(frame([`a ${x(36_000)}\r\n`], BEFORE_LOGIN)[0]).toMatch(/^command/);
    expect(frame([`a ${x(37_000)}\r\n`], BEFORE_LOGIN)).toEqual(['a BAD command line too long']);
    expect(frame([`a ${x(65_000)}\r\n`])[0]).toMatch(/^command/);
    expect(frame([x(140_000)], BEFORE_LOGIN)).toEqual(['* BYE command line too long']);
    expect(frame(Array.from({ length: 30 }, () => x(100_000)))).toEqual(['* BYE command line too long']);
  });

  test('a password of 40,000 characters before login', () => {
    const password = x(40_000);
    expect(frame([`a LOGIN u ${password}\r\nb NOOP\r\n`], BEFORE_LOGIN)).toEqual([
      'a BAD command line too long',
      'command b NOOP',
    ]);
    expect(frame([`a LOGIN u {40000}\r\n`], BEFORE_LOGIN)).toEqual(['a BAD [TOOBIG] literal too large']);
    expect(frame([`a LOGIN u {40000+}\r\n${password}\r\nb NOOP\r\n`], BEFORE_LOGIN)).toEqual([
      'a BAD [TOOBIG] literal too large',
      'command b NOOP',
    ]);
  });

  test('a refused message that never ends', () => {
    const chunks = Array.from({ length: 260 }, () => x(1024 * 1024));
    expect(frame(['a APPEND refused {4000000000+}\r\n', ...chunks])).toEqual([
      'append+ 4000000000 a APPEND refused {4000000000+}',
      '* BYE [TOOBIG] literal too large',
    ]);
  });
});

describe('the answers to continuation requests', () => {
  test('are lines without literals', () => {
    const framer = new Framer();
    framer.push(Buffer.from('AGEAYg== {3}\r\na NOOP\r\n'));
    expect(framer.next('line')).toEqual({ kind: 'line', octets: Buffer.from('AGEAYg== {3}') });
    expect(framer.next()).toEqual({ kind: 'command', octets: Buffer.from('a NOOP') });
    expect(framer.next('line')).toBeUndefined();
  });

  test('may be longer than a command before login', () => {
    const framer = new Framer();
    framer.push(Buffer.from(`${x(21_848)}\r\n`));
    expect(framer.next('line')?.kind).toBe('line');
  });

  test('are bounded', () => {
    const framer = new Framer();
    framer.push(Buffer.from(`${x(30_000)}\r\n${x(200_000)}`));
    expect(framer.next('line')).toEqual({ kind: 'too-large', tag: undefined, what: 'line' });
    expect(framer.next('line')).toEqual({ kind: 'bye', what: 'line' });
  });
});

test('nothing comes while an APPEND waits for the word', () => {
  const framer = new Framer();
  framer.limits = AFTER_LOGIN;
  framer.push(Buffer.from('a APPEND b {1+}\r\nm\r\n'));
  expect(framer.next()?.kind).toBe('append-literal');
  expect(framer.next()).toBeUndefined();
  framer.accept();
  expect(framer.next()).toEqual({ kind: 'append-octets', octets: Buffer.from('m') });
});

test('new limits bind in the middle of a chunk', () => {
  const framer = new Framer();
  framer.push(Buffer.from(`a LOGIN u p\r\nb ${x(9000)}\r\n`));
  framer.next();
  framer.limits = AFTER_LOGIN;
  expect(framer.next()?.kind).toBe('command');
});

test('it holds nothing between commands', () => {
  const framer = new Framer();
  framer.limits = AFTER_LOGIN;
  framer.push(Buffer.from('a X {2+}\r\nbb'));
  expect(framer.next()).toBeUndefined();
  expect(framer.pending).toBe(true);
  framer.push(Buffer.from(' c\r\n'));
  expect(framer.next()?.kind).toBe('command');
  expect(framer.next()).toBeUndefined();
  expect(framer.pending).toBe(false);
});

const piece = fc.constantFrom(
  'a NOOP\r\n',
  'b X {3}\r\n',
  '{3+}\r\n',
  ' {12+}\r\n',
  'c APPEND d {5}\r\n',
  'c APPEND {1+}\r\nd {5+}\r\n',
  'e APPEND refused {7+}\r\n',
  'e APPEND refused {2}\r\n',
  'xyz',
  '\r\n',
  '\n',
  '\r',
  ' ',
  '{99999999999+}\r\n',
  x(30),
  '\0\xff',
  '{',
  '2+}',
  '"',
);

test('any chunking gives the same events', () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 14 }), fc.array(fc.integer({ min: 1, max: 9 })), (pieces, cuts) => {
      const input = pieces.join('');
      const chunks: string[] = [];
      let at = 0;
      for (const cut of cuts) {
        chunks.push(input.slice(at, at + cut));
        at += cut;
      }
      chunks.push(input.slice(at));
      const whole = frame([input], small);
      expect(frame(chunks, small)).toEqual(whole);
      expect(frame(input.split(''), small)).toEqual(whole);
    }),
    { numRuns: 800 },
  );
});

test('junk never throws', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 })), (chunks) => {
      const events = frame(
        chunks.map((chunk) => Buffer.from(chunk).toString('latin1')),
        small,
      );
      expect(events.filter((event) => event.startsWith('* BYE')).length).toBeLessThanOrEqual(1);
    }),
  );
});
