import { describe, expect, test } from 'vitest';
import { irVersion } from '../../../compiler/src/emit/onnx/file/schema.js';
import type { OnnxModel } from '../../../compiler/src/emit/onnx/model.js';
import { readOnnx } from '../../support/onnx-file.js';
import { floats, int64s, linearModel, linearWeights, run, session, sourceOf, written } from './kit.js';

const feeds = { x: { shape: [2, 3], values: [1, 0, 0, 1, 1, 1] } };
const expected = { y: { dims: [2, 2], values: [1.5, 9.5, 6.5, 59.5] } };

async function linearFile(model: OnnxModel = linearModel()): Promise<Uint8Array> {
  const files = await written([{ name: 'linear.onnx', model }], sourceOf(linearWeights));
  expect([...files.keys()]).toEqual(['linear.onnx']);
  return files.get('linear.onnx') ?? new Uint8Array();
}

describe('a model in one file', () => {
  test('runs in ONNX Runtime, its weights turned round where the graph wants them so', async () => {
    expect(await run(await linearFile(), feeds)).toEqual(expected);
  });

  test('says what it is: versions, names, doc strings, metadata', async () => {
    const { graph, ...model } = readOnnx(await linearFile());
    expect(model).toEqual({
      irVersion: 11,
      producer: ['tfm', '1.2.3'],
      documentation: 'A linear layer.',
      opset: [23],
      metadata: { 'tfm.model': 'Linear', empty: '' },
    });
    expect(graph.name).toBe('Linear');
    expect(graph.documentation).toBe('Of one layer.');
    expect(graph.nodes[0]).toEqual({
      operator: 'MatMul',
      name: 'layer.product',
      inputs: ['x', 'layer.weight'],
      outputs: ['product'],
      documentation: 'x · w',
    });
    expect(graph.inputs).toEqual([{ name: 'x', documentation: 'rows' }]);
    expect(graph.outputs).toEqual([{ name: 'y', documentation: undefined }]);
  });

  test('has its weights in the order of their source, whatever that of the graph', async () => {
    const { initializers } = readOnnx(await linearFile()).graph;
    expect(initializers.map(({ name, dims, documentation }) => [name, dims, documentation])).toEqual([
      ['layer.weight', [3, 2], 'Turned round.'],
      ['layer.bias', [2], undefined],
    ]);
  });

  test('keeps the names of symbolic dimensions', async () => {
    const opened = await session(await linearFile());
    expect(opened.inputMetadata).toMatchObject([{ name: 'x', isTensor: true, shape: ['B', 3] }]);
    await opened.release();
  });

  test.each([
    [17, 8],
    [18, 8],
    [19, 9],
    [20, 9],
    [21, 10],
    [22, 10],
    [23, 11],
    [24, 12],
  ])('of operator set %i has the format version %i, and runs', async (opset, version) => {
    expect(irVersion(opset)).toBe(version);
    const file = await linearFile(linearModel({ opset }));
    expect(readOnnx(file)).toMatchObject({ irVersion: version, opset: [opset] });
    expect(await run(file, feeds)).toEqual(expected);
  });

  test('is the same bytes each time', async () => {
    expect(await linearFile()).toEqual(await linearFile());
  });
});

test('ONNX Runtime compares the shapes that a file declares with those it infers', async () => {
  const { graph } = linearModel();
  const wrong = linearModel({ graph: { ...graph, values: [floats('product', 'B', 7)] } });
  await expect(session(await linearFile(wrong))).rejects.toThrow(/shape/i);
});

