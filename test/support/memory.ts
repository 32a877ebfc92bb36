import * as tf from '@tensorflow/tfjs';
import { disposeExplanation } from '../../runtime/src/index.js';
import { perturbed, taken } from './specs.js';

/** What tfjs holds. */
export interface Held {
  readonly tensors: number;
  readonly bytes: number;
}

function held(): Held {
  const { numTensors, numBytes } = tf.memory();
  return { tensors: numTensors, bytes: numBytes };
}

/** A small model that generates for a long time. */
export interface LongCase {
  readonly title: string;
  readonly spec: string;
  readonly name: string;
  readonly config: object;
  readonly inputs: Readonly<Record<string, unknown>>;
}

const small = { vocab: 13, context: 256, width: 8, depth: 2, heads: 2, hidden: 12 };
const source = { source: { values: [[4, 5, 6, 0]], lengths: [3] } };

export const longCases: readonly LongCase[] = [
  {
    title: 'Llama',
    spec: 'specs/models/llama.tfm',
    name: 'Llama',
    config: { ...small, heads: 4, kv_heads: 2 },
    inputs: { tokens: [1, 2, 3] },
  },
  {
    title: 'the Transformer',
    spec: 'specs/models/transformer.tfm',
    name: 'Transformer',
    config: small,
    inputs: { ...source, target: [1, 5] },
  },
  {
    title: 'the recurrent decoder',
    spec: 'specs/models/seq2seq.tfm',
    name: 'Seq2Seq',
    config: { vocab: 13, target_vocab: 13, context: 256, embed: 6, width: 5, align: 7, pool: 4 },
    inputs: { source: [[4, 5, 6]], target: [1, 5] },
  },
  {
    title: 'DALL·E',
    spec: 'specs/models/dalle.tfm',
    name: 'Dalle',
    config: { text_vocab: 9, image_vocab: 13, text_length: 4, grid: 16, width: 8, depth: 4, heads: 2, near: 3 },
    inputs: { text: [3, 1, 8, 2] },
  },
];

/**
 * What is held before and after a model's life in which it generates `tokens` tokens, and while it does: after the
 * 20th and at the end.
 */
export async function generationMemory({ spec, name, config, inputs }: LongCase, tokens: number) {
  const before = held();
  const model = await perturbed(spec, name, config);
  const loaded = held();
  const during: Held[] = [];
  const options = { temperature: 1, seed: 3, maxNewTokens: tokens, stopTokens: [] };
  for await (const _ of model.generate(inputs, options)) during.push(held());
  const generated = held();
  model.dispose();
  return { before, loaded, generated, after: held(), count: during.length, early: during[19], late: during.at(-1) };
}

/** What is held before and after forward passes, and explanations beside them. */
export async function forwardMemory({ spec, name, config, inputs }: LongCase, passes: number) {
  const model = await perturbed(spec, name, config);
  const given = name === 'Dalle' ? { ...inputs, image: [1, 2] } : inputs;
  const before = held();
  for (let pass = 0; pass < passes; pass++) {
    for (const tensor of Object.values(model.forward(given))) await taken(tensor);
    disposeExplanation(model.explain(given));
  }
  const after = held();
  model.dispose();
  return { before, after };
}
