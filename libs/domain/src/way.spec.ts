import { domainToASCII } from 'node:url';
import { expect, test } from 'vitest';
import { parseAddress } from './address.ts';
import { MAX_DELIVERIES, MAX_EXPANSION_DEPTH } from './delivery.ts';
import { MAX_EXPANSION } from './expand.ts';
import type { DomainId, MailboxId, TenantId } from './ids.ts';
import {
  resolve,
  type AddressRow,
  type DirectoryFacts,
  type DomainFacts,
  type MailboxFacts,
  type Target,
} from './resolution.ts';
import { judgePlaces, judgeWay, leadsNowhere, MAX_WAY } from './way.ts';

const domain: DomainFacts = {
  tenantId: 't' as TenantId,
  id: 'd' as DomainId,
  name: 'a.example',
  state: 'active',
  tenantState: 'active',
  separators: '+',
};
const box = (change: Partial<MailboxFacts> = {}): Target => ({
  mailbox: {
    id: 'm' as MailboxId,
    state: 'active',
    quotaOctets: undefined,
    quotaMessages: undefined,
    usedOctets: 0,
    usedMessages: 0,
    ...change,
  },
});
const to = (...paths: string[]): Target[] =>
  paths.map((path) => ({ forwardPath: path.includes('@') ? path : `${path}@a.example` }));
const FULL = box({ quotaOctets: 100, usedOctets: 100 });
const OFF = box({ state: 'disabled' });
const chain = (length: number, end: Target[]): Record<string, Target[]> =>
  Object.fromEntries(
    Array.from({ length }, (_, at) => [at === 0 ? 'x' : `n${at}`, at + 1 < length ? to(`n${at + 1}`) : end]),
  );

let looked = 0;
function world(book: Record<string, Target[]>) {
  looked = 0;
  const facts = (local: string, name: string): DirectoryFacts => {
    if (name === 'off.example') return { domain: { ...domain, state: 'disabled' }, rows: [] };
    if (name !== domain.name) return { domain: undefined, rows: [] };
    const rows = Object.entries(book).map(([row, targets]): AddressRow => ({ kind: 'alias', local: row, targets }));
    return { domain, rows: rows.filter((row) => local === row.local || local.startsWith(`${row.local}+`)) };
  };
  return {
    lookup: (addresses: readonly { local: string; domain: string }[]) => {
      looked += addresses.length;
      return Promise.resolve(addresses.map(({ local, domain: name }) => facts(local, name)));
    },
    parse: (path: string) => parseAddress(path, domainToASCII),
    first: facts('x', domain.name),
  };
}

async function outcome(book: Record<string, Target[]>, local = 'x', octets = 1): Promise<string> {
  const address = { local, domain: domain.name };
  const { first, ...rest } = world(book);
  const resolution = resolve(address, local === 'x' ? first : ((await rest.lookup([address]))[0] ?? first));
  const verdict = await judgeWay(address, resolution, { octets, accepted: 0 }, rest);
  return verdict.accept ? `${verdict.disposition.kind} ${verdict.room}` : verdict.refusal;
}

test.each<[string, Record<string, Target[]>, string]>([
  ['a mailbox', { x: [box()] }, 'mailbox Infinity'],
  ['an alias of a mailbox by its address', { x: to('y'), y: [box({ quotaOctets: 70, usedOctets: 20 })] }, 'expand 50'],
  ['an alias of another host', { x: to('far@elsewhere.example') }, 'expand Infinity'],
  ['itself', { x: to('x') }, 'no-such-user'],
  ['itself by a subaddress', { x: to('x+news') }, 'no-such-user'],
  ['a circle of two', { x: to('y'), y: to('x') }, 'no-such-user'],
  ['a circle of three behind it', { x: to('a'), a: to('b'), b: to('c'), c: to('a') }, 'no-such-user'],
  ['a circle with a way out', { x: to('y'), y: to('x', 'z'), z: [box()] }, 'expand Infinity'],
  ['an alias of what is gone', { x: to('y') }, 'no-such-user'],
  ['gone three steps on', { x: to('y'), y: to('z'), z: to('gone') }, 'no-such-user'],
  ['an alias without targets behind it', { x: to('y'), y: [] }, 'no-such-user'],
  ['one living end among the dead', { x: to('gone', 'y', 'x'), y: to('gone', 'z'), z: [box()] }, 'expand Infinity'],
  ['a disabled mailbox behind it', { x: to('y'), y: [OFF] }, 'disabled'],
  ['a disabled domain behind it', { x: to('y@off.example') }, 'disabled'],
  ['a full mailbox behind it', { x: to('y'), y: [FULL] }, 'over-quota'],
  ['what may pass is said first', { x: to('gone', 'y', 'z'), y: [OFF], z: [FULL] }, 'over-quota'],
  ['a postmaster without a mailbox', { x: to('postmaster') }, 'expand Infinity'],
  ['no address at all', { x: [{ forwardPath: 'nonsense' }] }, 'no-such-user'],
  ['as deep as may be', chain(MAX_EXPANSION_DEPTH + 1, [box()]), 'expand Infinity'],
  ['deeper', chain(MAX_EXPANSION_DEPTH + 2, [box()]), 'no-such-user'],
])('%s', async (_, book, expected) => {
  expect(await outcome(book)).toBe(expected);
});

