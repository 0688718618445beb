import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DomainId, MailboxId, TenantId } from './ids.ts';
import {
  candidateLocals,
  resolve,
  SEPARATORS,
  type AddressRow,
  type DomainFacts,
  type RowKind,
  type Target,
} from './resolution.ts';

const domain: DomainFacts = {
  tenantId: 't' as TenantId,
  id: 'd' as DomainId,
  name: 'example.org',
  state: 'active',
  tenantState: 'active',
  separators: '+',
};

const mailbox = (id: string): Target => ({
  mailbox: {
    id: id as MailboxId,
    state: 'active',
    quotaOctets: undefined,
    quotaMessages: undefined,
    usedOctets: 0,
    usedMessages: 0,
  },
});

const row = (kind: RowKind, local: string): AddressRow => ({ kind, local, targets: [mailbox(`${kind}:${local}`)] });

/** Resolves against exactly the rows a store would read, as `kind:local`, or the kind of refusal. */
function outcome(local: string, rows: readonly AddressRow[], facts: Partial<DomainFacts> = {}): string {
  const candidates = candidateLocals(local.toLowerCase());
  const read = rows.filter((candidate) => candidates.includes(candidate.local));
  const answer = resolve(
    { local: local.toLowerCase(), domain: domain.name },
    { domain: { ...domain, ...facts }, rows: read },
  );
  return answer.kind === 'row' ? `${answer.row.kind}:${answer.row.local}` : answer.kind;
}

// Requirements 1.1: a home with .qmail-foo, .qmail-foo-default, .qmail-a:b and .qmail-default, as rows of a domain.
describe('golden vectors 1.1, rows 1 to 5', () => {
  const home = [row('alias', 'foo'), row('prefix', 'foo'), row('alias', 'a.b'), row('catch-all', '')];
  test.each([
    ['foo', home, 'alias:foo'],
    ['FOO', home, 'alias:foo'],
    ['foo-', home, 'prefix:foo'],
    ['foo-bar', home, 'prefix:foo'],
    ['a.b', home, 'alias:a.b'],
    ['x', home, 'catch-all:'],
    ['zzz', home.slice(0, 3), 'no-such-user'],
  ])('%s', (local, rows, expected) => {
    expect(outcome(local, rows)).toBe(expected);
  });

  test('plain foo is not matched by foo-default', () => {
    expect(outcome('foo', [row('prefix', 'foo')])).toBe('no-such-user');
  });
});

describe('precedence', () => {
  test.each([
    ['exact address before alias', 'bob', [row('alias', 'bob'), row('address', 'bob')], 'address:bob'],
    ['alias before prefix', 'a-b', [row('prefix', 'a'), row('alias', 'a-b')], 'alias:a-b'],
    ['longest prefix first', 'a-b-c', [row('prefix', 'a'), row('prefix', 'a-b')], 'prefix:a-b'],
    ['prefix before subaddress', 'a-b', [row('address', 'a'), row('prefix', 'a')], 'prefix:a'],
    ['subaddress before catch-all', 'bob+x', [row('catch-all', ''), row('address', 'bob')], 'address:bob'],
    [
      'exact address with a separator in it beats subaddressing',
      'jean+paul',
      [row('address', 'jean'), row('address', 'jean+paul')],
      'address:jean+paul',
    ],
    ['longest user name wins', 'a+b+c', [row('address', 'a'), row('address', 'a+b')], 'address:a+b'],
    ['a subaddress of an alias', 'sales+x', [row('alias', 'sales')], 'alias:sales'],
    ['of an alias, before the catch-all', 'sales+x', [row('catch-all', ''), row('alias', 'sales')], 'alias:sales'],
    ['the longest user name, whatever it is', 'a+b+c', [row('address', 'a'), row('alias', 'a+b')], 'alias:a+b'],
    ['exact before both', 'a+b', [row('alias', 'a'), row('alias', 'a+b')], 'alias:a+b'],
    ['a prefix is no user', 'a-x+y', [row('prefix', 'a-x'), row('catch-all', '')], 'catch-all:'],
    ['a detail may be empty', 'bob+', [row('address', 'bob')], 'address:bob'],
    ['a name may not', '+x', [row('address', '')], 'no-such-user'],
    ['__proto__ is a name like any other', '__proto__', [row('address', '__proto__')], 'address:__proto__'],
    ['nobody is called constructor', 'constructor', [], 'no-such-user'],
  ])('%s', (_, local, rows, expected) => {
    expect(outcome(local, rows)).toBe(expected);
  });

  test.each([
    ['+', 'bob-x', 'no-such-user'],
    ['-', 'bob-x', 'address:bob'],
    ['+-', 'bob-x', 'address:bob'],
    ['', 'bob+x', 'no-such-user'],
    ['=', 'bob=x', 'address:bob'],
  ])('separators %j: %s', (separators, local, expected) => {
    expect(outcome(local, [row('address', 'bob')], { separators })).toBe(expected);
  });
});

