import { expect, test } from 'vitest';
import { useBackend } from '../../runtime/src/index.js';
import { perturbed } from '../support/specs.js';

const small = { vocab: 13, context: 16, width: 8, depth: 1, heads: 2, hidden: 12 };
const source = {
  values: [
    [4, 5],
    [7, 0],
  ],
  lengths: [2, 1],
};
const options = { maxNewTokens: 3, stopTokens: [2], beams: 2, samples: 2, noRepeatNgramSize: 2 };

/** Beams of an encoder–decoder, then those of longer prompts in the same state. */
async function beams(backend: 'cpu' | 'webgpu') {
  expect(await useBackend(backend)).toBe(backend);
  const model = await perturbed('specs/models/transformer.tfm', 'Transformer', small);
  const { logits, state } = model.prefill({ source, target: [[1], [3]] });
  logits.dispose();
  const found = await model.complete(
    {
      source,
      target: [
        [1, 9],
        [3, 6],
      ],
    },
    { ...options, state },
  );
  state.dispose();
  model.dispose();
  return found.flat();
}

test('WebGPU finds the beams that the CPU finds, in a state that goes on', async () => {
  const expected = await beams('cpu');
  const found = await beams('webgpu');
  expect(found.map(({ tokens }) => tokens)).toEqual(expected.map(({ tokens }) => tokens));
  found.forEach(({ score }, i) => void expect(score).toBeCloseTo(expected[i]!.score, 3));
});
