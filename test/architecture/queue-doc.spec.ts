/** docs/queue.md, LEGAL_MOVES and the table's own constraint are one table, written three times for three readers. */
import { readdir, readFile } from 'node:fs/promises';
import { DELIVERY_STATES, LEGAL_MOVES } from '#domain';
import { expect, test } from 'vitest';

const ROOT = new URL('../../', import.meta.url);
const BIRTH = 'born';

/** 'from → to', sorted. */
const moves = (pairs: Iterable<readonly [from: string, to: string]>): string[] =>
  [...pairs].map(([from, to]) => `${from} → ${to}`).sort();

async function documented(): Promise<[string, string][]> {
  const text = await readFile(new URL('docs/queue.md', ROOT), 'utf8');
  return [...text.matchAll(/^\| (?:`(\w+)`|born) → `(\w+)`/gm)].map(([, from = BIRTH, to = '']) => [from, to]);
}

/** Of the last migration that writes the constraint. */
async function constrained(): Promise<[string, string][]> {
  const folder = new URL('libs/store/migrations/', ROOT);
  const files = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  const texts = await Promise.all(files.map((name) => readFile(new URL(name, folder), 'utf8')));
  const text = texts.findLast((sql) => sql.includes('constraint delivery_legal_move')) ?? '';
  const [constraint = ''] = /constraint delivery_legal_move check[\s\S]*?\bend\b/.exec(text) ?? [];
  return [...constraint.matchAll(/when came_from (?:is null|= '(\w+)') then state in \(([^)]*)\)/g)].flatMap(
    ([, from = BIRTH, states = '']) =>
      [...states.matchAll(/'(\w+)'/g)].map(([, to = '']): [string, string] => [from, to]),
  );
}

const legal = (): [string, string][] =>
  DELIVERY_STATES.flatMap((from) => LEGAL_MOVES[from].map((to): [string, string] => [from, to]));

const isMove = ([from]: readonly [string, string]): boolean => from !== BIRTH;

test('the table of docs/queue.md has every legal move, and no other', async () => {
  expect(moves((await documented()).filter(isMove))).toEqual(moves(legal()));
});

test('the constraint of the migrated table is the same table', async () => {
  expect(moves((await constrained()).filter(isMove))).toEqual(moves(legal()));
});

test('a row may be born in the states that the document says', async () => {
  const births = (all: [string, string][]): string[] => moves(all.filter((pair) => !isMove(pair)));
  expect(births(await documented())).toEqual(births(await constrained()));
  expect(births(await documented())).not.toEqual([]);
});

test('every state has a line that says what it means', async () => {
  const text = await readFile(new URL('docs/queue.md', ROOT), 'utf8');
  const [, states = ''] = /^## States\n([\s\S]*?)^## /m.exec(text) ?? [];
  const described = [...states.matchAll(/^\| `(\w+)` +\|/gm)].map(([, state]) => state);
  expect(described).toEqual([...DELIVERY_STATES]);
});
