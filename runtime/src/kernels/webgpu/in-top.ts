import type { RoutingAttributes } from '../experts.js';
import { dispatch } from './dispatch.js';
import { rowsOf, type WebGpuKernel, workgroupsFor } from './kernel.js';
import { mainOf64, workgroupIndex } from './vectors.js';

/** WGSL of numbers of an array of `i32`, `array`, as whole numbers in their order: `keyAt(i)`; −0 is 0, NaN the largest. */
export const keyCode = (array: string) => `
fn keyAt(i: i32) -> u32 {
  let bits = bitcast<u32>(${array}[i]); // compared as bits: shaders may be compiled as if there were neither NaN nor infinity
  if ((bits & 0x7fffffffu) > 0x7f800000u) { return 0xffffffffu; }
  if (bits == 0x80000000u) { return 0x80000000u; }
  return select(bits | 0x80000000u, ~bits, (bits & 0x80000000u) != 0u);
}

/** How many numbers of a row of \`width\` that begins at \`first\` are larger than its i-th, or equal and before it. */
fn rankOf(first: i32, width: i32, i: i32) -> i32 {
  let own = keyAt(first + i);
  var rank = 0;
  for (var j = 0; j < width; j++) {
    let other = keyAt(first + j);
    rank += i32(other > own || (other == own && j < i));
  }
  return rank;
}
`;

/** [x [.., width]] → whether each number is among the `top` largest of its row, bool [.., width]; of equal ones the first are. */
export const inTop: WebGpuKernel<RoutingAttributes> = ([x], { top }, backend) => {
  const { rows, width } = rowsOf(x!);
  const y = backend.makeTensorInfo(x!.shape, 'bool');
  dispatch(backend, {
    name: 'in_top',
    constants: {},
    reads: { x: { of: x!, as: 'i32' } },
    writes: { y: { of: y, as: 'i32' } },
    integers: { rows, width, top },
    workgroups: workgroupsFor(rows),
    code: () => `${workgroupIndex}${keyCode('x')}${mainOf64}
  let row = workgroupIndex(group, groups);
  if (row >= uniforms.rows) { return; }
  let first = row * uniforms.width;
  for (var i = i32(thread); i < uniforms.width; i += 64) {
    y[first + i] = i32(rankOf(first, uniforms.width, i) < uniforms.top);
  }
}`,
  });
  return y;
};
