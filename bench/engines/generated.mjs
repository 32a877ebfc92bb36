// @ts-check
// The code that tfm generates, on tfjs wasm or WebGPU.

import { pathToFileURL } from 'node:url';
import v8 from 'node:v8';
import * as tf from '@tensorflow/tfjs';
import { read, useBackend } from '@tfm-lang/runtime';
import { cachedTokens } from '../lib/cases.mjs';
import { inputValues, tokenRows } from '../lib/inputs.mjs';
/** @import { InputValue, Job, Runner } from '../lib/types.js' */

/**
 * @param {Job} job
 * @returns {Promise<Runner>}
 */
export async function start({ engine, case: what, weights, module }) {
  // Before anything is compiled. Node has it behind a flag up to 20; later ones have it anyway, in `wasm`, too.
  if (engine === 'wasm-relaxed') v8.setFlagsFromString('--experimental-wasm-relaxed-simd');
  if (engine === 'webgpu') await (await import('@tfm-lang/runtime/node')).installWebGPU();
  await useBackend(engine === 'webgpu' ? 'webgpu' : 'wasm');
  const Model = (await import(pathToFileURL(module).href))[what.model];
  const config = { ...(what.preset && Model.presets[what.preset]), ...what.config };
  const { output } = what;
  const model = await Model.load(weights, { config, outputs: [output] });
  const values = inputValues(what);
  if (what.decode) return decoding(model, values, what.decode, cachedTokens(what));
  return {
    prepare: async () => undefined,
    async run() {
      const inputs = Object.fromEntries(values.map((input) => [input.name, given(input)]));
      const result = model.forward(inputs, { outputs: [output] })[output];
      const numbers = await read(result);
      result.dispose();
      for (const input of Object.values(inputs)) if (input instanceof tf.Tensor) input.dispose();
      return [/** @type {Float32Array} */ (numbers)];
    },
  };
}

/** @param {InputValue} input */
const given = (input) =>
  input.kind === 'floats' ? tf.tensor(input.values, [...input.shape], 'float32') : tokenRows(input);

/**
 * @param {any} model
 * @param {readonly InputValue[]} values
 * @param {{ past: number, steps: number }} decode
 * @param {number} capacity
 * @returns {Runner}
 */
function decoding(model, [tokens], { past }, capacity) {
  if (!tokens) throw new Error('a decoder reads tokens');
  /** @type {{ dispose(): void } | undefined} */
  let state;
  return {
    async prepare() {
      state?.dispose();
      const prefilled = model.prefill({ [tokens.name]: tokenRows(tokens, 0, past) }, { capacity });
      await read(prefilled.logits);
      prefilled.logits.dispose();
      state = prefilled.state;
    },
    async run() {
      const scores = [];
      for (const token of tokens.values.subarray(past)) {
        const logits = model.step([token], state);
        scores.push(/** @type {Float32Array} */ (await read(logits)));
        logits.dispose();
      }
      return scores;
    },
  };
}
