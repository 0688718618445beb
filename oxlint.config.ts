import { defineConfig, type OxlintOverride } from 'oxlint';

/** Who may import whom: docs/architecture.md draws this table. Pure libs (io: false) know no clock, socket, file or framework. */
const layers: Record<string, { libs: readonly string[]; io: boolean }> = {
  wire: { libs: [], io: false },
  message: { libs: ['wire'], io: false },
  smtp: { libs: ['wire'], io: false },
  pop3: { libs: ['wire'], io: false },
  imap: { libs: ['wire'], io: false },
  domain: { libs: [], io: false },
  runtime: { libs: ['domain', 'wire'], io: true },
  store: { libs: ['domain', 'runtime'], io: true },
  queue: { libs: ['domain', 'runtime'], io: true },
  auth: { libs: ['domain', 'runtime'], io: true },
  testing: { libs: ['domain', 'store', 'queue', 'runtime', 'wire', 'message', 'smtp', 'pop3', 'imap'], io: true },
};
const outside = ['@nestjs/*', 'kysely', 'pg', 'ioredis', 'bullmq', 'smtp-server', 'pino', 'node:*', '!node:buffer'];
const restrict = (...patterns: { group: string[]; message: string }[]): NonNullable<OxlintOverride['rules']> => ({
  'eslint/no-restricted-imports': ['error', { patterns }],
});

export default defineConfig({
  options: { typeAware: true },
  plugins: ['typescript', 'unicorn', 'oxc', 'import', 'promise', 'node'],
  categories: { correctness: 'error', suspicious: 'error', perf: 'error' },
  rules: {
    'typescript/no-explicit-any': 'error',
    'typescript/no-non-null-assertion': 'error',
    'typescript/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    'typescript/no-floating-promises': 'error',
    'typescript/no-misused-promises': 'error',
    // Turns an injected class into an import type: Nest then sees Object instead of the class.
    'typescript/consistent-type-imports': 'off',
    'typescript/no-unsafe-type-assertion': 'off',
    'typescript/no-extraneous-class': 'off',
    'import/no-unassigned-import': 'off',
    'import/no-named-as-default-member': 'off',
    'promise/no-callback-in-promise': 'off',
    'import/no-cycle': 'error',
    'eslint/max-lines': ['error', { max: 400, skipBlankLines: false, skipComments: false }],
    'eslint/complexity': ['error', { max: 16 }],
    'eslint/no-console': 'error',
    'eslint/no-await-in-loop': 'off',
    'eslint/no-underscore-dangle': 'off',
    'eslint/no-shadow': 'off',
    // Does not know that an AbortSignal changes by itself.
    'eslint/no-unmodified-loop-condition': 'off',
    // Fights exhaustive switches without default; noImplicitReturns has it covered.
    'typescript/consistent-return': 'off',
    'unicorn/no-array-sort': 'off',
    'unicorn/no-array-reverse': 'off',
    'unicorn/prefer-add-event-listener': 'off',
    'promise/always-return': 'off',
    'oxc/no-map-spread': 'off',
    'node/no-process-env': 'error',
  },
  overrides: [
    {
      files: ['libs/*/src/**'],
      excludeFiles: ['**/*.spec.ts', '**/*.spec-helper.ts'],
      rules: restrict({ group: ['#*'], message: 'add this lib to the layer table first' }),
    },
    ...Object.entries(layers).map(([lib, { libs, io }]) => ({
      files: [`libs/${lib}/src/**`],
      excludeFiles: ['**/*.spec.ts', '**/*.spec-helper.ts'],
      rules: restrict({
        group: ['#*', ...libs.map((l) => `!#${l}`), ...(io ? [] : outside), '../../../**'],
        message: `libs/${lib} may import only ${libs.join(', ') || 'nothing'}${io ? '' : ' and does no IO'}`,
      }),
    })),
    {
      files: ['apps/*/src/**'],
      excludeFiles: ['**/*.spec.ts', 'apps/cli/src/**'],
      rules: restrict({
        group: ['#testing', '../../../**', '../../*/src/**'],
        message: 'an app imports libs, never another app or #testing',
      }),
    },
    {
      // `posthouse up` starts the apps.
      files: ['apps/cli/src/**'],
      excludeFiles: ['**/*.spec.ts', '**/*.spec-helper.ts'],
      rules: restrict({
        group: ['#testing', '../../../../**', '../../../libs/**', '../../../test/**'],
        message: 'the CLI imports libs and apps, never #testing',
      }),
    },
    {
      files: [
        'libs/runtime/src/config.ts',
        'libs/runtime/src/settings-file.ts',
        'libs/testing/**',
        'test/**',
        'bench/**',
        '**/*.spec.ts',
        'apps/cli/src/main.ts',
        'infra/**',
        'vitest.config.ts',
        'libs/runtime/src/thread-pool.ts',
      ],
      rules: { 'node/no-process-env': 'off' },
    },
    {
      files: ['**/*.spec.ts', '**/*.spec-helper.ts', 'test/**', 'bench/**', 'infra/**'],
      rules: {
        'eslint/no-console': 'off',
        'typescript/no-non-null-assertion': 'off',
        'eslint/complexity': 'off',
        'unicorn/consistent-function-scoping': 'off',
        'typescript/unbound-method': 'off',
        'typescript/no-misused-spread': 'off',
        'oxc/no-accumulating-spread': 'off',
      },
    },
  ],
});
