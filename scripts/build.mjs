// Generates, compiles, bundles, copies. Called through scripts/setup.mjs, which says when it is needed.
import { spawnSync } from 'node:child_process';

// The compiler by its path: node_modules/.bin/tsc may belong to one of the aliases ts5 and ts7.
for (const args of [
  ['scripts/gen-validators.mjs'],
  ['scripts/gen-std.mjs'],
  ['scripts/build-kernels.mjs'],
  ['node_modules/typescript/bin/tsc', '-b'],
  ['scripts/bundle-grammar.mjs'],
  ['scripts/copy-wasm.mjs'],
]) {
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
