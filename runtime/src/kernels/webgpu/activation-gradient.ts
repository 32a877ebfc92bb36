import type { TensorInfo } from '@tensorflow/tfjs';
import type { ActivationAttributes } from '../attributes.js';
import type { GpuBackend } from './backend.js';
import { dispatch } from './dispatch.js';
import { activationCode, activationNumber, derivativeCode } from './epilogue.js';
import { countOf, type WebGpuKernel, workgroupsFor } from './kernel.js';
import { mainOf64, workgroupIndex } from './vectors.js';

/** [x, dy] → the gradient of x: dy · activation′(x). */
export const activationGradient: WebGpuKernel<ActivationAttributes> = ([x, dy], { activation }, backend) =>
  elementwise(
    {
      ...{ name: 'activation, gradient', activation, reads: { x: x!, dy: dy! }, results: ['dx'] },
      code: `${derivativeCode(activation)}\n${main('dx[i] = dy[i] * derivative(x[i]);')}`,
    },
    backend,
  );

/** [a, b] → activation(a) ⊙ b, of equal shapes. */
export const gated: WebGpuKernel<ActivationAttributes> = ([a, b], { activation }, backend) =>
  elementwise(
    {
      ...{ name: 'gated', activation, reads: { a: a!, b: b! }, results: ['y'] },
      code: `${activationCode(activation)}\n${main('y[i] = activate(a[i]) * b[i];')}`,
    },
    backend,
  );

/** [a, b, dy] → the gradients of a and b. */
export const gatedGradient: WebGpuKernel<ActivationAttributes> = ([a, b, dy], { activation }, backend) =>
  elementwise(
    {
      ...{ name: 'gated, gradient', activation, reads: { a: a!, b: b!, dy: dy! }, results: ['da', 'db'] },
      code: `${derivativeCode(activation)}
${main('da[i] = dy[i] * b[i] * derivative(a[i]);\n  db[i] = dy[i] * activate(a[i]);')}`,
    },
    backend,
  );

interface Elementwise extends ActivationAttributes {
  readonly name: string;
  /** Of equal shapes. */
  readonly reads: Readonly<Record<string, TensorInfo>>;
  readonly results: readonly string[];
  readonly code: string;
}

/** A thread for each element. */
function elementwise({ name, activation, reads, results, code }: Elementwise, backend: GpuBackend): TensorInfo[] {
  const [{ shape }] = Object.values(reads) as [TensorInfo];
  const made = results.map(() => backend.makeTensorInfo(shape, 'float32'));
  const count = countOf(shape);
  dispatch(backend, {
    name,
    constants: { ACTIVATION: activationNumber[activation] },
    reads: Object.fromEntries(Object.entries(reads).map(([read, of]) => [read, { of, as: 'f32' as const }])),
    writes: Object.fromEntries(results.map((result, i) => [result, { of: made[i]!, as: 'f32' as const }])),
    integers: { count },
    workgroups: workgroupsFor(Math.ceil(count / 64)),
    code: () => code,
  });
  return made;
}

const main = (statements: string) => `
${workgroupIndex}

${mainOf64}
  let i = workgroupIndex(group, groups) * 64 + i32(thread);
  if (i >= uniforms.count) { return; }
  ${statements}
}
`;
