import { describe, expect, test } from 'vitest';
import { compile } from '../../../compiler/src/compile.js';
import { type Explanation, explain, instantiate } from '../../../compiler/src/explain/index.js';
import { memoryHost } from '../../../compiler/src/source/host.js';
import { graphModel } from '../../support/specs.js';

function explained(spec: string, name: string, preset?: string, sizes: Record<string, number> = {}): Explanation {
  const model = graphModel(`specs/models/${spec}.tfm`, name);
  return explain(model, instantiate(model, {}, preset).configuration!, new Map(Object.entries(sizes)));
}

// Formulae of the papers, by hand: d width, h hidden, every matrix with its bias where there is one.
const norm = (d: number): number => 2 * d;
const linear = (from: number, to: number): number => from * to + to;
const attention = (d: number): number => 4 * linear(d, d);
const feedForward = (d: number, h: number): number => linear(d, h) + linear(h, d);
const layer = (d: number, h: number): number => attention(d) + feedForward(d, h) + 2 * norm(d);

function bert(d: number, depth: number, h: number): number {
  const embeddings = (30522 + 512 + 2) * d + norm(d);
  const pretraining = linear(d, d) + linear(d, d) + norm(d) + 30522 + linear(d, 2);
  const heads = pretraining + 3 * linear(d, 2); // the classifiers of texts and of tokens, and the answer's two ends
  return embeddings + depth * layer(d, h) + heads;
}

function llama(vocab: number, d: number, depth: number, keys: number, h: number): number {
  return 2 * vocab * d + depth * (2 * d * d + 2 * d * keys + 3 * d * h + 2 * d) + d;
}

function vit(d: number, depth: number): number {
  return linear(16 * 16 * 3, d) + d + 197 * d + depth * layer(d, 4 * d) + norm(d) + linear(d, 1000) + linear(d, d); // the last is the pooler
}

function transformer(vocab: number, d: number, h: number, depth: number): number {
  const decoder = 2 * attention(d) + feedForward(d, h) + 3 * norm(d);
  return vocab * d + depth * (layer(d, h) + decoder);
}

describe('parameters', () => {
  test.each<[string, string, string, number]>([
    ['gpt2', 'Gpt2', 'Gpt2Xl', 1_557_611_200],
    ['bert', 'Bert', 'BertBase', bert(768, 12, 3072)],
    ['bert', 'Bert', 'BertLarge', bert(1024, 24, 4096)],
    ['llama', 'Llama', 'Llama7B', 6_738_415_616],
    ['llama', 'Llama', 'Llama7B', llama(32000, 4096, 32, 4096, 11008)],
    ['llama', 'Llama', 'TinyLlama', llama(32000, 2048, 22, 256, 5632)],
    ['vit', 'Vit', 'VitBase', 86_567_656 + linear(768, 768)],
    ['vit', 'Vit', 'VitTiny', vit(192, 12)],
    ['vit', 'Vit', 'VitLarge', vit(1024, 24)],
    ['transformer', 'Transformer', 'TransformerBase', transformer(37000, 512, 2048, 6)],
    ['transformer', 'Transformer', 'TransformerBig', transformer(37000, 1024, 4096, 6)],
  ])('%s.tfm: %s %s has %d', (spec, model, preset, parameters) => {
    expect(explained(spec, model, preset).totals.parameters).toBe(parameters);
  });

  test('of every row together are those of the weights', () => {
    const { rows, totals, weights } = explained('transformer', 'Transformer');
    expect(rows.reduce((sum, row) => sum + row.parameters, 0)).toBe(totals.parameters);
    expect(weights.reduce((sum, { parameters }) => sum + parameters, 0)).toBe(totals.parameters);
  });
});

describe('FLOPs', () => {
  test('ViT-B/16 takes 2 × 17.6 G, as published multiply-adds say', () => {
    const { flops } = explained('vit', 'Vit', 'VitBase').totals.prefill;
    expect(flops / 2 / 1e9).toBeGreaterThan(17.4);
    expect(flops / 2 / 1e9).toBeLessThan(17.8);
  });

  test('a decode step of Llama 7B takes two for each weight of its matrices, and attention over the past', () => {
    const { totals } = explained('llama', 'Llama', 'Llama7B', { T: 1000 });
    const matrices = 6_738_415_616 - 32000 * 4096 - 65 * 4096;
    const products = 2 * matrices + 32 * 32 * 1001 * 4 * 128;
    expect(totals.decode!.flops).toBeGreaterThan(products);
    expect(totals.decode!.flops).toBeLessThan(1.01 * products);
  });

  test('a prefill of many rows takes as much as so many steps need, and scores one row', () => {
    const whole = explained('llama', 'Llama', 'Stories260K', { T: 64 });
    const scores = whole.rows.find(({ kind }) => kind === 'unembed')!;
    expect(scores.outputs.map(({ shape }) => shape)).toEqual([[1, 1, 512]]);
    expect(scores.prefill.flops).toBe(2 * 64 * 512);
    let steps = 0;
    for (let past = 0; past < 64; past++) {
      steps += explained('llama', 'Llama', 'Stories260K', { T: past }).totals.decode!.flops;
    }
    expect((whole.totals.prefill.needed + 63 * scores.prefill.flops) / steps).toBeCloseTo(1, 6);
  });
});

describe('the KV cache', () => {
  test('of Llama has as many heads as there are keys', () => {
    const tiny = explained('llama', 'Llama', 'TinyLlama').totals.cache!;
    expect(tiny).toEqual({ perToken: 22 * 2 * 256 * 4, capacity: 2048, bytes: 2048 * 22 * 2 * 256 * 4 });
  });

  test.each([
    ['gpt2', 'Gpt2'],
    ['llama', 'Llama'],
    ['transformer', 'Transformer'],
  ])('%s.tfm: rows together are what the model declares', (spec, model) => {
    const { rows, totals } = explained(spec, model);
    expect(rows.reduce((sum, row) => sum + row.cachePerToken, 0)).toBe(totals.cache!.perToken);
  });

  test('an encoder–decoder keeps its memory, the keys and values made of it, and which of its rows are real', () => {
    const bytes = (S: number): number => explained('transformer', 'Transformer', undefined, { S }).totals.cache!.bytes;
    expect(bytes(20) - bytes(10)).toBe(10 * (512 * 4 + 6 * 2 * 512 * 4 + 1));
  });
});

test('each row goes through some of the experts, and all of them have weights', () => {
  const text = `
    model Sparse(width = 8, count = 6, top = 2) {
      input x: float[B, T, width]
      let shares = x -> linear(count) as router -> softmax
      output y = x -> experts(count, top: top, weigh: shares) as expert { linear(width, bias: false) }
    }`;
  const { graph } = compile(memoryHost({ 's.tfm': text }), 's.tfm');
  const model = graph!.models[0]!;
  const { rows } = explain(
    model,
    instantiate(model).configuration!,
    new Map([
      ['B', 1],
      ['T', 5],
    ]),
  );
  const mixed = rows.find(({ kind }) => kind === 'experts')!;
  expect(mixed).toMatchObject({ path: 'expert', parameters: 6 * 64, prefill: { flops: 2 * 5 * 2 * 64 } });
  expect(mixed.rows).toMatchObject([{ copies: [0, 1, 2, 3, 4, 5], parameters: 64 }]);
});
