import { ofExpert } from './chosen-code.js';
import { type LinearTask, partOf, productsOf, sumsOf } from './linear-few-rows.js';
import { hasSubgroups, subgroupMemory, subgroupPlace } from './subgroups.js';
import { mainOf64, workgroupIndex } from './vectors.js';

/**
 * How many times four rows of weights a workgroup of 64 threads reads, so that each of its subgroups has some; `undefined`
 * where the device has no subgroups. What is computed does not depend on their size, which may be more than the least.
 */
export function foursOfSubgroups(device: GPUDevice): number | undefined {
  if (!hasSubgroups(device)) return undefined;
  const { adapterInfo }: { readonly adapterInfo?: GPUAdapterInfo } = device; // newer than subgroups
  const least = adapterInfo?.subgroupMinSize;
  return Math.max(2, 64 / Math.min(Math.max(least || 4, 4), 64));
}

/**
 * WGSL in which each subgroup has four rows of weights at a time, all its threads parts of each, and adds up what they found.
 * Loops with such sums in them turn as often in all of a workgroup, as WGSL wants it.
 */
export const codeWithSubgroups = (task: LinearTask): string => {
  const { rows, gated } = task;
  const own = gated ? 2 : 4;
  return `
${workgroupIndex}
${subgroupMemory}
${mainOf64}
  ${subgroupPlace}
  ${partOf(task)}
  let first = workgroupIndex(group, groups) * ${own} * FOURS;
  if (first >= outputsOf(part)) { return; }
  findNorms(i32(thread), 0);
  for (var i = 0; i < FOURS; i += count) {
    let output = first + ${own} * (i + number);
    // Behind the last output the last one is read again, and not written. Of a gated pair both have the same outputs.
    let place = min(output + ${gated ? 'vec4i(0, 1, 0, 1)' : 'vec4i(0, 1, 2, 3)'}, vec4i(outputsOf(part) - 1)) * uniforms.step${ofExpert(task)};
    ${sumsOf(rows)}
    ${productsOf(task, 'rank', 'threads')}
    var found = array<vec4f, ROWS>(${Array.from({ length: rows }, (_, r) => `subgroupAdd(sum${r})`).join(', ')});
    let results = select(0, ${own} * ROWS, i + number < FOURS);
    for (var j = rank; j < results; j += threads) {
      let row = j / ${own};
      let n = j % ${own};
      if (output + n < outputsOf(part) && row < uniforms.rows) { ${gated ? 'finishPair(row, output + n, found[row][n], found[row][n + 2]);' : 'finish(part, row, output + n, found[row][n]);'} }
    }
  }
}
`;
};
