/** How many threads hash passwords in a process that is started without our launcher. */
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

/** A machine of eight cores, as Node tells of it. */
const EIGHT_CORES = `import os from 'node:os'; import { syncBuiltinESMExports } from 'node:module';
  os.availableParallelism = () => 8; syncBuiltinESMExports();`;
/** Names of threads, once there is work for all of the pool. */
const COUNT = `import { fitThreadPool } from './libs/runtime/src/thread-pool.ts'; import { hash } from 'argon2'; import { readdirSync, readFileSync } from 'node:fs';
  fitThreadPool();
  await Promise.all(Array.from({ length: 12 }, () => hash('x', { memoryCost: 1024 })));
  console.log(readdirSync('/proc/self/task').filter((id) => readFileSync('/proc/self/task/' + id + '/comm', 'utf8').startsWith('libuv-worker')).length);`;

test.for([
  [undefined, '9'],
  ['6', '6'],
  ['1', '1'],
] as const)('UV_THREADPOOL_SIZE=%s', ([given, threads], { skip }) => {
  skip(process.platform !== 'linux', 'only Linux names the threads of a process');
  const { UV_THREADPOOL_SIZE: _, NODE_OPTIONS: __, ...env } = process.env;
  const args = ['--import', `data:text/javascript,${encodeURIComponent(EIGHT_CORES)}`];
  const { stdout, stderr } = spawnSync(process.execPath, [...args, '--input-type=module', '--eval', COUNT], {
    env: { ...env, ...(given !== undefined && { UV_THREADPOOL_SIZE: given }) },
    encoding: 'utf8',
  });
  expect([stdout.trim(), stderr]).toEqual([threads, '']);
});
