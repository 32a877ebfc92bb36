import { describe, expect, test } from 'vitest';
import { compile } from '../../../compiler/src/compile.js';
import { type Entry, emitOnnx } from '../../../compiler/src/emit/onnx/index.js';
import type { OnnxAttribute, OnnxGraph, OnnxNode } from '../../../compiler/src/emit/onnx/model.js';

interface Asked {
  readonly entry?: Entry;
  readonly opset?: number;
}

/** The graph of a decoder of 12 layers with one attention each, and whatever else is written. */
function decoder(attention: string, { entry = 'forward', opset = 23 }: Asked = {}, more = ''): OnnxGraph {
  const text = `
    model Test(vocab = 9, width = 24, heads = 6) {
      input tokens: token[B, T <= 64] of vocab pad 0 start 1
      ${more}
      output logits: float[B, T, vocab] =
        tokens -> embedding(vocab, width) as words
          -> repeat(12) as layers { residual { ${attention} } } -> linear(vocab) as head
      ${/present|all/.test(attention) ? '' : 'generate tokens from logits'}
    }`;
  const { graph, diagnostics } = compile({ read: (path) => (path === 'a.tfm' ? text : undefined) }, 'a.tfm');
  const model = graph?.models[0];
  if (!model) throw new Error(diagnostics.map(({ message }) => message).join('\n'));
  const values = { vocab: 9, width: 24, heads: 6 };
  const result = emitOnnx(model, new Map(Object.entries(values)), { opset, entry, toolVersion: '0', metadata: {} });
  if ('unsupported' in result) throw result.unsupported;
  return result.model.graph;
}

const named = ({ nodes }: OnnxGraph, operator: string): readonly OnnxNode[] =>
  nodes.filter((node) => node.operator === operator);

const count = (graph: OnnxGraph, ...operators: readonly string[]): readonly number[] =>
  operators.map((operator) => named(graph, operator).length);

/** Attributes as plain numbers. */
function numbers({ attributes }: OnnxNode): Record<string, unknown> {
  const plain = (attribute: OnnxAttribute) => ('value' in attribute ? attribute.value : attribute.kind);
  return Object.fromEntries(Object.entries(attributes).map(([name, attribute]) => [name, plain(attribute)]));
}

const typeOf = ({ values }: OnnxGraph, name: string | undefined) => values.find((value) => value.name === name);

describe('Attention, opset 23', () => {
  test('is causal by an attribute: no mask is made', () => {
    const graph = decoder('attention(heads, mask: causal)');
    const all = named(graph, 'Attention');
    expect(all).toHaveLength(12);
    for (const node of all) {
      expect(node.inputs).toHaveLength(3);
      expect(node.outputs).toHaveLength(1);
      expect(numbers(node)).toEqual({ q_num_heads: 6, kv_num_heads: 6, scale: 4 ** -0.5, is_causal: 1 });
    }
    expect(count(graph, 'Range', 'Where', 'Softmax', 'Transpose', 'Reshape')).toEqual([0, 0, 0, 0, 0]);
  });

  test('reads fewer key heads than queries have', () => {
    const [node] = named(decoder('attention(heads, kv_heads: 2, mask: causal, scale: 0.3)'), 'Attention');
    expect(numbers(node!)).toEqual({ q_num_heads: 6, kv_num_heads: 2, scale: 0.3, is_causal: 1 });
  });

  test.each([
    ['(s) => 30 * tanh(s / 30)', { softcap: 30, scale: 0.5 }],
    ['(s) => tanh(s)', { softcap: 1, scale: 0.5 }],
    ['(s) => 5 * tanh(s * 3)', { softcap: 5, scale: 7.5 }],
    ['(s) => s * 2 / 8', { scale: 0.125 }],
  ])('says the score %s', (score, expected) => {
    const [node] = named(decoder(`attention(heads, mask: all, score: ${score})`), 'Attention');
    expect(numbers(node!)).toEqual({ q_num_heads: 6, kv_num_heads: 6, ...expected });
    expect(node!.inputs).toHaveLength(3);
  });

  test('is not asked for a cap together with a mask: which comes first has changed', () => {
    const graph = decoder('attention(heads, mask: causal, score: (s) => 30 * tanh(s / 30))');
    expect(count(graph, 'Attention', 'Softmax', 'LessOrEqual')).toEqual([0, 12, 1]);
  });

  test.each([
    '(s) => s + tanh(s)',
    '(s) => tanh(tanh(s))',
    '(s, q, k) => 2 * tanh(s + q - k)',
    '(s) => exp(s)',
    '(s) => -s',
  ])('cannot say the score %s: products and a softmax', (score) => {
    const graph = decoder(`attention(heads, mask: causal, score: ${score})`);
    expect(count(graph, 'Attention', 'Softmax')).toEqual([0, 12]);
  });

  test('takes distances as a float mask, made once for all layers (ALiBi)', () => {
    const graph = decoder('attention(heads, mask: causal, score: (s, head, q, k) => s + 2 ** -(head + 1) * (k - q))');
    const masks = new Set(named(graph, 'Attention').map(({ inputs }) => inputs[3]));
    expect(masks.size).toBe(1);
    expect(typeOf(graph, [...masks][0])).toMatchObject({ type: 'float', shape: [1, 6, 'T', 'T'] });
    expect(named(graph, 'Attention').some((node) => 'is_causal' in node.attributes)).toBe(false);
    expect(count(graph, 'Range', 'Sub', 'LessOrEqual', 'Where', 'ReduceMax', 'Pow')).toEqual([2, 1, 1, 1, 0, 0]);
  });

  test('takes padding as a bool mask for all rows; what sees nothing is put to 0', () => {
    const graph = decoder('attention(heads, mask: present(tokens))');
    const masks = new Set(named(graph, 'Attention').map(({ inputs }) => inputs[3]));
    expect(masks.size).toBe(1);
    expect(typeOf(graph, [...masks][0])).toMatchObject({ type: 'bool', shape: ['B', 1, 'T', 'T'] });
    expect(count(graph, 'Expand', 'ReduceMax', 'Where')).toEqual([1, 1, 12]);
  });

  test('takes a window as a mask alone: every query is known to see itself', () => {
    const graph = decoder('attention(heads, mask: (q, k) => k <= q and q - k < 4)');
    expect(named(graph, 'Attention').some((node) => 'is_causal' in node.attributes)).toBe(false);
    expect(new Set(named(graph, 'Attention').map(({ inputs }) => inputs[3])).size).toBe(1);
    expect(count(graph, 'Less', 'LessOrEqual', 'And', 'Where', 'ReduceMax')).toEqual([1, 1, 1, 0, 0]);
  });

  test('takes a causal mask over other keys as a tensor', () => {
    const graph = decoder(
      'attention(heads, over: memory, mask: (q, k) => k <= q)',
      {},
      'input memory: float[B, S, width]',
    );
    expect(count(graph, 'Attention', 'LessOrEqual', 'Where')).toEqual([12, 1, 0]);
    expect(named(graph, 'Attention').some((node) => 'is_causal' in node.attributes)).toBe(false);
  });

  test('a query that may see nothing is masked by a tensor alone', () => {
    const graph = decoder('attention(heads, mask: (q, k) => k < q and k > 2)');
    expect(named(graph, 'Attention').some((node) => 'is_causal' in node.attributes)).toBe(false);
    expect(count(graph, 'ReduceMax', 'Where')).toEqual([1, 12]);
  });

  test('takes past keys and values, and gives them with the new ones', () => {
    const graph = decoder('attention(heads, kv_heads: 2, mask: causal)', { entry: 'decode' });
    named(graph, 'Attention').forEach((node, i) => {
      const state = `layers[${i}].attention.attend`;
      expect(node.inputs.slice(3)).toEqual(['', `past.${state}.key`, `past.${state}.value`]);
      expect(node.outputs.slice(1)).toEqual([`present.${state}.key`, `present.${state}.value`]);
    });
    expect(graph.inputs).toContainEqual({
      name: 'past.layers[0].attention.attend.key',
      type: 'float',
      shape: ['B', 2, 'past', 4],
    });
    expect(graph.outputs.at(-1)).toEqual({
      name: 'present.layers[11].attention.attend.value',
      type: 'float',
      shape: ['B', 2, 'past + T', 4],
    });
    expect(count(graph, 'Concat', 'Transpose')).toEqual([0, 0]);
  });

  test('gives the state of the first pass in the same layout', () => {
    const graph = decoder('attention(heads, mask: causal)', { entry: 'prefill' });
    expect(count(graph, 'Attention', 'Transpose')).toEqual([12, 24]);
    const first = graph.outputs.find(({ name }) => name.startsWith('present'));
    expect(first).toMatchObject({ shape: ['B', 6, 'T', 4] });
  });
});

