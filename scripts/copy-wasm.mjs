// The .wasm files of tfjs's wasm backend -> runtime/dist/wasm. There the runtime names them relative to its own modules,
// which every bundler and plain server understands; a path into another package is understood only by some.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const target = 'runtime/dist/wasm';
const manifest = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm/package.json');
const folder = path.join(path.dirname(manifest), 'dist');

fs.mkdirSync(target, { recursive: true });
for (const file of fs.readdirSync(folder).filter((name) => name.endsWith('.wasm')))
  fs.copyFileSync(path.join(folder, file), path.join(target, file));
const { name, version, license } = JSON.parse(fs.readFileSync(manifest, 'utf8'));
fs.writeFileSync(
  path.join(target, 'NOTICE.txt'),
  `The .wasm files here are those of ${name} ${version}, unchanged (https://github.com/tensorflow/tfjs).\n` +
    `Copyright Google LLC. ${license}: see the LICENSE of this package.\n`,
);
