import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { headerFields, unfold } from './index.ts';

const read = (text: string): [string, string][] => {
  const header = Buffer.from(text, 'latin1');
  return [...headerFields(header)].map(({ name, value, valueEnd }) => [
    name,
    header.toString('latin1', value, valueEnd),
  ]);
};

describe('headerFields', () => {
  test.for<[string, string, [string, string][]]>([
    ['nothing', '', []],
    [
      'fields',
      'A: b\r\nC:d\r\n',
      [
        ['A', ' b'],
        ['C', 'd'],
      ],
    ],
    ['stops at the empty line', 'A: b\r\n\r\nC: d\r\n', [['A', ' b']]],
    ['stops at a bare empty line', 'A: b\n\nC: d\n', [['A', ' b']]],
    [
      'folds stay in the raw body',
      'A: b\r\n c\r\n\td\r\nE: f',
      [
        ['A', ' b\r\n c\r\n\td'],
        ['E', ' f'],
      ],
    ],
    [
      'a fold of spaces only is no empty line',
      'A: b\r\n \r\nC: d\r\n',
      [
        ['A', ' b\r\n '],
        ['C', ' d'],
      ],
    ],
    ['space before the colon', 'A \t: b\r\n', [['A', ' b']]],
    [
      'an empty body',
      'A:\r\nB:',
      [
        ['A', ''],
        ['B', ''],
      ],
    ],
    ['lines that are no fields', 'From x: y\r\njunk\r\n more\r\n: z\r\nA: b\r\n', [['A', ' b']]],
    ['a continuation of nothing', ' x: y\r\nA: b\r\n', [['A', ' b']]],
    ['a name of UTF-8', 'Gr\xc3\xbc: a\r\nB: c\r\n', [['B', ' c']]],
    [
      '__proto__',
      '__proto__: a\r\nconstructor: b\r\n',
      [
        ['__proto__', ' a'],
        ['constructor', ' b'],
      ],
    ],
    ['bare CR and NUL are octets', 'A: b\rc\0d\r\n', [['A', ' b\rc\0d']]],
  ])('%s', ([, text, expected]) => {
    expect(read(text)).toEqual(expected);
  });

  test('ranges cover the field with its line end', () => {
    const header = Buffer.from('junk\r\nAb : c\r\n d\r\nE: f\r\n\r\n');
    expect([...headerFields(header)].map(({ at, end }) => header.toString('latin1', at, end))).toEqual([
      'Ab : c\r\n d\r\n',
      'E: f\r\n',
    ]);
  });

  test('total, in order, without overlap', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('A', ':', ' ', '\r', '\n', '\r\n', 'x: y', '\0', '\xff')), (pieces) => {
        const header = Buffer.from(pieces.join(''), 'latin1');
        let before = 0;
        for (const { at, value, valueEnd, end } of headerFields(header)) {
          expect(at >= before && at < value && value <= valueEnd && valueEnd <= end && end <= header.length).toBe(true);
          before = end;
        }
      }),
      { numRuns: 1000 },
    );
  });
});

test.for<[string, string]>([
  ['folded\r\n\tsubject', 'folded subject'],
  ['folded\r\n subject', 'folded subject'],
  ['folded\n\tsubject', 'folded subject'],
  ['folded \r\n\t\tsubject', 'folded  \tsubject'],
  ['\r\n\tfolded\r\n\t', 'folded'],
  ['a\tb', 'a\tb'],
])('a fold becomes one space: %j', ([raw, expected]) => {
  expect(unfold(Buffer.from(raw), 0, raw.length, 100)).toBe(expected);
});

test('unfold removes line ends and NUL, cuts spaces and counts raw octets', () => {
  const raw = Buffer.from(' a\r\n b\0\rc\xc3\xa0 \t', 'latin1');
  expect(unfold(raw, 0, raw.length, 100)).toBe('a bc\xc3\xa0');
  expect(unfold(raw, 0, raw.length, 2)).toBe('a');
});
