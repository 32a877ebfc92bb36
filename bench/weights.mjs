// @ts-check
// node weights.mjs JSON: writes random weights through the generated class's own `init`. Weights that begin all alike
// (biases, norms) are made different, so that an engine which leaves one out gives other results.
import fs from 'node:fs';
import { pathToFileURL } from 'node:url';
import { useBackend } from '@tfm-lang/runtime';
import { uniform } from './lib/inputs.mjs';

const { module, model: name, preset, config, seed, file } = JSON.parse(String(process.argv[2]));
await useBackend('cpu');
const Model = (await import(pathToFileURL(module).href))[name];
const model = Model.init({ config: { ...(preset && Model.presets[preset]), ...config }, seed });
const random = uniform(seed);
for (const [, variable] of model.trainable()) {
  const values = await variable.data();
  if (values.some((/** @type {number} */ value) => value !== values[0])) continue;
  const varied = variable.clone();
  const numbers = Float32Array.from(values, (value) => value + 0.1 * (random() - 0.5));
  varied.dispose();
  await assign(variable, numbers);
}
const out = fs.openSync(file, 'w');
for await (const piece of model.save()) fs.writeSync(out, piece);
fs.closeSync(out);

/**
 * @param {import('@tensorflow/tfjs').Variable} variable
 * @param {Float32Array} numbers
 */
async function assign(variable, numbers) {
  const { tensor } = await import('@tensorflow/tfjs');
  const value = tensor(numbers, variable.shape);
  variable.assign(value);
  value.dispose();
}
