import { Tensor } from 'onnxruntime-node';
import { emitOnnx } from '../../../compiler/src/emit/onnx/index.js';
import type { OnnxModel } from '../../../compiler/src/emit/onnx/model.js';
import type { OperatorCase } from '../../support/cases/case.js';
import type { Nd } from '../../support/reference/array.js';
import { type IsOpen, type Traced, trace } from '../../support/trace.js';
import { session, sourceOf, written } from './kit.js';

export interface TracedOptions {
  readonly opset: number;
  readonly symbolic: boolean | IsOpen;
}

/** The operators of a case as an ONNX model. */
export function onnxOf({ model }: Traced, opset: number): OnnxModel {
  const result = emitOnnx(model, new Map(), { opset, entry: 'forward', toolVersion: '0', metadata: {} });
  if ('unsupported' in result) throw result.unsupported;
  return result.model;
}

/** A case of the runtime's operators in ONNX Runtime. */
export async function runTraced(
  of: OperatorCase,
  { opset, symbolic }: TracedOptions,
): Promise<{ shape: readonly number[]; values: number[] }> {
  const traced = trace(of, symbolic);
  const weights = [...traced.weights].map(
    ([path, i]) => [path, { shape: of.inputs[i]!.shape, values: Array.from(of.inputs[i]!.data) }] as const,
  );
  const model = onnxOf(traced, opset);
  const files = await written([{ name: 'case.onnx', model }], sourceOf(Object.fromEntries(weights)));
  const opened = await session(files.get('case.onnx')!);
  try {
    const feeds = [...traced.inputs].map(([name, i]) => [name, feed(of.inputs[i]!, of.dtypes?.[i])] as const);
    const { result } = await opened.run(Object.fromEntries(feeds));
    return { shape: result!.dims, values: Array.from(result!.data as Iterable<number | bigint>, Number) };
  } finally {
    await opened.release();
  }
}

function feed({ shape, data }: Nd, dtype: 'int32' | 'bool' | undefined): Tensor {
  const dims = [...shape];
  if (dtype === 'int32') return new Tensor('int64', BigInt64Array.from(Array.from(data, BigInt)), dims);
  if (dtype === 'bool') return new Tensor('bool', Uint8Array.from(data), dims);
  return new Tensor('float32', Float32Array.from(data), dims);
}
