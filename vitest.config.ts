import fs from 'node:fs';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

// Tests run the sources: the packages' `source` export condition, for inlined (ssr) and for plain resolution.
const source = { resolve: { conditions: ['source'] }, ssr: { resolve: { conditions: ['source'] } } };

/** For glibc: SwiftShader takes and gives back tens of megabytes for each shader, and new pages take longer than kept ones. */
const keepsMemory = { MALLOC_TRIM_THRESHOLD_: `${2 ** 30}`, MALLOC_MMAP_THRESHOLD_: `${2 ** 25}` };

const ownProcess = /@vitest-environment-options (.*)/;

/**
 * Files of a project run in the same processes, one after the other: modules are imported, and shaders compiled, once for
 * all. A file that needs a process of its own, or of a few like it, names that in the options of its environment. Only the
 * next file in the queue goes on in a process, so files that share one come one behind the other here; shaders take longest.
 */
class ByProcess extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const processOf = ({ moduleId, project }: TestSpecification) => {
      const [, own] = ownProcess.exec(fs.readFileSync(moduleId, 'utf8')) ?? [];
      return [project.name === 'webgpu' ? 0 : 1, own ? 0 : 1, own].join();
    };
    const sorted = (await super.sort(files)).map((file) => ({ file, key: processOf(file) }));
    return sorted.sort((a, b) => (a.key < b.key ? -1 : Number(a.key > b.key))).map(({ file }) => file);
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: ByProcess },
    isolate: false, // see ByProcess
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
          setupFiles: ['test/setup.ts'],
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
          env: keepsMemory,
          runner: './test/gpu/runner.ts',
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
