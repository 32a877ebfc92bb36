import { InferenceSession, Tensor } from 'onnxruntime-node';
import { memorySink, planFiles, type WeightSource, writeFiles } from '../../../compiler/src/emit/onnx/file/index.js';
import { type Entry, emitOnnx, type OnnxModel } from '../../../compiler/src/emit/onnx/index.js';
import type { Result } from './compare.js';
import type { Results } from './generated.js';
import type { Inputs, InputValue } from './inputs.js';
import type { Subject } from './subject.js';

export type Weights = ReadonlyMap<string, Float32Array>;

export interface OnnxChoice {
  readonly opset: number;
  /** Whether ONNX Runtime may replace parts of the graph by its own. */
  readonly optimized: boolean;
}

type Tensors = Readonly<Record<string, Tensor>>;

/** One entry of a model as ONNX. Throws what ONNX cannot say. */
export function onnxModel({ model, configuration }: Subject, entry: Entry, opset: number): OnnxModel {
  const result = emitOnnx(model, configuration, { opset, entry, toolVersion: '0', metadata: {} });
  if ('unsupported' in result) throw new Error(`ONNX cannot say this: ${result.unsupported.construct}`);
  return result.model;
}

/** The bytes of an ONNX model with these weights, given in the shapes of the spec. */
export async function onnxFile(model: OnnxModel, weights: Weights): Promise<Uint8Array> {
  const shapes = model.graph.initializers.flatMap(({ data }) =>
    'weight' in data ? [[data.weight, data.transposed ? [...data.shape].reverse() : data.shape] as const] : [],
  );
  const source: WeightSource = {
    paths: shapes.map(([path]) => path),
    async *read() {
      for (const [path, shape] of shapes) yield { path, shape, data: weights.get(path) ?? new Float32Array() };
    },
  };
  const [planned] = planFiles([{ name: 'model.onnx', model }], { order: source.paths, dataFile: 'model.onnx.data' });
  const sink = memorySink();
  await writeFiles([{ content: planned!.content, sink }], source);
  return sink.bytes();
}

/** A model in ONNX Runtime, in its strictest mode: shapes that it infers must be those that the file declares. */
export async function openSession(file: Uint8Array, optimized: boolean): Promise<InferenceSession> {
  return InferenceSession.create(file, {
    graphOptimizationLevel: optimized ? 'all' : 'disabled',
    logSeverityLevel: 3,
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    extra: { session: { strict_shape_type_inference: '1' } },
  });
}

async function opened<T>(
  subject: Subject,
  entry: Entry,
  weights: Weights,
  { opset, optimized }: OnnxChoice,
  work: (run: (given: Tensors) => Promise<Tensors>) => Promise<T>,
): Promise<T> {
  const session = await openSession(await onnxFile(onnxModel(subject, entry, opset), weights), optimized);
  try {
    return await work(async (given) => {
      const feeds = session.inputNames.map((name) => {
        const tensor = given[name];
        if (!tensor) throw new Error(`the ${entry} model asks for an input ${name}`);
        return [name, tensor] as const;
      });
      return (await session.run(Object.fromEntries(feeds))) as Tensors;
    });
  } finally {
    await session.release();
  }
}

/** Every output of a pass over everything, for each of these inputs. */
export function onnxForward(
  subject: Subject,
  weights: Weights,
  passes: readonly Inputs[],
  choice: OnnxChoice,
): Promise<Results[]> {
  return opened(subject, 'forward', weights, choice, async (run) => {
    const results: Results[] = [];
    for (const inputs of passes) {
      const found = await run(feedsOf(inputs));
      results.push(new Map(Object.entries(found).map(([name, tensor]) => [name, resultOf(tensor)])));
    }
    return results;
  });
}

/** Rows `from` … `to − 1` of what the prefill and the decode steps gave, as one pass would number them. */
export interface RowsFound {
  readonly from: number;
  readonly to: number;
  readonly result: Result;
}

