// @ts-check
// What a case needs before it runs: generated module, weights, ONNX models. Made once, and again when what they depend on
// has changed.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { built, bundledModule, cache, initialisation, programs, specs } from './places.mjs';
import { runNode } from './processes.mjs';

/** @import { Case, Form } from './types.js' */

const seed = 1;

/** @param {readonly unknown[]} parts */
const key = (...parts) => createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 12);

/** @param {string} spec */
const specFile = (spec) => path.join(specs, `${spec}.tfm`);

/**
 * Gives the file that `make` writes for this key. Older ones of the same name go: models are large.
 * @param {string} folder of the cache
 * @param {string} name
 * @param {string} version
 * @param {string} extension
 * @param {(file: string) => Promise<void>} make
 */
async function cached(folder, name, version, extension, make) {
  const within = path.join(cache, folder, name);
  const file = path.join(within, `${version}${extension}`);
  if (fs.existsSync(file)) return file;
  fs.rmSync(within, { recursive: true, force: true });
  // A folder of its own until it is whole: beside a model lies the file of its external data.
  const unfinished = `${within}.unfinished`;
  fs.rmSync(unfinished, { recursive: true, force: true });
  fs.mkdirSync(unfinished, { recursive: true });
  await make(path.join(unfinished, `${version}${extension}`));
  fs.renameSync(unfinished, within);
  return file;
}

/**
 * The generated JavaScript of a spec.
 * @param {string} spec
 */
export async function generatedModule(spec) {
  const ready = bundledModule(spec);
  if (ready) return ready;
  const version = key(built(), fs.readFileSync(specFile(spec), 'utf8'));
  return cached('modules', spec, version, '.mjs', async (file) => {
    const { stdout } = await runNode([programs.tfm, 'build', specFile(spec), '--stdout']);
    const { default: ts } = await import('typescript');
    const compilerOptions = { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ES2022 };
    fs.writeFileSync(file, ts.transpileModule(stdout, { compilerOptions }).outputText);
  });
}

/** What a model is: cases with the same one share weights and exported models. */
const modelOf = (/** @type {Case} */ { spec, model, preset, config }) => ({ spec, model, preset, config });

/** @param {Case} what */
const modelName = (what) => `${what.spec}-${key(modelOf(what)).slice(0, 6)}`;

/**
 * The random weights of a case's model, as a safetensors file under the names of the spec.
 * @param {Case} what
 * @param {string} module
 */
export async function weightsFile(what, module) {
  const version = key(modelOf(what), seed, initialisation(), fs.readFileSync(module, 'utf8'));
  return cached('weights', modelName(what), version, '.safetensors', async (file) => {
    await runNode([programs.weights, JSON.stringify({ ...modelOf(what), module, seed, file })]);
  });
}

/**
 * The ONNX models of a case by entry, exported from the same spec and weights.
 * @param {Case} what
 * @param {string} weights
 * @param {Form} form
 * @returns {Promise<Record<string, string>>}
 */
export async function onnxModels(what, weights, form) {
  const entries = what.decode ? ['decode'] : ['forward'];
  /** @type {string[]} */
  const files = [];
  for (const entry of entries) {
    const version = key(built(), modelOf(what), what.output, weights, fs.readFileSync(specFile(what.spec), 'utf8'));
    const name = `${modelName(what)}-${entry}-${form}`;
    files.push(
      await cached('models', name, version, '.onnx', async (file) => {
        await runNode([programs.tfm, ...exportArguments(what, weights, form, entry, file)]);
      }),
    );
  }
  return Object.fromEntries(entries.map((entry, i) => [entry, String(files[i])]));
}

/**
 * @param {Case} what
 * @param {string} weights
 * @param {Form} form
 * @param {string} entry
 * @param {string} file
 */
function exportArguments(what, weights, form, entry, file) {
  const settings = Object.entries(what.config).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
  return [
    ...['build', `${specFile(what.spec)}#${what.model}`, '--target', 'onnx', '--weights', weights],
    ...['--entry', entry, '--output', what.output],
    ...(what.preset ? ['--preset', what.preset] : []),
    ...settings,
    ...['--opset', form === 'attention' ? '23' : '17', '--out', file],
  ];
}
