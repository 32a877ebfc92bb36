// Replaces a module, as the others of this process do.
// @vitest-environment-options { "process": "recorders" }
import { describe, expect, test, vi } from 'vitest';
import type { OnnxModel } from '../../../compiler/src/emit/onnx/model.js';
import { cases } from '../../support/cases/index.js';
import { onnxModel } from '../../support/differential/onnx.js';
import { subjectOfText } from '../../support/differential/subject.js';
import { trace } from '../../support/trace.js';
import { modelCases } from './model-cases.js';
import { onnxOf } from './traced.js';

vi.mock('../../../runtime/src/index.js', async (original) => ({
  ...(await original<object>()),
  ...(await import('../../support/trace.js')).recorders,
}));

const operators = ({ graph }: OnnxModel): string => graph.nodes.map(({ operator }) => operator).join(' ');

describe('the nodes of an operator', () => {
  test.each([
    ['linear of [1,1,4]', 17, 'MatMul Add'],
    ['linear in 3 groups', 17, 'Reshape Transpose Reshape Transpose MatMul Transpose Reshape Add'],
    ['embedding with repeated ids and a scale', 17, 'Gather Mul'],
    ['unembed', 17, 'MatMul'],
    ['layer_norm', 17, 'LayerNormalization'],
    ['layer_norm without weights, eps 1e-12', 17, 'LayerNormalization'],
    ['rms_norm', 22, 'Mul ReduceMean Add Sqrt Div Mul'],
    ['rms_norm', 23, 'RMSNormalization'],
    ['gelu', 19, 'Div Erf Add Mul Mul'],
    ['gelu', 20, 'Gelu'],
    ['gelu_tanh', 19, 'Mul Mul Add Mul Sigmoid Mul'],
    ['gelu_tanh', 20, 'Gelu'],
    ['silu', 23, 'Sigmoid Mul'],
    ['silu', 24, 'Swish'],
    ['clamp', 17, 'Clip'],
    ['maxout of 3 pieces', 17, 'Reshape ReduceMax'],
    ['not_equal', 17, 'Equal Not'],
    ['patches', 17, 'Reshape Transpose Reshape'],
    ['prepend', 17, 'Unsqueeze Expand Concat'],
    ['at -1', 17, 'Gather'],
    ['gather of a row for each of the batch', 17, 'Unsqueeze GatherND'],
    ['predict behind a prefix of 2 rows', 17, 'Slice'],
    ['scan: a running sum of products', 17, 'Scan'],
  ])('%s, opset %i: %s', (name, opset, expected) => {
    const of = cases.find((candidate) => candidate.name === name)!;
    expect(operators(onnxOf(trace(of, false), opset))).toBe(expected);
  });

  test.each([
    ['gru', 'forward'],
    ['gru in reverse', 'reverse'],
    ['lstm in reverse', 'reverse'],
  ])('%s is one recurrence of ONNX, %s, beside its weights in another order', (name, direction) => {
    const { nodes } = onnxOf(trace(cases.find((candidate) => candidate.name === name)!, false), 22).graph;
    const recurrent = nodes.filter(({ operator }) => operator === 'GRU' || operator === 'LSTM');
    expect(recurrent).toHaveLength(1);
    expect(recurrent[0]?.attributes.direction ?? { value: 'forward' }).toMatchObject({ value: direction });
  });
});

async function modelNamed(name: string): Promise<OnnxModel> {
  const { text } = modelCases.find((candidate) => candidate.name === name)!;
  return onnxModel(await subjectOfText({ text, model: 'Test', settings: {}, shortest: {} }), 'forward', 23);
}

test('whole numbers and truth values keep their types', async () => {
  const { outputs } = (await modelNamed('tokens and truth values among real numbers')).graph;
  const types = Object.fromEntries(outputs.map(({ name, type }) => [name, type]));
  expect(types).toMatchObject({ sums: 'float', clamped: 'int64', signs: 'int64', hidden: 'int64', lit: 'bool' });
});

test('a weight that several places read is there once', async () => {
  const { initializers } = (await modelNamed('copies, shared weights, an embedding read both ways')).graph;
  const weights = initializers.flatMap(({ data }) => ('weight' in data ? data.weight : []));
  expect(weights.filter((path) => /^(words|shared)\.weight$/.test(path)).sort()).toEqual([
    'shared.weight',
    'words.weight',
  ]);
  expect(new Set(weights).size).toBe(weights.length);
});

test('weights of a recurrence are put in order once for all its uses', async () => {
  const { nodes } = (await modelNamed('one cell used with padding and without')).graph;
  const count = (wanted: string) => nodes.filter(({ operator }) => operator === wanted).length;
  expect([count('GRU'), count('Split')]).toEqual([3, 4]);
});

test('what a scan makes of weights alone is outside of its body', async () => {
  const { nodes } = (await modelNamed('an embedding read both ways, in a scan too')).graph;
  const { body } = nodes.find(({ operator }) => operator === 'Scan')!.attributes;
  const inner = body?.kind === 'graph' ? body.graph.nodes : [];
  expect(inner.map(({ operator }) => operator)).toContain('MatMul');
  expect(inner.map(({ operator }) => operator)).not.toContain('Transpose');
  expect(nodes.map(({ operator }) => operator)).toContain('Transpose');
});
