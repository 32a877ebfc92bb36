import { type InferenceSession, Tensor } from 'onnxruntime-node';
import type { WeightSource } from '../../../compiler/src/emit/onnx/file/index.js';
import { type Entry, emitOnnx, type OnnxModel } from '../../../compiler/src/emit/onnx/index.js';
import type { Result } from '../../support/differential/compare.js';
import type { Inputs, InputValue } from '../../support/differential/inputs.js';
import type { Subject } from '../../support/differential/subject.js';
import { session, sourceOf, written } from './kit.js';

export type Weights = ReadonlyMap<string, Float32Array>;
export type Tensors = Readonly<Record<string, Tensor>>;

/** A model of a spec as ONNX. Throws what ONNX cannot say. */
export function onnxModel({ model, configuration }: Subject, entry: Entry, opset: number): OnnxModel {
  const result = emitOnnx(model, configuration, { opset, entry, toolVersion: '0', metadata: {} });
  if ('unsupported' in result) throw result.unsupported;
  return result.model;
}

/** One entry of a model in ONNX Runtime, with these weights. */
export class OnnxEntry {
  readonly #session: InferenceSession;

  constructor(opened: InferenceSession) {
    this.#session = opened;
  }

  static async open(subject: Subject, entry: Entry, opset: number, weights: Weights): Promise<OnnxEntry> {
    const model = onnxModel(subject, entry, opset);
    const files = await written([{ name: 'model.onnx', model }], source(model, weights));
    return new OnnxEntry(await session(files.get('model.onnx')!));
  }

  get inputNames(): readonly string[] {
    return this.#session.inputNames;
  }

  /** Of what is given, the inputs that the model has. */
  async run(given: Tensors): Promise<Tensors> {
    const feeds = Object.fromEntries(
      this.#session.inputNames.flatMap((name) => {
        const tensor = given[name];
        return tensor ? [[name, tensor] as const] : [];
      }),
    );
    return (await this.#session.run(feeds)) as Tensors;
  }

  async close(): Promise<void> {
    await this.#session.release();
  }
}

/** The weights in the shapes of the spec. */
function source({ graph }: OnnxModel, weights: Weights): WeightSource {
  const shapes = graph.initializers.flatMap(({ data }) =>
    'weight' in data ? [[data.weight, data.transposed ? [...data.shape].reverse() : data.shape] as const] : [],
  );
  return sourceOf(
    Object.fromEntries(shapes.map(([path, shape]) => [path, { shape, values: Array.from(weights.get(path) ?? []) }])),
  );
}

/** Inputs as ONNX Runtime takes them: token ids are int64, and a mask of real rows stands beside what has one. */
export function feedsOf({ values }: Inputs): Tensors {
  return Object.fromEntries(
    values.flatMap((value) => {
      const { name, shape } = value;
      const [batch = 1, length = 1] = shape;
      const present = value.present ?? new Uint8Array(batch * length).fill(1);
      return [
        [name, tensorOf(value)] as const,
        [`${name}.present`, new Tensor('bool', present, [batch, length])] as const,
      ];
    }),
  );
}

function tensorOf({ dtype, shape, data }: InputValue): Tensor {
  if (dtype === 'float') return new Tensor('float32', Float32Array.from(data), shape);
  if (dtype === 'bool') return new Tensor('bool', Uint8Array.from(data), shape);
  return new Tensor('int64', BigInt64Array.from(Array.from(data, BigInt)), shape);
}

export function resultOf({ dims, data }: Tensor): Result {
  return { shape: dims, data: Array.from(data as Iterable<number | bigint | boolean>, Number) };
}

/** Rows `from` … `to − 1` of axis 1. */
export function rows({ shape, data }: Result, from: number, to: number): Result {
  const [batch = 1, length = 1, ...rest] = shape;
  const width = rest.reduce((product, size) => product * size, 1);
  const picked = Array.from({ length: batch }, (_, b) =>
    Array.from({ length: (to - from) * width }, (_, i) => data[(b * length + from) * width + i]!),
  );
  return { shape: [batch, to - from, ...rest], data: picked.flat() };
}

/** The same rows of an input and of its mask. */
export function inputRows(tensors: Tensors, name: string, from: number, to: number): Tensors {
  const { data, shape } = rows(resultOf(tensors[name]!), from, to);
  return { ...tensors, [name]: new Tensor('int64', BigInt64Array.from(Array.from(data, BigInt)), [...shape]) };
}
