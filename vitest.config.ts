import { defineConfig } from 'vitest/config';

// Tests run the sources: the packages' `source` export condition, for inlined (ssr) and for plain resolution.
const source = { resolve: { conditions: ['source'] }, ssr: { resolve: { conditions: ['source'] } } };

export default defineConfig({
  test: {
    maxWorkers: '100%', // of the cores; one fewer where nothing is said, which on two cores is half
    coverage: {
      provider: 'v8',
      include: ['{grammar,compiler,runtime}/src/**/*.ts'],
      exclude: ['**/*.gen.ts'],
      reporter: ['text-summary', 'json-summary'],
      reportsDirectory: '.cache/coverage',
    },
    projects: [
      {
        extends: true,
        ...source,
        test: {
          name: 'node',
          include: ['test/**/*.test.ts'],
          exclude: ['test/{gpu,browser}/**', 'test/fixtures/**'],
          pool: 'forks',
          testTimeout: 60_000, // a busy machine is ten times slower than a free one
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        ...source,
        test: {
          name: 'webgpu',
          include: ['test/gpu/**/*.test.ts'],
          pool: 'forks', // Dawn does not live in worker threads
          setupFiles: ['test/gpu/setup.ts'],
          runner: './test/gpu/runner.ts',
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
