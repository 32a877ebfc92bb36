import type { RotaryAttributes } from '../attributes.js';
import { dispatch } from './dispatch.js';
import { countOf, type WebGpuKernel, workgroupsFor } from './kernel.js';
import { mainOf64, workgroupIndex } from './vectors.js';

/** [x [.., T, H, d], cos, sin], both [T, 1, n] for all sequences or [B, T, 1, n]: turns the first n features. */
export const rotary: WebGpuKernel<RotaryAttributes> = ([x, cos, sin], { pairs, backwards }, backend) => {
  const [length, heads, width] = x!.shape.slice(-3) as [number, number, number];
  const turning = cos!.shape.at(-1)!;
  const count = countOf(x!.shape);
  const ownRows = countOf(cos!.shape) > length * turning;
  const y = backend.makeTensorInfo(x!.shape, 'float32');
  dispatch(backend, {
    name: 'rotary',
    constants: { INTERLEAVED: Number(pairs === 'interleaved') },
    reads: { x: { of: x!, as: 'f32' }, cosines: { of: cos!, as: 'f32' }, sines: { of: sin!, as: 'f32' } },
    writes: { y: { of: y, as: 'f32' } },
    integers: { count, length, heads, width, turning, tableRows: ownRows ? count / (heads * width) : length },
    floats: { direction: backwards ? -1 : 1 },
    workgroups: workgroupsFor(Math.ceil(count / 64)),
    code: () => code,
  });
  return y;
};

const code = `
${workgroupIndex}

${mainOf64}
  let i = workgroupIndex(group, groups) * 64 + i32(thread);
  if (i >= uniforms.count) { return; }
  let feature = i % uniforms.width;
  if (feature >= uniforms.turning) { y[i] = x[i]; return; }
  let half = uniforms.turning / 2;
  var partner = select(feature - half, feature + half, feature < half);
  if (INTERLEAVED == 1) { partner = feature ^ 1; }
  let row = i / (uniforms.width * uniforms.heads) % uniforms.tableRows; // of the tables, which know no heads
  let at = row * uniforms.turning + feature;
  // The sign of a pair's first feature is in the table of sines.
  y[i] = x[i] * cosines[at] + uniforms.direction * x[i - feature + partner] * sines[at];
}
`;
