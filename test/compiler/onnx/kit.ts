import { InferenceSession, Tensor } from 'onnxruntime-node';
import {
  memorySink,
  type NamedModel,
  planFiles,
  type WeightSource,
  writeFiles,
} from '../../../compiler/src/emit/onnx/file/index.js';
import type { OnnxModel, OnnxTensor, ValueInfo } from '../../../compiler/src/emit/onnx/model.js';

export interface TestWeight {
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

/** Gives all weights in one and the same buffer: what the writer kept of an earlier one would be wrong. */
export function sourceOf(weights: Readonly<Record<string, TestWeight>>): WeightSource {
  const most = Math.max(0, ...Object.values(weights).map(({ values }) => values.length));
  return {
    paths: Object.keys(weights),
    async *read() {
      const buffer = new Float32Array(most);
      for (const [path, { shape, values }] of Object.entries(weights)) {
        buffer.fill(Number.NaN).set(values);
        yield { path, shape, data: buffer.subarray(0, values.length) };
        // The writer is done with a weight when it asks for the next.
        await Promise.resolve();
      }
    },
  };
}

/** The files of models by name, in memory. */
export async function written(
  models: readonly NamedModel[],
  source: WeightSource,
  options: { readonly externalData?: boolean; readonly mostBytes?: number } = {},
): Promise<Map<string, Uint8Array>> {
  const planned = planFiles(models, { order: source.paths, dataFile: 'model.onnx.data', ...options });
  const outputs = planned.map(({ content }) => ({ content, sink: memorySink() }));
  await writeFiles(outputs, source);
  return new Map(planned.map(({ name }, i) => [name, outputs[i]?.sink.bytes() ?? new Uint8Array()]));
}

/** ONNX Runtime in its strictest mode: shapes that it infers must be those that the file declares. */
export function session(model: Uint8Array | string): Promise<InferenceSession> {
  const options: InferenceSession.SessionOptions = {
    logSeverityLevel: 3,
    extra: { session: { strict_shape_type_inference: '1' } },
  };
  return typeof model === 'string' ? InferenceSession.create(model, options) : InferenceSession.create(model, options);
}

export async function run(
  model: Uint8Array | string,
  feeds: Readonly<Record<string, TestWeight>>,
): Promise<Record<string, { dims: readonly number[]; values: number[] }>> {
  const opened = await session(model);
  const tensors = Object.entries(feeds).map(
    ([name, { shape, values }]) => [name, new Tensor('float32', Float32Array.from(values), [...shape])] as const,
  );
  const results = await opened.run(Object.fromEntries(tensors));
  await opened.release();
  return Object.fromEntries(
    Object.entries(results).map(([name, { dims, data }]) => [name, { dims, values: Array.from(data as Float32Array) }]),
  );
}

export const floats = (name: string, ...shape: (number | string)[]): ValueInfo => ({ name, type: 'float', shape });

export const int64s = (...values: number[]): OnnxTensor => ({
  type: 'int64',
  shape: [values.length],
  bytes: new Uint8Array(BigInt64Array.from(values.map(BigInt)).buffer),
});

/** `y = x · w + b`, with a `w` of `[in, out]` in the file and `[out, in]` in the source. */
export function linearModel(
  parts: Partial<OnnxModel> = {},
  sizes: { in: number; out: number } = { in: 3, out: 2 },
): OnnxModel {
  return {
    opset: 23,
    documentation: 'A linear layer.',
    toolVersion: '1.2.3',
    metadata: { 'tfm.model': 'Linear', empty: '' },
    graph: {
      name: 'Linear',
      documentation: 'Of one layer.',
      nodes: [
        {
          operator: 'MatMul',
          name: 'layer.product',
          inputs: ['x', 'layer.weight'],
          outputs: ['product'],
          attributes: {},
          documentation: 'x · w',
        },
        { operator: 'Add', name: 'layer', inputs: ['product', 'layer.bias'], outputs: ['y'], attributes: {} },
      ],
      inputs: [{ ...floats('x', 'B', sizes.in), documentation: 'rows' }],
      outputs: [floats('y', 'B', sizes.out)],
      initializers: [
        { name: 'layer.bias', data: { weight: 'layer.bias', shape: [sizes.out], transposed: false } },
        {
          name: 'layer.weight',
          documentation: 'Turned round.',
          data: { weight: 'layer.weight', shape: [sizes.in, sizes.out], transposed: true },
        },
      ],
      values: [floats('product', 'B', sizes.out)],
    },
    ...parts,
  };
}

export const linearWeights: Readonly<Record<string, TestWeight>> = {
  unused: { shape: [5], values: [9, 9, 9, 9, 9] },
  'layer.weight': { shape: [2, 3], values: [1, 2, 3, 10, 20, 30] },
  'layer.bias': { shape: [2], values: [0.5, -0.5] },
};