describe('attributes', () => {
  /** A node with one attribute of each kind that a node of its operator has. */
  const all: OnnxModel = {
    opset: 23,
    toolVersion: '1.2.3',
    metadata: {},
    graph: {
      name: 'Attributes',
      nodes: [
        {
          operator: 'Constant',
          name: 'two',
          inputs: [],
          outputs: ['two'],
          attributes: { value: { kind: 'tensor', tensor: floatTensor([1], [2]) } },
        },
        {
          operator: 'Constant',
          name: 'many',
          inputs: [],
          outputs: ['many'],
          attributes: { value_floats: { kind: 'floats', values: [1, -2.5, Number.POSITIVE_INFINITY] } },
        },
        {
          operator: 'LeakyRelu',
          name: 'leaky',
          inputs: ['x'],
          outputs: ['leaky'],
          attributes: { alpha: { kind: 'float', value: 0.5 } },
        },
        {
          operator: 'Gelu',
          name: 'gelu',
          inputs: ['leaky'],
          outputs: ['gelu'],
          attributes: { approximate: { kind: 'string', value: 'tanh' } },
        },
        {
          operator: 'Transpose',
          name: 'turned',
          inputs: ['x'],
          outputs: ['turned'],
          attributes: { perm: { kind: 'ints', values: [1, 0] } },
        },
        {
          operator: 'Softmax',
          name: 'softmax',
          inputs: ['turned'],
          outputs: ['softmax'],
          attributes: { axis: { kind: 'int', value: -2 } },
        },
        {
          operator: 'Scan',
          name: 'sums',
          inputs: ['two', 'x'],
          outputs: ['last', 'sums'],
          attributes: { num_scan_inputs: { kind: 'int', value: 1 }, body: { kind: 'graph', graph: runningSum() } },
        },
        // An optional input that is left out keeps its place.
        { operator: 'Clip', name: 'clip', inputs: ['x', '', 'most'], outputs: ['clip'], attributes: {} },
      ],
      inputs: [floats('x', 'N', 1)],
      outputs: [
        floats('many', 3),
        floats('gelu', 'N', 1),
        floats('softmax', 1, 'N'),
        floats('last', 1),
        floats('sums', 'N', 1),
        floats('clip', 'N', 1),
      ],
      initializers: [{ name: 'most', data: floatTensor([], [0]) }],
      values: [],
    },
  };

  function runningSum(): OnnxModel['graph'] {
    return {
      name: 'RunningSum',
      nodes: [
        { operator: 'Add', name: 'sum', inputs: ['before', 'row'], outputs: ['sum'], attributes: {} },
        { operator: 'Reshape', name: 'row_of', inputs: ['sum', 'shape'], outputs: ['shaped'], attributes: {} },
        { operator: 'Identity', name: 'after', inputs: ['sum'], outputs: ['after'], attributes: {} },
      ],
      inputs: [floats('before', 1), floats('row', 1)],
      outputs: [floats('after', 1), floats('shaped', 1)],
      initializers: [{ name: 'shape', data: int64s(1) }],
      values: [],
    };
  }

  function floatTensor(shape: readonly number[], values: readonly number[]) {
    return { type: 'float', shape, bytes: new Uint8Array(Float32Array.from(values).buffer) } as const;
  }

  test('of every kind arrive: numbers, text, lists, tensors, graphs', async () => {
    const files = await written([{ name: 'a.onnx', model: all }], sourceOf({}));
    const { many, softmax, last, sums, clip, gelu } = await run(files.get('a.onnx') ?? new Uint8Array(), {
      x: { shape: [3, 1], values: [-1, 0, 1] },
    });
    expect(many?.values).toEqual([1, -2.5, Number.POSITIVE_INFINITY]);
    // One element in each column of axis −2.
    expect(softmax).toEqual({ dims: [1, 3], values: [1, 1, 1] });
    expect(last?.values).toEqual([2]);
    expect(sums).toEqual({ dims: [3, 1], values: [1, 1, 2] });
    expect(clip?.values).toEqual([-1, 0, 0]);
    // gelu(−0.5) and gelu(1) by the approximation with tanh.
    expect(gelu?.values[0]).toBeCloseTo(-0.154286, 5);
    expect(gelu?.values[2]).toBeCloseTo(0.841192, 5);
  });

  test('a weight in the body of a loop is a mistake of the compiler', async () => {
    const body = { ...runningSum(), initializers: linearModel().graph.initializers };
    const node = {
      operator: 'Scan',
      name: 'scan',
      inputs: [],
      outputs: [],
      attributes: { body: { kind: 'graph', graph: body } as const },
    };
    const model = { ...all, graph: { ...all.graph, nodes: [node] } };
    await expect(written([{ name: 'a.onnx', model }], sourceOf(linearWeights))).rejects.toThrow(
      "the weight 'layer.bias' is an initialiser of the inner graph 'RunningSum'",
    );
  });

  test('a tensor whose bytes are not those of its shape is a mistake of the compiler', async () => {
    const initializers = [{ name: 'most', data: floatTensor([2], [0]) }];
    const model = { ...all, graph: { ...all.graph, initializers } };
    await expect(written([{ name: 'a.onnx', model }], sourceOf({}))).rejects.toThrow(
      "the tensor 'most' [2] has 4 bytes, not 8",
    );
  });
});
