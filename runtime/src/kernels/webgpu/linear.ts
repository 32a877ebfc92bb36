import type { TensorInfo } from '@tensorflow/tfjs';
import type { ActivationAttributes } from '../attributes.js';
import { type ProjectionAttributes, type ProjectionOperands, projectionOperands } from '../projection.js';
import type { GpuBackend } from './backend.js';
import { activationNumber } from './epilogue.js';
import { present, rowsOf, rowsOperand, type WebGpuKernel } from './kernel.js';
import { linearCode } from './linear-code.js';
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
  const { x, gain, offset, residual, parts } = operands;
  const { rows, width } = rowsOf(x);
  const outputs = parts.map(({ weight }) => weight.shape[0]!);
  const results = (gated ? outputs.slice(0, 1) : outputs).map((n) =>
    backend.makeTensorInfo([...x.shape.slice(0, -1), n], 'float32'),
  );
  const byNumber = <T>(name: string, all: readonly T[]) =>
    Object.fromEntries(all.map((each, i) => [`${name}${i}`, each]));
  const task: LinearTask = {
    ...{ rows, width, outputs, norm, eps, gated },
    activation: activationNumber[activation],
    reads: present({
      x: rowsOperand(x, width),
      gain: gain && rowsOperand(gain, width),
      offset: offset && rowsOperand(offset, width),
      ...byNumber(
        'weight',
        parts.map(({ weight }) => rowsOperand(weight, width)),
      ),
      ...byNumber(
        'bias',
        parts.map(({ bias }) => bias && { of: bias, as: 'f32' as const }),
      ),
      residual: residual && { of: residual, as: 'f32' },
    }),
    writes: byNumber(
      'y',
      results.map((of) => ({ of, as: 'f32' as const })),
    ),
    code: () => linearCode(width, activation, operands, gated),
  };
  const run = rows <= fewRows ? linearOfFewRows : linearOfManyRows;
  run(task, backend);
  return results;
}
