/**
 * No plan grows with its table: every statement of every store at two sizes, under plans made with fresh, stale and no statistics, for all
 * parameters and for these. What is judged is what the server says it touched, not the time it took.
 */
import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { freshDatabase, type FreshDatabase } from '#testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { GROWING, type Growth } from './growing.spec-helper.ts';
import { DIRECTORY_DRIVES, TRACE_DRIVES } from './plan-drives-directory.spec-helper.ts';
import { QUEUE_DRIVES } from './plan-drives-queue.spec-helper.ts';
import { ACCOUNT_DRIVES, FOLDER_DRIVES, MAILDROP_DRIVES } from './plan-drives-readers.spec-helper.ts';
import { APPLICATION, DrivenStores, STORES, type Drive } from './plan-drives.spec-helper.ts';
import { PlanWatch, sumOf, type Cost, type Explained } from './plan-watch.spec-helper.ts';
import { PlanWorld } from './plan-world.spec-helper.ts';
import { isIn, sqlBelow, sqlOf } from './sql-in-source.spec-helper.ts';

const SMALL = 1_200;
const TIMES = 8;

const SOURCE = fileURLToPath(new URL('..', import.meta.url));
/** Run at a start or by the operator, once: over tables of the catalogue, or, after a restore, over every folder in pages. */
const NO_STORE = ['migrate.ts', 'roles.ts', 'connected-apps.ts', 'folder/uidvalidity.ts'];

const DRIVES: readonly Drive[] = [
  ...QUEUE_DRIVES,
  ...FOLDER_DRIVES,
  ...MAILDROP_DRIVES,
  ...ACCOUNT_DRIVES,
  ...TRACE_DRIVES,
  ...DIRECTORY_DRIVES,
];

interface Judged {
  readonly round: string;
  readonly cost: Cost;
  readonly statements: readonly Explained[];
}

let db: FreshDatabase;
const watch = new PlanWatch(APPLICATION);
const called = new Set<string>();
/** Statements that were executed, each once. */
const executed = new Set<string>();
const small = new Map<string, Judged>();
const large = new Map<string, Judged[]>();

beforeAll(async () => {
  db = await freshDatabase();
  await PlanWatch.turnOn(db.owner);
  const world = await PlanWorld.in(db.owner);
  await world.growTo(SMALL);
  await world.analyze();
  for (const [drive, judged] of await round(world, 'small', 'auto')) small.set(drive, judged);
  const atLarge = async (statistics: string, ...modes: string[]): Promise<void> => {
    for (const mode of modes) {
      for (const [drive, judged] of await round(world, statistics, mode))
        large.set(drive, [...(large.get(drive) ?? []), judged]);
    }
  };
  await world.growTo(SMALL * TIMES);
  await atLarge('stale statistics', 'force_generic_plan');
  await world.forgetStatistics();
  await atLarge('no statistics', 'force_generic_plan', 'force_custom_plan');
  await world.analyze();
  await atLarge('fresh statistics', 'force_generic_plan', 'force_custom_plan');
}, 300_000);
afterAll(async () => {
  watch.stop();
  await db.drop();
});

type Seen = Judged['statements'];

async function round(world: PlanWorld, statistics: string, mode: string): Promise<Map<string, Judged>> {
  await db.owner.query(`alter database ${new URL(db.ownerUrl).pathname.slice(1)} set plan_cache_mode = ${mode}`);
  const driven = new DrivenStores(db.ownerUrl, called);
  const judged = new Map<string, Judged>();
  try {
    for (const drive of DRIVES) {
      const measured = async (): Promise<Seen> => {
        await drive.prepare?.(world);
        return watch
          .during(() => drive.run(driven.stores, world))
          .catch((error: unknown) => {
            throw new Error(`plan drive "${drive.name}", ${statistics}, ${mode}`, { cause: error });
          });
      };
      const few = small.get(drive.name);
      let statements = await measured();
      // Pruning, and dead rows that nobody has cleared away yet, cost a run more blocks now and then: what grows does so twice.
      if (few && !GROWING.has(drive.name) && grows(few.cost, sumOf(statements))) statements = await measured();
      for (const { text } of statements) executed.add(text);
      judged.set(drive.name, { round: `${statistics}, ${mode}`, cost: sumOf(statements), statements });
    }
  } finally {
    await driven.close();
  }
  return judged;
}

test('every method of every store is driven', async () => {
  const files = (await readdir(SOURCE, { recursive: true })).filter((file) => /\/pg-[a-z-]+\.store\.ts$/.test(file));
  expect(STORES.length, 'a store that is not driven: add it to MADE').toBe(files.length);
  const methods = STORES.flatMap((store) =>
    Object.getOwnPropertyNames(store.prototype)
      .filter((name) => typeof Object.getOwnPropertyDescriptor(store.prototype, name)?.value === 'function')
      .filter((name) => name !== 'constructor')
      .map((name) => `${store.name}.${name}`),
  );
  expect(
    methods.filter((name) => !called.has(name)),
    'methods that no plan drive calls',
  ).toEqual([]);
});

