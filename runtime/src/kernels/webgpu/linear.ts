import type { TensorInfo } from '@tensorflow/tfjs';
import type { ActivationAttributes } from '../attributes.js';
import { activationCode, activationNumber } from './epilogue.js';
import { present, rowsOf, rowsOperand, vectorType, type WebGpuKernel } from './kernel.js';
import { linearOfFewRows } from './linear-few-rows.js';
import { linearOfManyRows } from './linear-many-rows.js';
import { vectorReader } from './vectors.js';

/** Up to so many rows are one pass over the weight. */
const fewRows = 8;

/** [x [.., k], weight [n, k], bias [n]?, residual [.., n]?] → activation(x · weightᵀ + bias) + residual [.., n]. */
export const linear: WebGpuKernel<ActivationAttributes> = (operands, { activation }, backend) => {
  const [x, weight, bias, residual] = operands;
  const { rows, width } = rowsOf(x!);
  const outputs = weight!.shape[0]!;
  const y = backend.makeTensorInfo([...x!.shape.slice(0, -1), outputs], 'float32');
  const run = rows <= fewRows ? linearOfFewRows : linearOfManyRows;
  run(
    {
      ...{ rows, width, outputs, activation: activationNumber[activation] },
      reads: present({
        x: rowsOperand(x!, width),
        weight: rowsOperand(weight!, width),
        bias: bias && { of: bias, as: 'f32' },
        residual: residual && { of: residual, as: 'f32' },
      }),
      y,
      code: () => linearCode(width, activationCode(activation), bias, residual),
    },
    backend,
  );
  return y;
};

/** `xAt`, `weightAt`, and `finish(row, output, product)`, which writes a number of the result. */
function linearCode(
  width: number,
  activate: string,
  bias: TensorInfo | undefined,
  residual: TensorInfo | undefined,
): string {
  const type = vectorType(width);
  return `
${activate}
${vectorReader('x', type, 'uniforms.width')}
${vectorReader('weight', type, 'uniforms.width')}

fn finish(row: i32, output: i32, product: f32) {
  let at = row * uniforms.outputs + output;
  y[at] = activate(product${bias ? ' + bias[output]' : ''})${residual ? ' + residual[at]' : ''};
}`;
}
