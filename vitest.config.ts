import { defaultServerConditions } from 'vite';
import { defineConfig } from 'vitest/config';

// Without 'source' in both lists vitest silently runs a stale dist.
const resolve = { conditions: ['source', ...defaultServerConditions] };
const ssr = { resolve };
const report = process.env['VITEST_JSON'];
const project = (name: string, include: string[], more: Record<string, unknown> = {}) => ({
  resolve,
  ssr,
  test: { name, include, passWithNoTests: false, ...more },
});

export default defineConfig({
  test: {
    globalSetup: ['infra/vitest-database.ts'],
    // vitest leaves one core idle; most of our waiting is for processes and databases.
    maxWorkers: 2,
    // CI counts from the JSON report; people read the other.
    reporters: report === undefined ? ['default'] : ['default', ['json', { outputFile: report }]],
    projects: [
      project(
        'unit',
        [
          'libs/{wire,message,smtp,pop3,imap,domain,runtime,auth,testing}/src/**/*.spec.ts',
          'apps/*/src/**/*.spec.ts',
          'infra/**/*.spec.ts',
          'test/architecture/**/*.spec.ts',
        ],
        // Properties are seconds of work; a machine with other work takes several times as long.
        { testTimeout: 30_000 },
      ),
      project('store', ['libs/{store,queue}/src/**/*.spec.ts'], { testTimeout: 60_000, hookTimeout: 120_000 }),
      project('house', ['test/{house,interop}/**/*.spec.ts'], { testTimeout: 180_000, hookTimeout: 180_000 }),
      // They kill servers and fill disks: one at a time.
      project('crash', ['test/crash/**/*.spec.ts'], {
        testTimeout: 180_000,
        hookTimeout: 180_000,
        fileParallelism: false,
        // Of the runs by seed: as many as there are cores on a small machine.
        maxConcurrency: 2,
      }),
    ],
  },
});
