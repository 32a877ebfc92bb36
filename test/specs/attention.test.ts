import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../../runtime/src/index.js';
import { largestDifference, output, perturbed, type SpecModel, variables } from '../support/specs.js';

const encoder = 'test/fixtures/specs/encoder.tfm';

/** Rows of [1, T, width] at other places: row i of the result is row `order[i]`. */
function permuted(values: Float32Array, order: readonly number[]): Float32Array {
  const width = values.length / order.length;
  return Float32Array.from(values, (_, i) => values[order[Math.floor(i / width)]! * width + (i % width)]!);
}

const permutedTokens = (tokens: readonly number[], order: readonly number[]) => order.map((from) => tokens[from]!);

describe.each(['cpu', 'wasm'] as const)('on %s', (backend) => {
  beforeAll(async () => void (await useBackend(backend)));

  describe('what attention sees', () => {
    const tokens = [3, 1, 4, 1, 5, 9, 2, 6];
    const order = [5, 2, 7, 0, 3, 6, 1, 4];

    test('without positions, permuting the input permutes the output of the encoder', async () => {
      const model = await perturbed(encoder, 'Encoder');
      const plain = await output(model, { tokens }, 'state');
      const moved = await output(model, { tokens: permutedTokens(tokens, order) }, 'state');
      model.dispose();
      // The sums over keys have another order: rounding only. Different rows differ by much more, or this says nothing.
      expect(largestDifference(moved, permuted(plain, order))).toBeLessThan(1e-5);
      expect(largestDifference(moved, plain)).toBeGreaterThan(0.1);
    });

    test('with positions it does not', async () => {
      const model = await perturbed(encoder, 'Encoder', { positions: true });
      const plain = await output(model, { tokens }, 'state');
      const moved = await output(model, { tokens: permutedTokens(tokens, order) }, 'state');
      model.dispose();
      expect(largestDifference(moved, permuted(plain, order))).toBeGreaterThan(0.1);
    });

    test.each([
      ['specs/models/gpt2.tfm', 'Gpt2', { vocab: 13, context: 16, width: 8, depth: 2, heads: 2 }],
      [
        'specs/models/llama.tfm',
        'Llama',
        { vocab: 13, context: 16, width: 8, depth: 2, heads: 4, kv_heads: 2, hidden: 12 },
      ],
    ])('%s: a later token never influences an earlier row, bit for bit', async (spec, name, config) => {
      const model = await perturbed(spec, name, config);
      const whole = await output(model, { tokens });
      for (let changed = 1; changed < tokens.length; changed++) {
        const other = tokens.map((token, t) => (t < changed ? token : (token + 5 + t) % 13));
        const logits = await output(model, { tokens: other });
        expect(logits.subarray(0, changed * 13)).toEqual(whole.subarray(0, changed * 13));
        expect(largestDifference(logits.subarray(changed * 13), whole.subarray(changed * 13))).toBeGreaterThan(1e-3);
      }
      model.dispose();
    });

    test('DALL·E: an image token influences neither its own scores nor earlier ones, bit for bit', async () => {
      const config = { text_vocab: 9, image_vocab: 13, text_length: 4, grid: 3, width: 8, depth: 4, heads: 2, near: 3 };
      const model = await perturbed('specs/models/dalle.tfm', 'Dalle', config);
      const inputs = { text: [3, 1, 8, 2], image: tokens };
      const whole = await output(model, inputs);
      for (let changed = 0; changed < tokens.length; changed++) {
        const image = tokens.map((token, t) => (t < changed ? token : (token + 5 + t) % 13));
        const logits = await output(model, { ...inputs, image });
        // Row j scores token j, so the row `changed` does not see it either.
        const same = (changed + 1) * 13;
        expect(logits.subarray(0, same)).toEqual(whole.subarray(0, same));
        expect(largestDifference(logits.subarray(same), whole.subarray(same))).toBeGreaterThan(1e-3);
      }
      model.dispose();
    });

    test('the Transformer: target tokens never look ahead, padding of the source is never seen, bit for bit', async () => {
      const config = { vocab: 13, context: 16, width: 8, depth: 2, heads: 2, hidden: 12 };
      const model = await perturbed('specs/models/transformer.tfm', 'Transformer', config);
      const source = (padding: number[]) => ({ values: [[4, 5, 6, ...padding]], lengths: [3] });
      const whole = await output(model, { source: source([0, 0]), target: tokens });
      const padded = await output(model, { source: source([11, 7]), target: tokens });
      expect(padded).toEqual(whole);
      const changed = await output(model, { source: source([0, 0]), target: [...tokens.slice(0, 5), 12, 0, 3] });
      expect(changed.subarray(0, 5 * 13)).toEqual(whole.subarray(0, 5 * 13));
      expect(largestDifference(changed.subarray(5 * 13), whole.subarray(5 * 13))).toBeGreaterThan(1e-3);
      model.dispose();
    });

    test('BERT: what stands in the padding is never seen, bit for bit', async () => {
      const config = { vocab: 13, context: 16, width: 8, depth: 2, heads: 2, hidden: 12 };
      const model = await perturbed('specs/models/bert.tfm', 'Bert', config);
      const given = (padding: number[]) => ({ tokens: { values: [[4, 5, 6, ...padding]], lengths: [3] } });
      const [a, b] = [await output(model, given([0, 0]), 'state'), await output(model, given([11, 7]), 'state')];
      expect(b.subarray(0, 3 * 8)).toEqual(a.subarray(0, 3 * 8));
      expect(largestDifference(b.subarray(3 * 8), a.subarray(3 * 8))).toBeGreaterThan(1e-3);
      model.dispose();
    });
  });

  describe('both readings of multi-head attention', () => {
    // Shapes and counts of the paper's formulas, section 3.2.2: W_q, W_k ∈ h·d_k × d, W_v ∈ h·d_v × d, W_o ∈ d × h·d_v;
    // where the features are split among the heads, each head's projections read d / h of them.
    test.each([
      [{ width: 12, heads: 3, d_k: 4, d_v: 4, split: false }, 4 * (12 * 12 + 12)],
      [{ width: 12, heads: 3, d_k: 5, d_v: 2, split: false }, 2 * (15 * 12 + 15) + (6 * 12 + 6) + (12 * 6 + 12)],
      [{ width: 12, heads: 3, d_k: 4, d_v: 4, split: true }, 3 * (12 * 4 + 12) + (12 * 12 + 12)],
      [{ width: 12, heads: 3, d_k: 5, d_v: 2, split: true }, 2 * (15 * 4 + 15) + (6 * 4 + 6) + (12 * 6 + 12)],
    ])('%j has %d parameters', async (config, parameters) => {
      const model = await perturbed(encoder, 'Readings', config);
      const { heads, d_k, d_v, width, split } = config;
      const read = split ? width / heads : width;
      const { q, k, v, out } = (model.weights as Weights).attention;
      expect([q, k, v, out].map(({ weight }) => weight.shape)).toEqual([
        [heads * d_k, read],
        [heads * d_k, read],
        [heads * d_v, read],
        [width, heads * d_v],
      ]);
      expect(model.parameterCount).toBe(parameters);
      expect(variables(model.weights).reduce((sum, { size }) => sum + size, 0)).toBe(parameters);
      const { y } = model.forward({ x: tf.zeros([2, 5, width]) });
      expect(y!.shape).toEqual([2, 5, width]);
      model.dispose();
    });

    test('splitting the features is the full width with weights that are 0 outside of blocks', async () => {
      const config = { width: 12, heads: 3, d_k: 5, d_v: 2 };
      const split = await perturbed(encoder, 'Readings', { ...config, split: true });
      const full = await perturbed(encoder, 'Readings', { ...config, split: false });
      copyAsBlocks(split, full);
      const x = { values: Float32Array.from({ length: 7 * 12 }, (_, i) => Math.sin(i * i)), shape: [1, 7, 12] };
      const [a, b] = [await output(split, { x }, 'y'), await output(full, { x }, 'y')];
      // Sums with zeros in between, so only the order of additions can differ.
      expect(largestDifference(a, b)).toBeLessThan(1e-6);
      expect(largestDifference(a, new Float32Array(a.length))).toBeGreaterThan(0.1);
      split.dispose();
      full.dispose();
    });
  });
});

type Linear = { readonly weight: tf.Variable; readonly bias: tf.Variable };
type Weights = { readonly attention: Readonly<Record<'q' | 'k' | 'v' | 'out', Linear>> };

/** Every head's rows [d, width / heads] stand where its features are: [d, width], zeros elsewhere. */
function copyAsBlocks(from: SpecModel, to: SpecModel): void {
  const [source, target] = [(from.weights as Weights).attention, (to.weights as Weights).attention];
  for (const name of ['q', 'k', 'v'] as const) {
    tf.tidy(() => {
      const blocks = tf.split(source[name].weight as Tensor, 3, 0);
      const columns = (block: Tensor, h: number) =>
        tf.pad(block, [
          [0, 0],
          [4 * h, 8 - 4 * h],
        ]);
      target[name].weight.assign(tf.concat(blocks.map(columns), 0));
      target[name].bias.assign(source[name].bias);
    });
  }
  target.out.weight.assign(source.out.weight);
  target.out.bias.assign(source.out.bias);
}
