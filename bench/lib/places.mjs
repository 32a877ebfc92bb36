// @ts-check
// Where everything is: in a checkout, or in the folder that `npm run bench:bundle` makes.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));

/** Written by `bundle.mjs` beside the bundled programs. */
const manifest = path.join(here, 'bundle.json');

/** @type {{ packages: Record<string, string>, built: string } | undefined} absent in a checkout */
export const bundle = fs.existsSync(manifest) ? JSON.parse(fs.readFileSync(manifest, 'utf8')) : undefined;

const root = bundle ? here : path.join(here, '..', '..');

/** Files that are made once and used again. */
export const cache = bundle ? path.join(here, '..', 'cache') : path.join(root, '.cache', 'bench');
export const specs = bundle ? path.join(here, 'specs') : path.join(root, 'specs', 'models');
export const packages = path.join(root, 'node_modules');

/** Programs that run in processes of their own. */
export const programs = bundle
  ? {
      engine: path.join(here, 'engine.js'),
      weights: path.join(here, 'weights.js'),
      adapter: path.join(here, 'adapter.js'),
      tfm: path.join(here, 'tfm.js'),
    }
  : {
      engine: path.join(here, '..', 'engine.mjs'),
      weights: path.join(here, '..', 'weights.mjs'),
      adapter: path.join(here, '..', 'adapter.mjs'),
      tfm: path.join(root, 'compiler', 'bin', 'tfm.js'),
    };

/** What the compiler and the runtime were built from, as a checksum. */
export const built = () => bundle?.built ?? fs.readFileSync(path.join(root, '.cache', 'built'), 'utf8');

/** What random weights depend on beside the generated code. */
export function initialisation() {
  if (bundle) return [bundle.built];
  const files = ['initialize', 'initializers', 'orthogonal', 'random'].map((name) => `runtime/dist/model/${name}.js`);
  return [programs.weights, ...files.map((file) => path.join(root, file))].map((file) => fs.readFileSync(file, 'utf8'));
}

/** The generated module of a spec where it need not be made: in a bundle. */
export const bundledModule = (/** @type {string} */ spec) => bundle && path.join(here, 'modules', `${spec}.js`);

/** A folder with libvulkan and SwiftShader; `undefined` where this machine has none. */
export async function vulkanFolder() {
  if (bundle) return path.join(here, 'vulkan');
  const swiftshader = await import('../../scripts/swiftshader.mjs');
  const { VK_ICD_FILENAMES } = swiftshader.swiftshaderEnvironment();
  return VK_ICD_FILENAMES === undefined ? undefined : path.dirname(VK_ICD_FILENAMES);
}
