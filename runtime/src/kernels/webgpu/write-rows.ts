import * as tf from '@tensorflow/tfjs';
import type { RowsToWrite } from '../cache.js';
import type { GpuBackend } from './backend.js';
import { dispatch } from './dispatch.js';
import { workgroupsFor } from './kernel.js';
import { workgroupIndex } from './vectors.js';

/**
 * One small kernel that writes into the buffers of all caches: copies between buffers would be one for each head, and
 * would end tfjs's compute pass.
 */
export function writeRowsWebGpu(all: readonly RowsToWrite[], starts: readonly number[]): void {
  const [first] = all as [RowsToWrite];
  const { heads, capacity } = first.cache.shape;
  const named = <T>(name: string, of: (each: RowsToWrite) => T): Record<string, T> =>
    Object.fromEntries(all.map((each, i) => [`${name}${i}`, of(each)]));
  const numbers = all.reduce((sum, { rows }) => sum + rows.size, 0);
  dispatch(tf.backend() as unknown as GpuBackend, {
    name: 'cache rows',
    constants: {},
    reads: {
      starts: { of: Int32Array.from(starts), as: 'i32' },
      ...named('rows', ({ rows }) => ({ of: rows, as: 'f32' as const })),
    },
    writes: named('cache', ({ cache }) => ({ of: cache.tensor, as: 'f32' as const })),
    integers: {
      ...{ heads, capacity, length: first.rows.shape[1]! },
      ...named('width', ({ cache }) => cache.shape.width),
      ...named('count', ({ rows }) => rows.size),
    },
    workgroups: workgroupsFor(Math.ceil(numbers / 64)),
    code: () => code(all.length),
  });
}

const code = (caches: number) => `
${workgroupIndex}

/** Where number i of rows [B, T, heads, width] goes in [B, heads, capacity, width]. */
fn place(i: i32, width: i32) -> i32 {
  let head = i / width % uniforms.heads;
  let row = i / (width * uniforms.heads) % uniforms.length;
  let batch = i / (width * uniforms.heads * uniforms.length);
  return ((batch * uniforms.heads + head) * uniforms.capacity + starts[batch] + row) * width + i % width;
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  var i = workgroupIndex(group, groups) * 64 + i32(thread);
  ${Array.from({ length: caches }, (_, n) => write(n)).join('\n  ')}
}
`;

const write = (n: number) => `
  if (i < uniforms.count${n}) {
    cache${n}[place(i, uniforms.width${n})] = rows${n}[i];
    return;
  }
  i -= uniforms.count${n};`;
