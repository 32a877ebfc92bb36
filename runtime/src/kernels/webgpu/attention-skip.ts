/** WGSL beside a shader in which `skipTile` stands. */
export const skipMemory = `
/** Number of the last tile of which a thread has seen a pair. */
var<workgroup> lastSeen: atomic<i32>;
var<workgroup> lastOfAll: i32;
`;

/**
 * WGSL at the beginning of a tile, in a loop whose variable `at` grows from 0 or more: goes on with the next tile where no thread of the workgroup
 * has a pair that is seen. A thread, whose index is `lane`, has sixteen pairs of a row and a key; `seen` gets a bit for each.
 */
export function skipTile(at: string, row: (n: string) => string, key: (n: string) => string): string {
  return `
    var seen = 0u;
    for (var n = 0; n < 16; n++) { if (isSeen(${row('n')}, ${key('n')})) { seen |= 1u << u32(n); } }
    if (seen != 0) { atomicMax(&lastSeen, ${at} + 1); }
    workgroupBarrier();
    if (lane == 0) { lastOfAll = atomicLoad(&lastSeen); }
    if (workgroupUniformLoad(&lastOfAll) <= ${at}) { continue; }`;
}
