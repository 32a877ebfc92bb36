import type { TensorInfo } from '@tensorflow/tfjs';
import type { CrossEntropyAttributes } from '../attributes.js';
import type { CpuBackend, CpuKernel } from './backend.js';

/** [scores [n, classes], class numbers as float32 [n]] → −log p of each row's class [n]. */
export const crossEntropy: CpuKernel<CrossEntropyAttributes> = (operands, { labelSmoothing }, backend) => {
  const [scores, ids] = operands.map((of) => valuesOf(of!, backend)) as [Float32Array, Float32Array];
  const classes = operands[0]!.shape.at(-1)!;
  const losses = Float32Array.from(ids, (id, row) => {
    const { most, sum } = statistics(scores, row * classes, classes);
    let mean = 0;
    if (labelSmoothing > 0) for (let i = 0; i < classes; i++) mean += (most - scores[row * classes + i]!) / classes;
    return Math.log(sum) + (1 - labelSmoothing) * (most - scores[row * classes + id]!) + labelSmoothing * mean;
  });
  return backend.makeTensorInfo([ids.length], 'float32', losses);
};

/** [scores, class numbers, dy [n]] → the gradient of the scores: (p − target) · dy. */
export const crossEntropyGradient: CpuKernel<CrossEntropyAttributes> = (operands, { labelSmoothing }, backend) => {
  const [scores, ids, dy] = operands.map((of) => valuesOf(of!, backend)) as [Float32Array, Float32Array, Float32Array];
  const classes = operands[0]!.shape.at(-1)!;
  const dScores = new Float32Array(scores.length);
  ids.forEach((id, row) => {
    const start = row * classes;
    const { most, sum } = statistics(scores, start, classes);
    for (let i = 0; i < classes; i++) {
      const target = (i === id ? 1 - labelSmoothing : 0) + labelSmoothing / classes;
      dScores[start + i] = dy[row]! * (Math.exp(scores[start + i]! - most) / sum - target);
    }
  });
  return backend.makeTensorInfo([...operands[0]!.shape], 'float32', dScores);
};

/** The largest score of a row, and Σ exp(score − largest). */
function statistics(scores: Float32Array, start: number, classes: number) {
  let most = -Infinity;
  for (let i = start; i < start + classes; i++) most = Math.max(most, scores[i]!);
  let sum = 0;
  for (let i = start; i < start + classes; i++) sum += Math.exp(scores[i]! - most);
  return { most, sum };
}

function valuesOf({ dataId }: TensorInfo, backend: CpuBackend): Float32Array {
  return backend.data.get(dataId).values;
}
