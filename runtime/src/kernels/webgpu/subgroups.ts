/** Whether shaders of a device may use subgroups: of any size from 4 to 128. */
export function hasSubgroups({ features }: GPUDevice): boolean {
  return features.has('subgroups');
}

/** WGSL beside a shader in which `subgroupPlace` stands. */
export const subgroupMemory = `
var<workgroup> subgroups: atomic<i32>;
var<workgroup> counted: i32;
`;

/**
 * WGSL at the beginning of a shader, whose index in its workgroup is `thread`: `count` subgroups, of which this one has a `number`
 * and `threads` that run, among them this one with a `rank`. They are asked, so that neither a size nor an order of the threads in
 * a workgroup is assumed.
 */
export const subgroupPlace = `
  let rank = i32(subgroupExclusiveAdd(1u));
  let threads = i32(subgroupAdd(1u));
  var number = 0;
  if (rank == 0) { number = atomicAdd(&subgroups, 1); }
  number = subgroupBroadcastFirst(number);
  workgroupBarrier();
  if (thread == 0) { counted = atomicLoad(&subgroups); }
  let count = workgroupUniformLoad(&counted);
`;
