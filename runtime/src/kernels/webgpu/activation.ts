import type { ActivationAttributes } from '../attributes.js';
import { dispatch } from './dispatch.js';
import { activationCode, activationNumber } from './epilogue.js';
import { countOf, type WebGpuKernel, workgroupsFor } from './kernel.js';
import { mainOf64, workgroupIndex } from './vectors.js';

/** activation(x), element by element. */
export const activation: WebGpuKernel<ActivationAttributes> = ([x], { activation: name }, backend) => {
  const y = backend.makeTensorInfo(x!.shape, 'float32');
  const count = countOf(x!.shape);
  dispatch(backend, {
    name: 'activation',
    constants: { ACTIVATION: activationNumber[name] },
    reads: { x: { of: x!, as: 'f32' } },
    writes: { y: { of: y, as: 'f32' } },
    integers: { count },
    workgroups: workgroupsFor(Math.ceil(count / 64)),
    code: () => `${activationCode(name)}\n${code}`,
  });
  return y;
};

const code = `
${workgroupIndex}

${mainOf64}
  let i = workgroupIndex(group, groups) * 64 + i32(thread);
  if (i < uniforms.count) { y[i] = activate(x[i]); }
}
`;
