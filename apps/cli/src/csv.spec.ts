import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseCsv } from './csv.ts';

const read = (text: string) =>
  [...parseCsv(text)].map(({ line, fields, fault }) => (fault === undefined ? [line, ...fields] : [line, fault]));

test.each<[string, string, unknown]>([
  [
    'LF and CRLF',
    'a,b\nc,d\r\ne,f',
    [
      [1, 'a', 'b'],
      [2, 'c', 'd'],
      [3, 'e', 'f'],
    ],
  ],
  [
    'empty fields',
    ',\n,,',
    [
      [1, '', ''],
      [2, '', '', ''],
    ],
  ],
  [
    'empty lines are skipped',
    'a\n\n\r\nb\n',
    [
      [1, 'a'],
      [4, 'b'],
    ],
  ],
  [
    'quotes, commas and line ends in quotes',
    '"a ""x"", b","c\r\nd"\ne',
    [
      [1, 'a "x", b', 'c\r\nd'],
      [3, 'e'],
    ],
  ],
  ['a byte order mark', '\ufeffa,b', [[1, 'a', 'b']]],
  ['spaces are part of a field', ' a , b', [[1, ' a ', ' b']]],
  [
    'a quote that never ends spoils its own line only',
    'a,"b\nc,d',
    [
      [1, 'a quoted field never ends'],
      [2, 'c', 'd'],
    ],
  ],
  [
    'a quote in the middle',
    'a"b,c\nd',
    [
      [1, 'a quote stands in the middle of a field'],
      [2, 'd'],
    ],
  ],
  [
    'text behind a quote',
    '"a"b,c\nd',
    [
      [1, 'a quote stands in the middle of a field'],
      [2, 'd'],
    ],
  ],
  ['nothing', '', []],
  ['__proto__', '__proto__,constructor', [[1, '__proto__', 'constructor']]],
])('%s', (_, text, expected) => {
  expect(read(text)).toEqual(expected);
});

test('round trip: what is written by the rules is read back', () => {
  const field = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', ' ', 'é') });
  fc.assert(
    fc.property(fc.array(fc.array(field, { minLength: 2, maxLength: 4 }), { maxLength: 5 }), (rows) => {
      const text = rows.map((row) => row.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(',')).join('\r\n');
      expect([...parseCsv(text)].map(({ fields }) => fields)).toEqual(rows);
    }),
  );
});

test('total: any text ends, and every row has a line number that grows', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r') }), (text) => {
      const lines = [...parseCsv(text)].map(({ line }) => line);
      expect(lines).toEqual([...new Set(lines)].sort((a, b) => a - b));
    }),
  );
});
