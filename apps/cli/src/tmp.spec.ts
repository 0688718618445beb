import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'vitest';
import { run } from './run.ts';
import { fakeTerminal } from './terminal.spec-helper.ts';
test('x', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ph-'));
  const go = async (...args: string[]) => {
    const t = fakeTerminal('', { POSTHOUSE_DATA_DIR: folder });
    const start = performance.now();
    const code = await run(args, t);
    console.log(args.join(' ').slice(0, 60), code, ((performance.now() - start) / 1000).toFixed(1), t.printed.slice(0, 40).join('\n'), t.complained.slice(0, 5).join('\n'));
  };
  await go('domain', 'add', 'x.example');
  await writeFile(join(folder, 'f.csv'), 'address,password,quota\n' + Array.from({ length: 1000 }, (_, i) => `u${i}@x.example,pw${i},`).join('\n'));
  await go('mailbox', 'import', join(folder, 'f.csv'));
  await go('status');
  await go('migrate');
  await go('doctor');
}, 300_000);
