/** The layer table of docs/architecture.md is the one the lint enforces. */
import { readdir, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import config from '../../oxlint.config.ts';

const ROOT = new URL('../../', import.meta.url);

/** `lib: imports, IO`, as the rules of the lint say it. */
const enforced = (): string[] =>
  (config.overrides ?? []).flatMap((override) => {
    const message = /"message":"libs\/(\w+) may import only ([^"]*?)( and does no IO)?"/.exec(JSON.stringify(override));
    return message
      ? [row(message[1], message[2]?.replace('nothing', '–'), message[3] === undefined ? 'yes' : 'no')]
      : [];
  });

async function documented(): Promise<string[]> {
  const text = await readFile(new URL('docs/architecture.md', ROOT), 'utf8');
  const [, table = ''] = /^## Layers\n([\s\S]*?)^## /m.exec(text) ?? [];
  return [...table.matchAll(/^\| (\w+) +\| ([^|]+?) +\| (yes|no) +\|$/gm)].map(([, lib, imports, io]) =>
    row(lib, imports, io),
  );
}

const row = (lib = '', imports = '', io = ''): string => `${lib}: ${imports}, IO ${io}`;

test('the table names the layers of oxlint.config.ts, in their order', async () => {
  expect(await documented()).toEqual(enforced());
  expect(enforced()).not.toEqual([]);
});

test('every lib has its line', async () => {
  const libs = await readdir(new URL('libs/', ROOT));
  const lined = enforced().map((line) => line.slice(0, line.indexOf(':')));
  expect(new Set(lined)).toEqual(new Set(libs));
});
