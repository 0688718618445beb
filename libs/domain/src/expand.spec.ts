import { domainToASCII } from 'node:url';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseAddress, type CanonicalAddress } from './address.ts';
import { MAX_EXPANSION_DEPTH } from './delivery.ts';
import { expand, MAX_EXPANSION, TOO_MANY_TARGETS, type Expansion } from './expand.ts';
import type { DomainId, MailboxId, TenantId } from './ids.ts';
import type { DirectoryFacts, DomainFacts, MailboxState, Target } from './resolution.ts';

const domain: DomainFacts = {
  tenantId: 't' as TenantId,
  id: 'd' as DomainId,
  name: 'a.example',
  state: 'active',
  tenantState: 'active',
  separators: '+',
};
const box = (id: string, state: MailboxState = 'active'): Target => ({
  mailbox: {
    id: id as MailboxId,
    state,
    quotaOctets: undefined,
    quotaMessages: undefined,
    usedOctets: 0,
    usedMessages: 0,
  },
});
const to = (...paths: string[]): Target[] => paths.map((forwardPath) => ({ forwardPath }));

/** A domain a.example with one row for each local part. */
function walk(start: string, book: ReadonlyMap<string, readonly Target[]>): Promise<Expansion> {
  const factsOf = ({ local, domain: name }: CanonicalAddress): DirectoryFacts => {
    const targets = book.get(local);
    if (name !== domain.name) return { domain: undefined, rows: [] };
    return { domain, rows: targets ? [{ kind: 'alias', local, targets }] : [] };
  };
  return expand(
    { local: start, domain: domain.name },
    { lookup: async (addresses) => addresses.map(factsOf), parse: (path) => parseAddress(path, domainToASCII) },
  );
}

const ends = ({ leaves }: Expansion): string[] =>
  leaves.map((leaf) => {
    const end = leaf.kind === 'mailbox' ? leaf.mailboxId : leaf.kind === 'remote' ? leaf.domain : leaf.why;
    return `${leaf.recipient} ${leaf.kind} ${end}`;
  });

test.each<[string, Record<string, Target[]>, string[]]>([
  ['a mailbox', { x: [box('1')] }, ['x@a.example mailbox 1']],
  ['nobody', {}, ['x@a.example dead-end no such user']],
  ['two mailboxes', { x: [box('1'), box('2')] }, ['x@a.example mailbox 1', 'x@a.example mailbox 2']],
  ['an alias of an alias', { x: to('Y@a.example'), y: [box('1')] }, ['Y@a.example mailbox 1']],
  ['another host', { x: to('B@B.Example') }, ['B@B.Example remote b.example']],
  [
    'one mailbox by two ways, once',
    { x: to('y@a.example', 'z@a.example'), y: [box('1')], z: [box('1')] },
    ['y@a.example mailbox 1'],
  ],
  ['a target twice, once', { x: to('b@b.example', 'b@B.example') }, ['b@b.example remote b.example']],
  ['itself', { x: to('x@a.example') }, []],
  ['a loop', { x: to('y@a.example'), y: to('x@a.example') }, []],
  [
    'a loop with a way out',
    { x: to('y@a.example', 'b@b.example'), y: to('x@a.example') },
    ['b@b.example remote b.example'],
  ],
  ['a target that is gone', { x: to('y@a.example') }, ['y@a.example dead-end no such user']],
  [
    'a disabled mailbox',
    { x: [box('1', 'disabled'), box('2')] },
    ['x@a.example dead-end the mailbox is disabled', 'x@a.example mailbox 2'],
  ],
  ['a target that is no address', { x: to('nobody') }, ['nobody dead-end the target is no address']],
  ['postmaster', { x: to('postmaster@a.example') }, ['postmaster@a.example dead-end postmaster has no mailbox']],
])('leads to %s', async (_, book, expected) => {
  expect(ends(await walk('x', new Map(Object.entries(book))))).toEqual(expected);
});

test('a start we do not host is a dead end, not mail for the world', async () => {
  const nowhere = await expand({ local: 'x', domain: 'b.example' }, { lookup: async () => [], parse: () => undefined });
  expect(ends(nowhere)).toEqual(['x@b.example dead-end the domain is not hosted here']);
});

test('a chain ends at the deepest level allowed', async () => {
  const chain = (length: number): Map<string, Target[]> =>
    new Map(
      Array.from({ length: length + 1 }, (_, at) => [
        `n${at}`,
        at === length ? [box('1')] : to(`n${at + 1}@a.example`),
      ]),
    );
  expect(ends(await walk('n0', chain(MAX_EXPANSION_DEPTH)))).toEqual([`n${MAX_EXPANSION_DEPTH}@a.example mailbox 1`]);
  expect((await walk('n0', chain(MAX_EXPANSION_DEPTH + 1))).leaves).toMatchObject([{ kind: 'dead-end' }]);
});

test.each<[string, Record<string, Target[]>]>([
  [
    'addresses',
    { x: to('y@a.example'), y: to(...Array.from({ length: MAX_EXPANSION }, (_, at) => `n${at}@b.example`)) },
  ],
  ['mailboxes', { x: Array.from({ length: MAX_EXPANSION + 1 }, (_, at) => box(`${at}`)) }],
  [
    'nested: 1,000 of 1,000',
    Object.fromEntries([
      ['x', to(...Array.from({ length: 1000 }, (_, at) => `n${at}@a.example`))],
      ...Array.from({ length: 1000 }, (_, at) => [
        `n${at}`,
        to(...Array.from({ length: 1000 }, (__, deep) => `m${at}-${deep}@b.example`)),
      ]),
    ]),
  ],
])('a walk that meets too many %s stops and says so', async (_, book) => {
  const { tooMany, leaves, nodes } = await walk('x', new Map(Object.entries(book)));
  expect(tooMany).toBe(true);
  expect(leaves.length).toBeLessThanOrEqual(MAX_EXPANSION + 1);
  expect(nodes.at(-1)).toMatchObject({ outcome: 'dead-end', why: TOO_MANY_TARGETS });
});

test('facts are asked for few addresses at a time', async () => {
  let most = 0;
  const book = new Map([['x', to(...Array.from({ length: 100 }, (_, at) => `n${at}@a.example`))]]);
  const { leaves, tooMany } = await expand(
    { local: 'x', domain: domain.name },
    {
      lookup: (addresses) => {
        most = Math.max(most, addresses.length);
        return Promise.resolve(
          addresses.map(({ local }) => ({
            domain,
            rows: [{ kind: 'alias' as const, local, targets: book.get(local) ?? [box(local)] }],
          })),
        );
      },
      parse: (path) => parseAddress(path, domainToASCII),
    },
  );
  expect([most, leaves.length, tooMany]).toEqual([20, 100, false]);
});

test('any web of aliases: the walk ends, and no mailbox or foreign address gets two copies', async () => {
  const name = fc.constantFrom('a', 'b', 'c', 'd', 'e');
  const target = fc.oneof(
    name.map((local): Target => ({ forwardPath: `${local}@a.example` })),
    name.map((id) => box(id)),
    name.map((local): Target => ({ forwardPath: `${local}@b.example` })),
  );
  await fc.assert(
    fc.asyncProperty(fc.dictionary(name, fc.array(target, { maxLength: 4 })), async (book) => {
      const { leaves } = await walk('a', new Map(Object.entries(book)));
      const keys = leaves.map((leaf) => (leaf.kind === 'mailbox' ? leaf.mailboxId : leaf.recipient));
      const copies = keys.filter((_, at) => leaves[at]?.kind !== 'dead-end');
      expect(new Set(copies).size).toBe(copies.length);
    }),
  );
});
