/** WGSL beside a shader in which `skipTile` stands. */
export const skipMemory = `
/** Number of the last tile of which a thread has seen a pair. */
var<workgroup> lastSeen: atomic<i32>;
var<workgroup> lastOfAll: i32;
`;

/**
 * WGSL at the beginning of a tile, in a loop whose variable `at` grows from 0 or more: goes on with the next tile where no thread of the
 * workgroup has a pair that is seen. A thread, whose index is `lane`, has rows i and keys j of 0 … 3; `seen` gets bit 4 j + i for each pair.
 */
export function skipTile(at: string, row: (i: number) => string, key: string): string {
  const rows = [0, 1, 2, 3].map((i) => `(u32(isSeen(${row(i)}, ${key})) << ${i}u)`);
  return `
    var seen = 0u;
    for (var j = 0; j < 4; j++) { seen |= (${rows.join(' | ')}) << u32(4 * j); }
    if (seen != 0) { atomicMax(&lastSeen, ${at} + 1); }
    workgroupBarrier();
    if (lane == 0) { lastOfAll = atomicLoad(&lastSeen); }
    if (workgroupUniformLoad(&lastOfAll) <= ${at}) { continue; }`;
}