test('what a formula cannot say is named', () => {
  const attention = 'attention(heads, mask: causal, score: (s, q) => s * [1, 2, 3][q % 3])';
  expect(() => decoder(attention)).toThrow('a list read at a position');
  expect(
    count(decoder('attention(heads, mask: causal, score: (s, head) => s * [1, 2, 3, 4, 5, 6][head])'), 'Mul'),
  ).toEqual([
    24, // the scale, and the number for each head
  ]);
});

describe('RotaryEmbedding, opset 23', () => {
  test('turns by cosines and sines that are made once for all layers', () => {
    const graph = decoder('attention(heads, mask: causal, positions: rotary(share: 0.5, pairs: interleaved))');
    const all = named(graph, 'RotaryEmbedding');
    expect(all).toHaveLength(24);
    expect(numbers(all[0]!)).toEqual({ num_heads: 6, interleaved: 1, rotary_embedding_dim: 2 });
    expect(new Set(all.map(({ inputs }) => inputs.slice(1).join())).size).toBe(1);
    expect(count(graph, 'Cos', 'Sin', 'Expand', 'Reshape')).toEqual([1, 1, 2, 0]);
    expect(typeOf(graph, named(graph, 'Cos')[0]?.outputs[0])).toMatchObject({ type: 'double', shape: ['T', 1] });
  });
});

describe('opset 22', () => {
  test.each(['forward', 'prefill', 'decode'] as const)('has neither, %s', (entry) => {
    const graph = decoder('attention(heads, kv_heads: 2, mask: causal, positions: rotary)', { entry, opset: 22 });
    expect(count(graph, 'Attention', 'RotaryEmbedding')).toEqual([0, 0]);
    expect(count(graph, 'Softmax', 'LessOrEqual', 'Cos', 'Where')).toEqual([12, 1, 1, 12]);
    expect(count(graph, 'Concat')[0]).toBeGreaterThan(entry === 'decode' ? 24 : 0);
  });

  test('keys are not repeated for the queries that share them', () => {
    const graph = decoder('attention(heads, kv_heads: 1, mask: causal)', { opset: 17 });
    const products = named(graph, 'MatMul').filter(({ inputs }) => typeOf(graph, inputs[1])?.shape.length === 4);
    expect(products.map(({ outputs }) => typeOf(graph, outputs[0])?.shape.slice(0, 2))).toEqual(
      Array(24).fill(['B', 1]),
    );
  });
});