test('the detail is what stands behind the separator', () => {
  const answer = resolve({ local: 'bob+a+b', domain: 'example.org' }, { domain, rows: [row('address', 'bob')] });
  expect(answer).toMatchObject({ kind: 'row', detail: 'a+b' });
});

describe('states', () => {
  const rows = [row('address', 'bob'), row('catch-all', '')];
  test.each([
    [{ state: 'disabled' }, 'bob', 'domain-disabled'],
    [{ tenantState: 'suspended' }, 'bob', 'domain-disabled'],
    [{ state: 'disabled' }, 'postmaster', 'postmaster'],
  ] as const)('%j: %s is %s', (facts, local, expected) => {
    expect(outcome(local, rows, facts)).toBe(expected);
  });

  test('a domain we do not host', () => {
    expect(resolve({ local: 'bob', domain: 'other.example' }, { domain: undefined, rows: [] }).kind).toBe('not-hosted');
  });
});

describe('postmaster', () => {
  test.each([
    ['held without a row', [], 'postmaster'],
    ['never swallowed by a catch-all', [row('catch-all', '')], 'postmaster'],
    ['led by its own row', [row('alias', 'postmaster')], 'alias:postmaster'],
  ])('%s', (_, rows, expected) => {
    expect(outcome('postmaster', rows)).toBe(expected);
  });
});

test('each step says what was tried, and exactly the last one of a found row won', () => {
  const { steps } = resolve({ local: 'bob+x', domain: 'example.org' }, { domain, rows: [row('address', 'bob')] });
  expect(steps.map(({ tried, won }) => [tried, won])).toEqual([
    ['domain example.org', true],
    ['address bob+x', false],
    ['alias bob+x', false],
    ['address bob', true],
  ]);
  const { steps: others } = resolve(
    { local: 'team+x', domain: 'example.org' },
    { domain, rows: [row('alias', 'team')] },
  );
  expect(others.map(({ tried, won }) => [tried, won]).slice(-2)).toEqual([
    ['address team', false],
    ['alias team', true],
  ]);
});

const locals = fc.string({ unit: fc.constantFrom('a', 'b', '-', '+', '='), minLength: 1, maxLength: 8 });
const books = fc.array(fc.tuple(fc.constantFrom('address', 'alias', 'prefix', 'catch-all' as const), locals), {
  maxLength: 8,
});

test('rows outside candidateLocals never change the answer', () => {
  fc.assert(
    fc.property(locals, books, fc.subarray(Array.from(SEPARATORS)), (local, book, separators) => {
      const rows = book.map(([kind, name]) => row(kind, kind === 'catch-all' ? '' : name));
      const facts = { ...domain, separators: separators.join('') };
      const whole = resolve({ local, domain: domain.name }, { domain: facts, rows });
      const candidates = candidateLocals(local);
      const read = rows.filter((candidate) => candidates.includes(candidate.local));
      expect(resolve({ local, domain: domain.name }, { domain: facts, rows: read })).toEqual(whole);
    }),
  );
});

test('an exact address always wins, whatever else there is', () => {
  fc.assert(
    fc.property(locals, books, (local, book) => {
      const rows = [...book.map(([kind, name]) => row(kind, name)), row('address', local)];
      expect(resolve({ local, domain: domain.name }, { domain, rows })).toMatchObject({
        row: { kind: 'address', local },
      });
    }),
  );
});
