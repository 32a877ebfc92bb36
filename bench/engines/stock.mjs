// @ts-check
// The hand-written versions of `stock/`, on tfjs wasm.
import * as tf from '@tensorflow/tfjs';
import { useBackend } from '@tfm-lang/runtime';
import { inputValues } from '../lib/inputs.mjs';
import { bert } from '../stock/bert.mjs';
import { gpt2 } from '../stock/gpt2.mjs';
import { vit } from '../stock/vit.mjs';
import { WeightFile } from '../stock/weights.mjs';

/** @import { Tensor } from '@tensorflow/tfjs' */
/** @import { Case, InputValue, Job, Runner } from '../lib/types.js' */

/** What the presets of the specs set, for code that does not know the specs. */
const presets = /** @type {Record<string, Record<string, number>>} */ ({ VitTiny: { heads: 3 } });

/**
 * @param {Job} job
 * @returns {Promise<Runner>}
 */
export async function start({ case: what, weights }) {
  await useBackend('wasm');
  const file = new WeightFile(weights);
  const runner = runnerOf(what, file);
  file.close();
  return runner;
}

/**
 * @param {Case} what
 * @param {WeightFile} file
 */
function runnerOf(what, file) {
  const config = { ...(what.preset && presets[what.preset]), ...what.config };
  const [first, second] = inputValues(what);
  if (!first) throw new Error(`${what.name} has no inputs`);
  switch (what.spec) {
    case 'gpt2': {
      const model = gpt2(file, config);
      const tokens = Array.from(first.values);
      return what.decode ? decoding(model, tokens, what.decode.past) : whole(() => prefill(model, tokens));
    }
    case 'bert': {
      const model = bert(file, config);
      return whole(() => model(ids(first), ids(second), first.shape[0] ?? 1));
    }
    case 'vit': {
      const model = vit(file, config);
      const shape = /** @type {[number, number, number, number]} */ (first.shape);
      const image = () => tf.tensor4d(first.values, shape, 'float32');
      return whole(() => tf.tidy(() => model(image())));
    }
    default:
      throw new Error(`there is no hand-written version of ${what.spec}`);
  }
}

/** @param {InputValue | undefined} input */
const ids = (input) => Int32Array.from(input?.values ?? []);

/**
 * @param {() => Tensor} compute
 * @returns {Runner}
 */
const whole = (compute) => ({
  prepare: async () => undefined,
  async run() {
    const result = compute();
    const numbers = await result.data();
    result.dispose();
    return [/** @type {Float32Array} */ (numbers)];
  },
});

/**
 * @param {ReturnType<typeof gpt2>} model
 * @param {readonly number[]} tokens
 */
function prefill(model, tokens) {
  const { logits, caches } = model(tokens);
  tf.dispose(caches);
  return logits;
}

/**
 * @param {ReturnType<typeof gpt2>} model
 * @param {readonly number[]} tokens
 * @param {number} past
 * @returns {Runner}
 */
function decoding(model, tokens, past) {
  /** @type {ReturnType<typeof model>['caches']} */
  let caches = [];
  return {
    async prepare() {
      tf.dispose(caches);
      const prefilled = model(tokens.slice(0, past));
      await prefilled.logits.data();
      prefilled.logits.dispose();
      caches = prefilled.caches;
    },
    async run() {
      const scores = [];
      for (const token of tokens.slice(past)) {
        const step = model([token], caches);
        scores.push(/** @type {Float32Array} */ (await step.logits.data()));
        step.logits.dispose();
        tf.dispose(caches);
        caches = step.caches;
      }
      return scores;
    },
  };
}
