import type { TensorInfo } from '@tensorflow/tfjs';
import type { ActivationAttributes } from '../attributes.js';
import { type ProjectionAttributes, type ProjectionOperands, projectionOperands } from '../projection.js';
import type { GpuBackend } from './backend.js';
import { activationNumber } from './epilogue.js';
import { joinVectors } from './joined-vectors.js';
import { present, rowsOf, rowsOperand, type WebGpuKernel } from './kernel.js';
import { linearCode, type Vectors } from './linear-code.js';
import { type LinearTask, linearOfFewRows } from './linear-few-rows.js';
import { linearOfManyRows } from './linear-many-rows.js';

/** Up to so many rows the weights are what costs, and each is read once; behind them, the products. */
const fewRows = 8;

const plain = { norm: 'none', eps: 0, gated: false } as const;

/** [x [.., k], weight [n, k], bias [n]?, residual [.., n]?] → activation(x · weightᵀ + bias) + residual [.., n]. */
export const linear: WebGpuKernel<ActivationAttributes> = ([x, weight, bias, residual], { activation }, backend) => {
  const operands = { x: x!, gain: undefined, offset: undefined, residual, parts: [{ weight: weight!, bias }] };
  return project(operands, { ...plain, activation }, backend)[0]!;
};

/**
 * [x [.., k], gain [k]?, offset [k]?, residual [.., n]?, then weight [n, k] and bias [n]? of each layer] → each layer of the
 * normalized x, or, where they are `gated`, activation(first) ⊙ second.
 */
export function projection(
  operands: readonly (TensorInfo | undefined)[],
  attributes: ProjectionAttributes,
  backend: GpuBackend,
): TensorInfo[] {
  return project(projectionOperands(operands), attributes, backend);
}

function project(
  operands: ProjectionOperands<TensorInfo>,
  { norm, eps, gated, activation }: ProjectionAttributes,
  backend: GpuBackend,
): TensorInfo[] {
  const { x, residual, parts } = operands;
  const { rows, width } = rowsOf(x);
  const outputs = parts.map(({ weight }) => weight.shape[0]!);
  const results = (gated ? outputs.slice(0, 1) : outputs).map((n) =>
    backend.makeTensorInfo([...x.shape.slice(0, -1), n], 'float32'),
  );
  const weights = parts.map(({ weight }, i) => [`weight${i}`, rowsOperand(weight, width)] as const);
  const vectors = vectorsOf(operands, results.length, width, backend);
  const task: LinearTask = {
    ...{ rows, width, outputs, norm, eps, gated, starts: vectors.starts },
    activation: activationNumber[activation],
    reads: {
      x: rowsOperand(x, width),
      ...vectors.reads,
      ...Object.fromEntries(weights),
      ...present({ residual: residual && { of: residual, as: 'f32' } }),
    },
    writes: Object.fromEntries(results.map((of, i) => [`y${i}`, { of, as: 'f32' as const }])),
    code: () => linearCode(width, activation, operands, vectors, gated),
  };
  const run = rows <= fewRows ? linearOfFewRows : linearOfManyRows;
  run(task, backend);
  return results;
}

/** Gain, offset and biases: each as an array of its own, or, where a shader may not bind so many, all as one. */
function vectorsOf(
  { gain, offset, residual, parts }: ProjectionOperands<TensorInfo>,
  results: number,
  width: number,
  backend: GpuBackend,
): Vectors {
  const named: [string, TensorInfo | undefined][] = [
    ['gain', gain],
    ['offset', offset],
  ];
  for (const [i, { bias }] of parts.entries()) named.push([`bias${i}`, bias]);
  const vectors = named.filter((each): each is [string, TensorInfo] => each[1] !== undefined);
  const arrays = 1 + vectors.length + parts.length + Number(residual !== undefined) + results;
  if (arrays <= backend.device.limits.maxStorageBuffersPerShaderStage) {
    const reads = vectors.map(([name, of]) => [
      name,
      name.startsWith('bias') ? { of, as: 'f32' as const } : rowsOperand(of, width),
    ]);
    return { reads: Object.fromEntries(reads), starts: {} };
  }
  const { tensor, starts } = joinVectors(
    backend,
    vectors.map(([, of]) => of),
  );
  return {
    reads: { vectors: { of: tensor, as: 'f32' } },
    starts: Object.fromEntries(vectors.map(([name], i) => [`${name}From`, starts[i]!])),
  };
}
