import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { boundaryOf, MAX_PARAMETERS, parseParameterised } from './index.ts';

describe('parameters', () => {
  test.for<[string, string, string, Record<string, string>]>([
    ['plain', 'text/plain; charset=utf-8; format=flowed', 'text/plain', { charset: 'utf-8', format: 'flowed' }],
    ['odd case and spaces', ' Text / PLAIN ;CHARSET = "UTF-8" ', 'text/plain', { charset: 'UTF-8' }],
    ['a comment', 'text/plain; charset=us-ascii (Plain text)', 'text/plain', { charset: 'us-ascii' }],
    ['a comment in front', '(a; b=c) text/plain (d); (e) x=y', 'text/plain', { x: 'y' }],
    ['quoted pairs', String.raw`a/b; x="a\"b;c\\"`, 'a/b', { x: 'a"b;c\\' }],
    ['spaces inside quotes stay', 'a/b; x=" y "', 'a/b', { x: ' y ' }],
    ['unquoted spaces', 'a/b; name=my file (1).pdf; y=z', 'a/b', { name: 'my file .pdf', y: 'z' }],
    ['brackets inside of a word', 'a/b; name=file(1).pdf', 'a/b', { name: 'file(1).pdf' }],
    ['equals signs in a boundary', 'a/b; boundary=----=_Part_1=', 'a/b', { boundary: '----=_Part_1=' }],
    ['no end of quotes', 'a/b; x="y; z=1', 'a/b', { x: 'y; z=1' }],
    ['no value', 'a/b; x; y=; =z; w=1', 'a/b', { y: '', w: '1' }],
    ['RFC 2231', "a/b; name*0*=utf-8'en'%41; name*1=b", 'a/b', { 'name*0*': "utf-8'en'%41", 'name*1': 'b' }],
    ['a name that is no token', 'a/b; my name=x; "q="=y; n\xfcm=z; ok=1', 'a/b', { ok: '1' }],
    ['semicolons only', ';;;', '', {}],
    ['octets', 'a/b; x=\xc3\xa0', 'a/b', { x: '\xc3\xa0' }],
  ])('%s', ([, text, value, params]) => {
    expect(parseParameterised(text)).toEqual({ value, params: Object.entries(params) });
  });

  test('keeps the first 64', () => {
    expect(parseParameterised(`a/b${';x=y'.repeat(1000)}`).params).toHaveLength(MAX_PARAMETERS);
  });

  test('total', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...';="\\() ab'.split(''), 'é')).map((pieces) => pieces.join('')),
        (text) => {
          const { params } = parseParameterised(text);
          expect(params.every(([name]) => /^[a-z]+$/.test(name))).toBe(true);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe('boundary', () => {
  test.for<[string, [string, string][], string | undefined]>([
    ['none', [], undefined],
    ['empty', [['boundary', '']], undefined],
    [
      'the first of two',
      [
        ['boundary', 'a'],
        ['boundary', 'b'],
      ],
      'a',
    ],
    ['spaces at its end', [['boundary', 'a b ']], 'a b'],
    [
      'pieces in any order',
      [
        ['boundary*1', 'b'],
        ['boundary*0', 'a'],
        ['boundary*3', 'd'],
      ],
      'ab',
    ],
    ['200 octets', [['boundary', 'x'.repeat(200)]], 'x'.repeat(200)],
    ['201 octets', [['boundary', 'x'.repeat(201)]], undefined],
  ])('%s', ([, params, expected]) => {
    expect(boundaryOf(params)).toBe(expected);
  });
});
