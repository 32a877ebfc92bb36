// @ts-check
// What is measured. Sizes of published models; the weights are random.
/** @import { Case, CaseInput, EngineName } from './types.js' */

/** @type {EngineName[]} */
const all = ['wasm', 'wasm-relaxed', 'ort-web', 'ort-node', 'stock', 'webgpu', 'ort-webgpu'];
/** @type {EngineName[]} */
const gpu = ['webgpu', 'ort-webgpu'];

/**
 * @param {number} batch
 * @param {number} length
 * @param {number} vocab
 * @returns {CaseInput}
 */
const tokens = (batch, length, vocab) => ({ name: 'tokens', kind: 'tokens', shape: [batch, length], of: vocab });

/**
 * A decoder: all scores of a prompt (`prefill`) or one token after the other behind it (`decode`).
 * @param {Pick<Case, 'name' | 'title' | 'spec' | 'model' | 'config' | 'engines' | 'group'> & { preset?: string }} about
 * @param {number} vocab
 * @param {{ prefill: number } | { past: number, steps: number }} work
 * @returns {Case}
 */
function decoder(about, vocab, work) {
  if ('prefill' in work) return { ...about, inputs: [tokens(1, work.prefill, vocab)], output: 'logits' };
  return { ...about, inputs: [tokens(1, work.past + work.steps, vocab)], output: 'logits', decode: work };
}

/** @type {Pick<Case, 'spec' | 'model' | 'config' | 'engines' | 'group'>} */
const gpt2 = { spec: 'gpt2', model: 'Gpt2', config: {}, engines: all, group: 'cpu' };

/** An encoder of sentences: its states, without the heads of the pre-training. */
const miniLm = { spec: 'bert', model: 'Bert', config: { width: 384, depth: 6, heads: 12, hidden: 1536 } };

/**
 * @param {Pick<Case, 'name' | 'title' | 'spec' | 'model' | 'config' | 'group'>} about
 * @param {number} batch
 * @param {number} length
 * @param {number} vocab
 * @returns {Case}
 */
const encoder = (about, batch, length, vocab) => ({
  ...about,
  engines: all,
  inputs: [tokens(batch, length, vocab), { name: 'types', kind: 'kinds', shape: [batch, length], of: 2 }],
  output: 'state',
});

/**
 * @param {number} size
 * @returns {CaseInput[]}
 */
const image = (size) => [{ name: 'image', kind: 'floats', shape: [1, size, size, 3] }];

/** A context that holds 2048 tokens. */
const longGpt2 = { ...gpt2, config: { context: 2048 }, engines: gpu, group: /** @type {const} */ ('gpu') };
const llama = { ...longGpt2, spec: 'llama', model: 'Llama', preset: 'TinyLlama', config: {} };
const tinyGpt2 = {
  ...gpt2,
  config: { vocab: 61, context: 64, width: 16, depth: 2, heads: 2 },
  group: /** @type {const} */ ('test'),
};
const tinyBert = { ...miniLm, config: { vocab: 97, width: 16, depth: 2, heads: 2, hidden: 32, context: 16 } };

/** @type {readonly Case[]} */
export const cases = [
  decoder({ ...gpt2, name: 'gpt2-prefill-128', title: 'GPT-2 small, prefill 128' }, 50257, { prefill: 128 }),
  decoder({ ...gpt2, name: 'gpt2-prefill-512', title: 'GPT-2 small, prefill 512' }, 50257, { prefill: 512 }),
  decoder({ ...gpt2, name: 'gpt2-decode-128', title: 'GPT-2 small, decode at 128 past, a token' }, 50257, {
    past: 128,
    steps: 8,
  }),
  encoder({ ...miniLm, name: 'minilm-1x128', title: 'MiniLM shape, 1 × 128', group: 'cpu' }, 1, 128, 30522),
  encoder({ ...miniLm, name: 'minilm-8x128', title: 'MiniLM shape, 8 × 128', group: 'cpu' }, 8, 128, 30522),
  {
    name: 'vit-tiny',
    title: 'ViT-Tiny, one image',
    spec: 'vit',
    model: 'Vit',
    preset: 'VitTiny',
    config: {},
    inputs: image(224),
    output: 'logits',
    engines: all,
    group: 'cpu',
  },
  ...[512, 2048].map((prefill) =>
    decoder({ ...longGpt2, name: `gpu-gpt2-prefill-${prefill}`, title: `GPT-2 small, prefill ${prefill}` }, 50257, {
      prefill,
    }),
  ),
  decoder({ ...longGpt2, name: 'gpu-gpt2-decode-1024', title: 'GPT-2 small, decode at 1024 past, a token' }, 50257, {
    past: 1024,
    steps: 32,
  }),
  ...[512, 2048].map((prefill) =>
    decoder({ ...llama, name: `gpu-llama-prefill-${prefill}`, title: `Llama 1.1B, prefill ${prefill}` }, 32000, {
      prefill,
    }),
  ),
  decoder({ ...llama, name: 'gpu-llama-decode-1024', title: 'Llama 1.1B, decode at 1024 past, a token' }, 32000, {
    past: 1024,
    steps: 32,
  }),
  decoder({ ...tinyGpt2, name: 'test-gpt2', title: 'tiny GPT-2, prefill' }, 61, { prefill: 16 }),
  decoder({ ...tinyGpt2, name: 'test-gpt2-decode', title: 'tiny GPT-2, decode' }, 61, { past: 8, steps: 3 }),
  encoder({ ...tinyBert, name: 'test-bert', title: 'tiny BERT', group: 'test' }, 2, 8, 97),
  {
    name: 'test-vit',
    title: 'tiny ViT',
    spec: 'vit',
    model: 'Vit',
    config: { size: 8, patch: 4, width: 16, depth: 2, heads: 2, classes: 5 },
    inputs: image(8),
    output: 'logits',
    engines: all,
    group: 'test',
  },
];

/** @param {Case} what */
export const cachedTokens = ({ decode }) => (decode ? decode.past + decode.steps : 0);