test('every SQL text of the store is executed by a drive', async () => {
  const texts = [...executed];
  const missed = (await sqlBelow(SOURCE, NO_STORE)).filter((sql) => !texts.some((text) => isIn(sql, text)));
  expect(
    missed.map(({ at }) => at),
    'SQL that no plan drive executes',
  ).toEqual([]);
});

/** Linear is TIMES as much. The offset leaves room for index levels and for pages that rows of other drives share. */
const MORE = 2;
const OFFSET = 400;
const grows = (few: Cost, many: Cost, times = MORE): boolean =>
  many.blocks > times * few.blocks + OFFSET || many.rows > times * few.rows + OFFSET;

/** A row that is touched may cost a block of its own, where nobody has vacuumed: for a drive that is on no list that is no growth. */
const clearlyGrows = (few: Cost, many: Cost): boolean =>
  grows(few, { rows: many.rows, blocks: Math.max(0, many.blocks - many.rows) });

/** Blocks and rows together: an index is read alone where vacuum has been, and elsewhere costs a block for each row. */
const touched = ({ blocks, rows }: Cost): Cost => ({ blocks: blocks + rows, rows });

const show = ({ blocks, rows }: Cost): string => `${blocks} blocks and ${rows} rows`;

function worstOf({ round, cost, statements }: Judged, few: Judged): string {
  const [worst] = [...statements].sort((a, b) => b.blocks + b.rows - a.blocks - a.rows);
  const text = worst?.text.replaceAll(/\s+/g, ' ').trim().slice(0, 160);
  return `${show(few.cost)} of ${SMALL}, ${show(cost)} of ${SMALL * TIMES} (${round}); most of it: ${text}`;
}

function growthOf(drive: string, judge = grows): string | undefined {
  const few = small.get(drive);
  const worst = (large.get(drive) ?? [])
    .filter(({ cost }) => few && judge(few.cost, cost))
    .sort((a, b) => b.cost.rows - a.cost.rows)[0];
  return few && worst && worstOf(worst, few);
}

test('no plan grows with its table', () => {
  const growing = DRIVES.flatMap(({ name }) => {
    const growth = GROWING.has(name) ? undefined : growthOf(name, clearlyGrows);
    return growth === undefined ? [] : [`${name}: ${growth}`];
  });
  expect(growing).toEqual([]);
});

const longest = ({ statements }: Judged): Cost => ({
  blocks: Math.max(...statements.map(({ blocks }) => blocks)),
  rows: Math.max(...statements.map(({ rows }) => rows)),
});

function longerPages(name: string, few: Judged | undefined): string[] {
  const worse = (large.get(name) ?? []).find((many) => few && grows(longest(few), longest(many)));
  return few && worse ? [`${name}: a page of it grows: ${worstOf(worse, few)}`] : [];
}

test('what is known to grow does, and no worse than its table', () => {
  const known = new Set(DRIVES.map(({ name }) => name));
  const wrong = [...GROWING].flatMap(([name, growth]: [string, Growth]) => {
    if (!known.has(name)) return [`${name}: no such drive; take it off the list`];
    if (growthOf(name) === undefined) return [`${name}: its plan does not grow any more; take it off the list`];
    const few = small.get(name);
    if (growth.kind === 'pages') return longerPages(name, few);
    const worse = (large.get(name) ?? []).find(({ cost }) => few && grows(touched(few.cost), touched(cost), 2 * TIMES));
    return few && worse ? [`${name}: reads everything by nature, but more than once: ${worstOf(worse, few)}`] : [];
  });
  expect(wrong).toEqual([]);
});

test('SQL is found wherever it stands in a source', () => {
  const source =
    'const a = `\nselect ${x} from t\n where ${y}`;\nconst b = sql<Row>`update t set a = ${1}`;\nconst c = "delete from t";\nfail("with regard");';
  const found = sqlOf('a.ts', source);
  expect(found).toEqual([
    { at: 'a.ts:1', parts: ['select', 'from t where'] },
    { at: 'a.ts:4', parts: ['update t set a ='] },
    { at: 'a.ts:5', parts: ['delete from t'] },
  ]);
  const [select, update] = found;
  if (!select || !update) expect.fail('nothing found');
  expect(isIn(select, 'select 1\nfrom t where b = 2')).toBe(true);
  expect(isIn(select, 'select 1 where b = 2 from t')).toBe(false);
  expect(isIn(update, 'with x as (update t set a = $1) select 1')).toBe(true);
});
