import type { TensorInfo } from '@tensorflow/tfjs';
import type { GpuBackend } from './backend.js';
import { dispatch } from './dispatch.js';
import { countOf, workgroupsFor } from './kernel.js';
import { mainOf64, workgroupIndex } from './vectors.js';

/** The log-sum-exp of each row and dy · y, what the softmax takes from the gradient of every score: [B, Tq, H, 2]. */
export function rowStatistics(dy: TensorInfo, y: TensorInfo, logSums: TensorInfo, backend: GpuBackend): TensorInfo {
  const statistics = backend.makeTensorInfo([...logSums.shape, 2], 'float32');
  const count = countOf(logSums.shape);
  dispatch(backend, {
    name: 'attention, rows of the gradient',
    constants: {},
    reads: { dy: { of: dy, as: 'f32' }, y: { of: y, as: 'f32' }, logSums: { of: logSums, as: 'f32' } },
    writes: { statistics: { of: statistics, as: 'vec2f' } },
    integers: { count, width: dy.shape[3]! },
    workgroups: workgroupsFor(Math.ceil(count / 64)),
    code: () => code,
  });
  return statistics;
}

const code = `
${workgroupIndex}

${mainOf64}
  let row = workgroupIndex(group, groups) * 64 + i32(thread);
  if (row >= uniforms.count) { return; }
  var sum = 0.0;
  for (var i = row * uniforms.width; i < (row + 1) * uniforms.width; i++) { sum += dy[i] * y[i]; }
  statistics[row] = vec2f(logSums[row], sum);
}
`;
