import type { TensorInfo } from '@tensorflow/tfjs';
import type { GpuBackend } from './backend.js';
import { dispatch, type Operand } from './dispatch.js';
import { elementsOf, workgroupsFor } from './kernel.js';
import { workgroupIndex } from './vectors.js';

/** x [rows, width] · weightᵀ [width, outputs] and what follows, as linear.ts prepares it. */
export interface LinearTask {
  readonly rows: number;
  readonly width: number;
  readonly outputs: number;
  /** The number of the activation that `code` has. */
  readonly activation: number;
  readonly reads: Readonly<Record<string, Operand>>;
  readonly y: TensorInfo;
  readonly code: () => string;
}

/** Outputs of a workgroup: four of each thread, which have its part of x in common. */
const tile = 16;

/** A product with the weight read once, which is all that it costs: 16 threads for each output. */
export function linearOfFewRows(task: LinearTask, backend: GpuBackend): void {
  const { rows, width, outputs } = task;
  dispatch(backend, {
    name: 'linear of few rows',
    constants: { ROWS: rows, ACTIVATION: task.activation },
    reads: task.reads,
    writes: { y: { of: task.y, as: 'f32' } },
    integers: { width, outputs, step: elementsOf(width, width) },
    workgroups: workgroupsFor(Math.ceil(outputs / tile)),
    code: () => `${task.code()}\n${code(rows)}`,
  });
}

const code = (rows: number) => {
  const each = (text: (r: number) => string) => Array.from({ length: rows }, (_, r) => text(r)).join('\n    ');
  return `
${workgroupIndex}

/** Sums of each thread: [row][outputs n, n + 4, n + 8, n + 12][thread]. */
var<workgroup> parts: array<vec4f, 64 * ROWS>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let lane = i32(thread);
  let first = workgroupIndex(group, groups) * ${tile};
  // Behind the last output the last one is read again, and not written.
  let output = min(vec4i(0, 4, 8, 12) + first + lane / 16, vec4i(uniforms.outputs - 1)) * uniforms.step;
  ${each((r) => `var sum${r} = vec4f(0);`)}
  for (var c = lane % 16; c < (uniforms.width + 3) / 4; c += 16) {
    let w0 = weightAt(output.x, c);
    let w1 = weightAt(output.y, c);
    let w2 = weightAt(output.z, c);
    let w3 = weightAt(output.w, c);
    ${each(
      (r) => `
    let x${r} = xAt(${r} * uniforms.step, c);
    sum${r} += vec4f(dot(w0, x${r}), dot(w1, x${r}), dot(w2, x${r}), dot(w3, x${r}));`,
    )}
  }
  ${each((r) => `parts[${64 * r} + lane] = sum${r};`)}
  workgroupBarrier();
  if (lane >= 4 * ROWS) { return; }
  let row = lane / 4;
  var products = vec4f(0);
  for (var i = 0; i < 16; i++) { products += parts[row * 64 + lane % 4 * 16 + i]; }
  for (var j = 0; j < 4; j++) {
    let at = first + 4 * j + lane % 4;
    if (at < uniforms.outputs) { finish(row, at, products[j]); }
  }
}
`;
};
