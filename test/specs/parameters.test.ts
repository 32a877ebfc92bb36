import { describe, expect, test } from 'vitest';
import { instantiate, listWeights } from '../../compiler/src/explain/index.js';
import { graphModel } from '../support/specs.js';

function weightsOf(spec: string, name: string, preset?: string, settings: object = {}) {
  const model = graphModel(`specs/models/${spec}.tfm`, name);
  const { configuration, problems } = instantiate(model, { ...settings }, preset);
  if (!configuration) throw new Error(JSON.stringify(problems));
  return listWeights(model, configuration);
}

const parameters = (weights: ReturnType<typeof weightsOf>): number =>
  weights.reduce((sum, weight) => sum + weight.parameters, 0);

describe('models have as many parameters as were published', () => {
  test.each([
    ['gpt2', 'Gpt2', undefined, 124_439_808],
    ['gpt2', 'Gpt2', 'Gpt2Medium', 354_823_168],
    ['gpt2', 'Gpt2', 'Gpt2Large', 774_030_080],
    ['gpt2', 'Gpt2', 'Gpt2Xl', 1_557_611_200],
    ['llama', 'Llama', 'Llama7B', 6_738_415_616],
    ['llama', 'Llama', 'TinyLlama', 1_100_048_384],
    ['llama', 'Llama', 'Stories260K', 260_032],
  ])('%s.tfm: %s %s has %d', (spec, name, preset, expected) => {
    expect(parameters(weightsOf(spec, name, preset))).toBe(expected);
  });

  const without = (weights: ReturnType<typeof weightsOf>, ...labels: string[]): number =>
    parameters(weights.filter(({ path }) => !labels.includes(path.split('.')[0]!)));

  // Published counts are of the classifier: the spec has a pooler beside it.
  test.each([
    ['VitTiny', 5_717_416],
    ['VitBase', 86_567_656],
    ['VitLarge', 304_326_632],
  ])('vit.tfm: %s has %d with the classifier', (preset, expected) => {
    expect(without(weightsOf('vit', 'Vit', preset), 'pooler')).toBe(expected);
  });

  // Published counts are of the encoder with its pooler (bert-base-uncased), or with its masked-language-model head.
  const languageModelHead = ['transform', 'transform_norm', 'decoder_bias'];
  const otherHeads = ['classifier', 'next', 'tagger', 'answer'];
  test.each([
    ['BertBase', 109_482_240, 109_514_298],
    ['BertLarge', 335_141_888, 335_174_458],
  ])('bert.tfm: %s has %d with the pooler, %d with the language model', (preset, encoder, languageModel) => {
    const weights = weightsOf('bert', 'Bert', preset);
    expect(without(weights, ...languageModelHead, ...otherHeads)).toBe(encoder);
    expect(without(weights, 'pooler', ...otherHeads)).toBe(languageModel);
  });

  test('transformer.tfm: base and big are those of the paper', () => {
    // Table 3 counts 65 and 213 million; with 37,000 words, and a bias in every projection, it is by hand:
    const count = (d: number, h: number, n: number) => {
      const [attention, feedForward, norm] = [4 * (d * d + d), 2 * d * h + h + d, 2 * d];
      return 37_000 * d + n * (attention + feedForward + 2 * norm) + n * (2 * attention + feedForward + 3 * norm);
    };
    expect(parameters(weightsOf('transformer', 'Transformer', 'TransformerBase'))).toBe(count(512, 2048, 6));
    expect(parameters(weightsOf('transformer', 'Transformer', 'TransformerBig'))).toBe(count(1024, 4096, 6));
    expect(Math.abs(count(512, 2048, 6) / 65e6 - 1)).toBeLessThan(0.04);
    expect(Math.abs(count(1024, 4096, 6) / 213e6 - 1)).toBeLessThan(0.02);
  });

  test('gat.tfm: 92,373 on Cora, without the biases that the paper does not write', () => {
    expect(parameters(weightsOf('gat', 'Gat'))).toBe(92_373 - 64 - 7);
  });
});

describe('readings and widths of the Transformer', () => {
  const sizes = { vocab: 10, width: 12, depth: 1, heads: 3, hidden: 20 };
  const attention = (d_k: number, d_v: number, read: number) =>
    2 * (3 * d_k * read + 3 * d_k) + (3 * d_v * read + 3 * d_v) + (12 * 3 * d_v + 12);
  const rest = 10 * 12 + 2 * (12 * 20 + 20 + 20 * 12 + 12) + 5 * 2 * 12;

  test.each([
    ['Transformer', {}, attention(4, 4, 12)],
    ['Transformer', { d_k: 5, d_v: 2 }, attention(5, 2, 12)],
    ['Transformer', { d_k: 2 }, attention(2, 2, 12)],
    ['LayerwiseTransformer', {}, attention(4, 4, 12 / 3)],
  ])('%s %j', (name, more, each) => {
    expect(parameters(weightsOf('transformer', name, undefined, { ...sizes, ...more }))).toBe(rest + 3 * each);
  });

  test('the pre-norm one has a norm more at the end of each stack', () => {
    const preNorm = parameters(weightsOf('transformer', 'PreNormTransformer', undefined, sizes));
    expect(preNorm).toBe(rest + 3 * attention(4, 4, 12) + 2 * 2 * 12);
  });
});