/**
 * A prefill of so many rows, then decode steps of `stepSizes` rows, by turns: what the prefill leaves as `present.…` goes into
 * the next step as `past.…`, what it leaves as `kept.…` into every step.
 */
export function onnxSteps(
  subject: Subject,
  weights: Weights,
  inputs: Inputs,
  choice: OnnxChoice,
  prompt: number,
  stepSizes: readonly number[],
): Promise<RowsFound[]> {
  const { input, output, scores } = subject.model.generate!;
  const given = feedsOf(inputs);
  const length = given[input]!.dims[1]!;
  const extra = scores === 'self' ? 1 : 0;
  return opened(subject, 'prefill', weights, choice, (prefill) =>
    opened(subject, 'decode', weights, choice, async (decode) => {
      const first = await prefill(rowsGiven(given, input, 0, prompt));
      const kept = pick(first, /^kept\./);
      const found: RowsFound[] = [{ from: 0, to: prompt + extra, result: resultOf(first[output]!) }];
      let state = first;
      for (let from = prompt, step = 0; from < length; step++) {
        const to = Math.min(from + stepSizes[step % stepSizes.length]!, length);
        const position = new Tensor('int64', BigInt64Array.of(BigInt(from)), []);
        state = await decode({ ...rowsGiven(given, input, from, to), ...kept, ...past(state), position });
        found.push({ from: from + extra, to: to + extra, result: resultOf(state[output]!) });
        from = to;
      }
      return found;
    }),
  );
}

const pick = (tensors: Tensors, names: RegExp): Tensors =>
  Object.fromEntries(Object.entries(tensors).filter(([name]) => names.test(name)));

function past(state: Tensors): Tensors {
  const renamed = Object.entries(pick(state, /^present\./)).map(
    ([name, tensor]) => [name.replace(/^present\./, 'past.'), tensor] as const,
  );
  return Object.fromEntries(renamed);
}

/** New rows of the growing input, and which of all rows so far are real. */
function rowsGiven(given: Tensors, input: string, from: number, to: number): Tensors {
  const ids = rowsOf(resultOf(given[input]!), from, to);
  const real = rowsOf(resultOf(given[`${input}.present`]!), 0, to);
  return {
    ...given,
    [input]: new Tensor('int64', BigInt64Array.from(Array.from(ids.data, BigInt)), [...ids.shape]),
    [`${input}.present`]: new Tensor('bool', Uint8Array.from(Array.from(real.data)), [...real.shape]),
  };
}

/** Rows `from` … `to − 1` of axis 1. */
export function rowsOf({ shape, data }: Result, from: number, to: number): Result {
  const [batch = 1, length = 1, ...rest] = shape;
  const width = rest.reduce((product, size) => product * size, 1);
  const picked = Array.from({ length: batch }, (_, b) =>
    Array.from({ length: (to - from) * width }, (_, i) => data[(b * length + from) * width + i]!),
  );
  return { shape: [batch, to - from, ...rest], data: picked.flat() };
}

/** Inputs as ONNX Runtime takes them: ids are int64, and the mask of real rows stands beside the input that has one. */
function feedsOf({ values }: Inputs): Tensors {
  return Object.fromEntries(
    values.flatMap((value) => {
      const [batch = 1, length = 1] = value.shape;
      const present = value.present ?? new Uint8Array(batch * length).fill(1);
      return [
        [value.name, tensorOf(value)] as const,
        [`${value.name}.present`, new Tensor('bool', present, [batch, length])] as const,
      ];
    }),
  );
}

function tensorOf({ dtype, shape, data }: InputValue): Tensor {
  if (dtype === 'float') return new Tensor('float32', Float32Array.from(data), shape);
  if (dtype === 'bool') return new Tensor('bool', Uint8Array.from(data), shape);
  return new Tensor('int64', BigInt64Array.from(Array.from(data, BigInt)), shape);
}

function resultOf({ dims, data }: Tensor): Result {
  return { shape: dims, data: Array.from(data as Iterable<number | bigint | boolean>, Number) };
}
