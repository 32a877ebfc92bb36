import type { CrossEntropyAttributes } from '../attributes.js';
import { dispatch } from './dispatch.js';
import { rowsOf, type WebGpuKernel, workgroupsFor } from './kernel.js';
import { totalCode } from './normalize.js';
import { mainOf64, workgroupIndex } from './vectors.js';

/** [scores [n, classes], class numbers as float32 [n]] → −log p of each row's class [n]. */
export const crossEntropy: WebGpuKernel<CrossEntropyAttributes> = ([scores, ids], { labelSmoothing }, backend) => {
  const { rows, width } = rowsOf(scores!);
  const losses = backend.makeTensorInfo([rows], 'float32');
  dispatch(backend, {
    name: 'cross-entropy',
    constants: {},
    reads: { scores: { of: scores!, as: 'f32' }, ids: { of: ids!, as: 'f32' } },
    writes: { losses: { of: losses, as: 'f32' } },
    integers: { rows, width },
    floats: { smoothing: labelSmoothing },
    workgroups: workgroupsFor(rows),
    code: () => `${head}${lossCode}}`,
  });
  return losses;
};

/** [scores, class numbers, dy [n]] → the gradient of the scores: (p − target) · dy. */
export const crossEntropyGradient: WebGpuKernel<CrossEntropyAttributes> = (operands, { labelSmoothing }, backend) => {
  const [scores, ids, dy] = operands;
  const { rows, width } = rowsOf(scores!);
  const dScores = backend.makeTensorInfo(scores!.shape, 'float32');
  dispatch(backend, {
    name: 'cross-entropy, gradient',
    constants: {},
    reads: { scores: { of: scores!, as: 'f32' }, ids: { of: ids!, as: 'f32' }, dy: { of: dy!, as: 'f32' } },
    writes: { dScores: { of: dScores, as: 'f32' } },
    integers: { rows, width },
    floats: { smoothing: labelSmoothing },
    workgroups: workgroupsFor(rows),
    code: () => `${head}${gradientCode}}`,
  });
  return dScores;
};

/** A workgroup for each row: its largest score, and Σ exp(score − largest). */
const head = `
${workgroupIndex}
${totalCode}

/** The largest number of all threads. */
fn largest(lane: i32, part: f32) -> f32 {
  workgroupBarrier(); // the sum before this one is read
  parts[lane] = part;
  for (var n = 32; n > 0; n /= 2) {
    workgroupBarrier();
    if (lane < n) { parts[lane] = max(parts[lane], parts[lane + n]); }
  }
  workgroupBarrier();
  return parts[0];
}

/** Finite, because shaders may be compiled as if there were no infinity. */
fn scoreAt(i: i32) -> f32 { return max(scores[i], -1e30); }

${mainOf64}
  let row = workgroupIndex(group, groups);
  if (row >= uniforms.rows) { return; }
  let lane = i32(thread);
  let start = row * uniforms.width;
  var part = -1e30;
  for (var i = lane; i < uniforms.width; i += 64) { part = max(part, scoreAt(start + i)); }
  let most = largest(lane, part);
  part = 0;
  for (var i = lane; i < uniforms.width; i += 64) { part += exp(scoreAt(start + i) - most); }
  let sum = total(lane, part);
  let id = i32(ids[row]);
`;

const lossCode = `
  part = 0;
  for (var i = lane; i < uniforms.width; i += 64) { part += most - scoreAt(start + i); }
  let mean = total(lane, part) / f32(uniforms.width);
  if (lane > 0) { return; }
  losses[row] = log(sum) + (1 - uniforms.smoothing) * (most - scoreAt(start + id)) + uniforms.smoothing * mean;
`;

const gradientCode = `
  let spread = uniforms.smoothing / f32(uniforms.width);
  for (var i = lane; i < uniforms.width; i += 64) {
    let goal = spread + select(0, 1 - uniforms.smoothing, i == id);
    dScores[start + i] = dy[row] * (exp(scoreAt(start + i) - most) / sum - goal);
  }
`;
