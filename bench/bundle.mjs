// @ts-check
// npm run bench:bundle -- [--out DIR] [--with-node]: one folder with all that the bench needs but Node (or that, too), for a
// linux-x64 machine without a network, and beside it the same as a compressed archive.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { rolldown } from 'rolldown';
import { cases } from './lib/cases.mjs';
import { packageVersions } from './lib/machine.mjs';
import { built, programs, specs, vulkanFolder } from './lib/places.mjs';
import { generatedModule } from './lib/prepare.mjs';

const { values } = parseArgs({ options: { out: { type: 'string' }, 'with-node': { type: 'boolean' } } });
const root = fileURLToPath(new URL('..', import.meta.url));
const out = path.resolve(values.out ?? path.join(root, '.cache', 'bench-bundle'));
const program = path.join(out, 'program');
const modules = path.join(root, 'node_modules');
const MiB = 2 ** 20;

/** Files of packages that are not bundled: native code, and what loads it. */
const carried = {
  'onnxruntime-common': ['package.json', 'dist/cjs', 'dist/esm'],
  'onnxruntime-node': ['package.json', 'dist', 'bin/napi-v6/linux/x64'],
  'onnxruntime-web': [
    'package.json',
    'dist/ort.node.min.mjs',
    'dist/ort-wasm-simd-threaded.mjs',
    'dist/ort-wasm-simd-threaded.wasm',
  ],
  webgpu: ['package.json', 'index.js', 'dist/linux-x64/dawn.node'],
};
/** Loaded only where modules are generated, SwiftShader is unpacked or files are watched: in a checkout. */
const left = ['typescript', '@sparticuz/chromium', 'chokidar'];

if (process.platform !== 'linux' || process.arch !== 'x64') {
  process.stderr.write('the bundle is for linux-x64 and is made there\n');
  process.exit(1);
}
if (fs.existsSync(out) && !fs.existsSync(program) && fs.readdirSync(out).length > 0) {
  process.stderr.write(`${out} is not empty and no bundle\n`);
  process.exit(2);
}
fs.rmSync(out, { recursive: true, force: true });
fs.mkdirSync(program, { recursive: true });

await bundlePrograms([...new Set(cases.map(({ spec }) => spec))].sort());
// All of them: specs import each other.
copy(specs, path.join(program, 'specs'));
for (const [name, files] of Object.entries(carried))
  for (const file of [...files, 'LICENSE'])
    if (fs.existsSync(path.join(modules, name, file)))
      copy(path.join(modules, name, file), path.join(program, 'node_modules', name, file));
carryRuntime();
const tfjsWasm = path.join(modules, '@tensorflow', 'tfjs-backend-wasm', 'dist');
for (const file of fs.readdirSync(tfjsWasm).filter((name) => name.endsWith('.wasm')))
  copy(path.join(tfjsWasm, file), path.join(program, file));
const vulkan = await vulkanFolder();
if (vulkan) copy(vulkan, path.join(program, 'vulkan'));
const manifest = { packages: packageVersions(), built: built() };
fs.writeFileSync(path.join(program, 'bundle.json'), `${JSON.stringify(manifest, null, 2)}\n`);
fs.writeFileSync(path.join(program, 'package.json'), '{ "private": true, "type": "module" }\n');
copy(path.join(root, 'bench', 'bundle-README.md'), path.join(out, 'README.md'));
if (values['with-node']) carryNode();
const start = `#!/bin/sh
d=$(cd "$(dirname "$0")" && pwd)
if [ -x "$d/node" ]; then node="$d/node"; else node=\${NODE:-node}; fi
exec "$node" "$d/program/run.js" "$@"
`;
fs.writeFileSync(path.join(out, 'run'), start, { mode: 0o755 });
archive();

/** @param {readonly string[]} names of specs */
async function bundlePrograms(names) {
  const runtime = path.join(root, 'runtime', 'dist', 'index.js');
  const own = { run: path.join(root, 'bench', 'run.mjs'), runtime, ...programs };
  const generated = [];
  for (const name of names) generated.push([`modules/${name}`, await generatedModule(name)]);
  const bundle = await rolldown({
    input: { ...own, ...Object.fromEntries(generated) },
    platform: 'node',
    // As Node loads them in a checkout.
    resolve: { mainFields: ['main'] },
    external: [...Object.keys(carried), ...left],
    transform: { define: { __dirname: 'import.meta.dirname', __filename: 'import.meta.filename' } },
    plugins: [versionKnown()],
    logLevel: 'silent',
  });
  await bundle.write({ dir: program, format: 'esm', minify: true, chunkFileNames: '[name]-[hash].js' });
  await bundle.close();
}

/** The compiler imports models that it generates, and they import the runtime by its name. */
function carryRuntime() {
  const folder = path.join(program, 'node_modules', '@tfm-lang', 'runtime');
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, 'package.json'), '{ "type": "module", "exports": "./index.js" }\n');
  fs.writeFileSync(path.join(folder, 'index.js'), "export * from '../../../runtime.js';\n");
}

/** The compiler reads its version from its package, which is not there. */
function versionKnown() {
  const { version } = JSON.parse(fs.readFileSync(path.join(root, 'compiler', 'package.json'), 'utf8'));
  return {
    name: 'version',
    load: (/** @type {string} */ id) =>
      id.endsWith(path.join('cli', 'version.js')) ? `export const toolVersion = () => '${version}';` : null,
  };
}

/**
 * @param {string} from
 * @param {string} to
 */
function copy(from, to) {
  const keep = (/** @type {string} */ file) => !/\.(map|d\.ts|tfm\.ts)$/.test(file);
  fs.cpSync(from, to, { recursive: true, dereference: true, filter: keep });
}

/** The Node that runs this, without what only debuggers read. */
function carryNode() {
  const file = path.join(out, 'node');
  fs.copyFileSync(process.execPath, file);
  // Where there is no `strip`, it is larger.
  spawnSync(process.env.STRIP ?? 'strip', [file], { stdio: 'ignore' });
}

function archive() {
  const file = `${out}.tar.xz`;
  const { status, stderr } = spawnSync('tar', ['-C', path.dirname(out), '-cJf', file, path.basename(out)], {
    env: { ...process.env, XZ_OPT: '-T0 -4' },
    encoding: 'utf8',
  });
  const size = (/** @type {number} */ bytes) => `${(bytes / MiB).toFixed(1)} MiB`;
  process.stdout.write(`${path.relative(process.cwd(), out)}  ${size(folderSize(out))}\n`);
  if (status === 0) process.stdout.write(`${path.relative(process.cwd(), file)}  ${size(fs.statSync(file).size)}\n`);
  else process.stderr.write(`no archive: ${stderr}\n`);
}

/** @param {string} folder */
function folderSize(folder) {
  const entries = fs.readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.reduce((sum, entry) => sum + fs.statSync(path.join(entry.parentPath, entry.name)).size, 0);
}
