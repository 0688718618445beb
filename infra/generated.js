// Makes the generated files anew from dist: docs/configuration.md and libs/store/schema.sql. With --check: fails when one is stale.
import { spawnSync } from 'node:child_process';

const scripts = ['infra/docs-config.ts', 'infra/schema-dump.ts'];
const failed = scripts.filter((script) => {
  const { status } = spawnSync(process.execPath, [script, ...process.argv.slice(2)], { stdio: 'inherit' });
  return status !== 0;
});
process.exit(failed.length === 0 ? 0 : 1);
