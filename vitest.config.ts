import { defaultServerConditions } from 'vite';
import { defineConfig } from 'vitest/config';

// Without 'source' in both lists vitest silently runs a stale dist.
const resolve = { conditions: ['source', ...defaultServerConditions] };
const ssr = { resolve };
const report = process.env['VITEST_JSON'];
/** Modules are read once for all files of a worker: a fifth of the run. */
const SHARED = { isolate: false };
const project = (name: string, include: string[], more: Record<string, unknown> = {}) => ({
  resolve,
  ssr,
  test: { name, include, passWithNoTests: false, ...more },
});

export default defineConfig({
  test: {
    globalSetup: ['infra/vitest-database.ts'],
    // One more than a small machine has cores: there is always one that waits for a process or a database.
    maxWorkers: 3,
    // CI counts from the JSON report; people read the other.
    reporters: report === undefined ? ['default'] : ['default', ['json', { outputFile: report }]],
    projects: [
      project(
        'unit',
        [
          'libs/{wire,message,smtp,pop3,imap,domain,runtime,testing}/src/**/*.spec.ts',
          'apps/*/src/**/*.spec.ts',
          'infra/**/*.spec.ts',
          'test/architecture/**/*.spec.ts',
        ],
        // Properties are seconds of work; a machine with other work takes several times as long.
        { ...SHARED, testTimeout: 30_000 },
      ),
      // They put others in the place of modules.
      project('auth', ['libs/auth/src/**/*.spec.ts'], { testTimeout: 30_000 }),
      project('store', ['libs/{store,queue}/src/**/*.spec.ts'], {
        ...SHARED,
        testTimeout: 60_000,
        hookTimeout: 120_000,
      }),
      project('house', ['test/{house,interop}/**/*.spec.ts'], {
        ...SHARED,
        testTimeout: 180_000,
        hookTimeout: 180_000,
      }),
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