test('a subaddress of an alias goes its way', async () => {
  expect(await outcome({ sales: [box()] }, 'sales+news')).toBe('mailbox Infinity');
  expect(await outcome({ sales: to('sales+news') }, 'sales+x')).toBe('no-such-user');
});

test('a message that is too large for each of the places', async () => {
  const places = { x: to('y', 'z'), y: [box({ quotaOctets: 100 })], z: [box({ quotaOctets: 200, usedOctets: 150 })] };
  expect(await outcome(places, 'x', 100)).toBe('expand 100');
  expect(await outcome(places, 'x', 101)).toBe('over-quota');
});

test('postmaster is never refused, wherever its alias leads', async () => {
  expect(await outcome({ postmaster: to('postmaster') }, 'postmaster')).toBe('hold Infinity');
  expect(await outcome({ postmaster: to('gone') }, 'postmaster')).toBe('hold Infinity');
});

test('it costs no look-up where mailboxes are named, one where the first target takes it, and no more than is bearable', async () => {
  await outcome({ x: [OFF, box()] });
  expect(looked).toBe(0);
  const many = Array.from({ length: 1_000 }, (_, at) => `n${at}`);
  await outcome({ x: to(...many), n0: [box()] });
  expect(looked).toBe(20);
  // It cannot be told in so many: taken, and expansion finds out.
  expect(await outcome({ x: to(...many) })).toBe('expand Infinity');
  expect(looked).toBeLessThanOrEqual(MAX_WAY);
});

test('nowhere is not full, nor disabled for now', async () => {
  const nowhere = (book: Record<string, Target[]>) => {
    const { first, ...rest } = world(book);
    return leadsNowhere({ local: 'x', domain: domain.name }, first.rows[0]?.targets ?? [], rest);
  };
  expect(await nowhere({ x: to('y'), y: [FULL] })).toBe(false);
  expect(await nowhere({ x: to('y'), y: [OFF] })).toBe(false);
  expect(await nowhere({ x: to('y'), y: to('x') })).toBe(true);
});

test.each<[string, Record<string, Target[]>, number | undefined]>([
  ['a mailbox', { x: [box()] }, 0],
  ['two mailboxes, one of them twice', { x: [box(), box({ id: 'n' as MailboxId }), box()] }, 2],
  ['an address elsewhere', { x: to('far@elsewhere.example') }, 1],
  ['an address here and its mailbox', { x: to('y'), y: [box()] }, 2],
  ['a mailbox beside an address', { x: [box(), ...to('y')], y: [box()] }, undefined],
  ['a few addresses', { x: to(...Array.from({ length: 20 }, (_, at) => `n${at}@elsewhere.example`)) }, 20],
  [
    'more than one look-up sees',
    { x: to(...Array.from({ length: 21 }, (_, at) => `n${at}@elsewhere.example`)) },
    undefined,
  ],
  ['what lies behind the one that was found', { x: to('y', 'z'), y: [box()], z: to('w') }, undefined],
])('how many places: %s', async (_, book, places) => {
  const { first, ...rest } = world(book);
  const address = { local: 'x', domain: domain.name };
  const verdict = await judgeWay(address, resolve(address, first), { octets: 1, accepted: 0 }, rest);
  expect(verdict).toMatchObject({ accept: true, places });
});

test.each<[string, string, number, number, string]>([
  ['as many as an expansion follows', 'x', MAX_EXPANSION - 1, 0, 'accepted'],
  ['more', 'x', MAX_EXPANSION, 0, 'too-many-places'],
  ['more, for a postmaster', 'postmaster', MAX_EXPANSION, 0, 'the address of postmaster leads to too many places'],
  ['as many as the message may have', 'x', 999, MAX_DELIVERIES - 1_000, 'accepted'],
  ['more than it may have', 'x', 1_000, MAX_DELIVERIES - 1_000, 'too-many-recipients'],
  ['one recipient more than it may have', 'x', 0, MAX_DELIVERIES, 'too-many-recipients'],
])('judged by places: %s', async (_, local, places, before, expected) => {
  const address = { local, domain: domain.name };
  const book = world({ [local]: [box(), box({ id: 'n' as MailboxId })] });
  const resolution = resolve(address, (await book.lookup([address]))[0] ?? book.first);
  const verdict = await judgeWay(address, resolution, { octets: 1, accepted: 0 }, book);
  if (!verdict.accept) return expect.fail(verdict.refusal);
  const judged = judgePlaces(verdict, resolution, places, before);
  const held = judged.accept && judged.disposition.kind === 'hold' ? judged.disposition.reason : 'accepted';
  expect(judged.accept ? held : judged.refusal).toBe(expected);
});
