import * as tf from '@tensorflow/tfjs';
import type { CacheShape, RowsToWrite } from '../cache.js';
import type { GpuBackend } from './backend.js';
import { dispatch } from './dispatch.js';
import { countOf, runKernel, type WebGpuKernel, workgroupsFor } from './kernel.js';
import { mainOf64, workgroupIndex } from './vectors.js';

/**
 * One small kernel that writes into the buffers of all caches: copies between buffers would be one for each head, and
 * would end tfjs's compute pass.
 */
export function writeRowsWebGpu(all: readonly RowsToWrite[], starts: () => readonly number[]): void {
  const operands = all.flatMap(({ cache, rows }) => [rows, cache.tensor]);
  const shapes = all.map(({ cache }) => cache.shape);
  runKernel(cacheRows, operands, { shapes, starts }, tf.backend() as unknown as GpuBackend);
}

interface CacheRowsAttributes {
  /** Of the caches, whose tensors may have their axes elsewhere. */
  readonly shapes: readonly CacheShape[];
  readonly starts: () => readonly number[];
}

/** [rows, cache] of each. */
const cacheRows: WebGpuKernel<CacheRowsAttributes> = (operands, { shapes, starts }, backend) => {
  const all = shapes.map((shape, i) => {
    const rows = operands[2 * i]!;
    return { shape, rows, cache: operands[2 * i + 1]!, count: countOf(rows.shape) };
  });
  const [{ shape, rows: first }] = all as [(typeof all)[number]];
  const { heads, capacity } = shape;
  const named = <T>(name: string, of: (each: (typeof all)[number]) => T): Record<string, T> =>
    Object.fromEntries(all.map((each, i) => [`${name}${i}`, of(each)]));
  const numbers = all.reduce((sum, { count }) => sum + count, 0);
  dispatch(backend, {
    name: 'cache rows',
    constants: {},
    reads: {
      starts: { of: Int32Array.from(starts()), as: 'i32' },
      ...named('rows', ({ rows }) => ({ of: rows, as: 'f32' as const })),
    },
    writes: named('cache', ({ cache }) => ({ of: cache, as: 'f32' as const })),
    integers: {
      ...{ heads, capacity, length: first.shape[1]! },
      ...named('width', ({ shape: { width } }) => width),
      ...named('count', ({ count }) => count),
    },
    workgroups: workgroupsFor(Math.ceil(numbers / 64)),
    code: () => code(all.length),
  });
  return [];
};

const code = (caches: number) => `
${workgroupIndex}

/** Where number i of rows [B, T, heads, width] goes in [B, heads, capacity, width]. */
fn place(i: i32, width: i32) -> i32 {
  let head = i / width % uniforms.heads;
  let row = i / (width * uniforms.heads) % uniforms.length;
  let batch = i / (width * uniforms.heads * uniforms.length);
  return ((batch * uniforms.heads + head) * uniforms.capacity + starts[batch] + row) * width + i % width;
}

${mainOf64}
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
