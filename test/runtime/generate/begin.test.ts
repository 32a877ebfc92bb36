import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { emitTypeScript } from '../../../compiler/src/emit/typescript/index.js';
import { compile, memoryHost } from '../../../compiler/src/index.js';
import { generated } from '../../compiler/emit/generated.js';
import { argmax, largestDifference, output, perturbed, type SpecClass, taken, tokensOf } from '../../support/specs.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe('DALL·E from an empty image', () => {
  test('each token is the likeliest of a forward pass over those before it', async () => {
    const config = { text_vocab: 9, image_vocab: 13, text_length: 4, grid: 3, width: 8, depth: 5, heads: 2, near: 3 };
    const model = await perturbed('specs/models/dalle.tfm', 'Dalle', config);
    for (const text of [
      [3, 1, 8, 2],
      [5, 5, 0, 7],
    ]) {
      const image: number[] = [];
      while (image.length < 9) {
        // No image yet: row 0 is the last text token's, which sees no image token, so any will do.
        const logits = await output(model, { text: [text], image: [image.length === 0 ? [12] : image] });
        image.push(argmax(logits.subarray(13 * image.length, 13 * (image.length + 1))));
      }
      expect(await tokensOf(model.generate({ text: [text], image: [] }, { temperature: 0 }))).toEqual(image);
    }
    model.dispose();
  });
});

/** Attention to a fixed memory, in whose mask and score the position of the query matters. */
const reading = (masks: string): string => `
model Reader(vocab = 11, context = 12, width = 8, heads = 2) {
  input source: token[B, S] of vocab
  input tokens: token[B, T <= context] of vocab
  let memory = source -> embedding(vocab, width) as seen
  mask near = (q, k) => abs(q - k) <= 2
  score closer = (s, q, k) => s - abs(q - k) / 3
  output logits: float[B, T, vocab] =
    tokens -> embedding(vocab, width) as words
      -> residual { attention(heads, mask: causal) as own }
      -> residual { attention(heads, over: memory, ${masks}) as other }
      -> linear(vocab) as head
  generate tokens from logits
}`;

describe('growing queries of a fixed memory', () => {
  test.each([
    ['a mask by name', 'mask: near', true],
    ['a score', 'score: closer', true],
    ['both', 'mask: near, score: closer', true],
    ['neither', 'mask: all', false],
  ])('%s: the steps are the forward pass', async (_, masks, reads) => {
    const { graph, diagnostics } = compile(memoryHost({ 'reader.tfm': reading(masks) }), 'reader.tfm');
    if (!graph) throw new Error(JSON.stringify(diagnostics));
    const { text } = await emitTypeScript(graph, { toolVersion: '0.1.0' });
    expect(text.includes('queryGrows: true')).toBe(reads);
    const { Reader } = await generated<{ Reader: SpecClass }>(graph);
    const model = Reader!.init({ config: {}, seed: 2 });
    const inputs = { source: [[1, 2, 3, 4, 5, 6, 7]] };
    const tokens = [3, 1, 4, 1, 5, 9, 2];
    const whole = await output(model, { ...inputs, tokens: [tokens] });
    const { logits, state } = model.prefill({ ...inputs, tokens: [tokens.slice(0, 2)] });
    const rows = [await taken(logits)];
    for (const token of tokens.slice(2)) rows.push(await taken(model.step(token, state)));
    rows.forEach((row, i) => {
      expect(largestDifference(row, whole.subarray((i + 1) * 11, (i + 2) * 11))).toBeLessThan(1e-5);
    });
    state.dispose();
    model.dispose();
  });
});
