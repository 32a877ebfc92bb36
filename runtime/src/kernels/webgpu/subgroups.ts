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

/**
 * The threads of a workgroup that is one subgroup, or a part of one, whatever size the device chooses; `undefined` where it
 * has no subgroups, or does not say how small they are, or where such workgroups would leave most of a larger subgroup idle.
 */
export function lanesOfSubgroup(device: GPUDevice): number | undefined {
  if (!hasSubgroups(device)) return undefined;
  const { adapterInfo }: { readonly adapterInfo?: Partial<GPUAdapterInfo> } = device; // newer than subgroups
  const { subgroupMinSize: least = 0, subgroupMaxSize: most = 0 } = adapterInfo ?? {};
  if (least < 4 || (least < 16 && least < most)) return undefined;
  return Math.min(least, 64);
}

/**
 * Stands before each function of a shader whose workgroups are one subgroup: what is the same for all threads because one of
 * these exchanges told them so, WGSL takes for different.
 */
export const oneSubgroup = '@diagnostic(off, subgroup_uniformity)';

/** WGSL of exchanges in quads: threads 4 i … 4 i + 3 of a subgroup, of which a thread is the `part`th. */
export const quadCode = `
/** Of the sums v.x … v.w over a quad the one of this thread: half of what a thread has is another's, then half of that. */
${oneSubgroup} fn sumForEach(v: vec4f, part: i32) -> f32 {
  let two = select(v.xy, v.zw, part >= 2) + quadSwapY(select(v.zw, v.xy, part >= 2));
  let odd = part % 2 == 1;
  return select(two.x, two.y, odd) + quadSwapX(select(two.y, two.x, odd));
}
`;
