/**
 * The rows of a prompt in pieces whose sizes are powers of two, largest first: 37 = 32 + 4 + 1.
 *
 * tfjs's WebGPU buffers are pooled by exact size and never given back, so prompts of all lengths would each leave
 * buffers of their own behind. Powers of two leave at most log₂(context) sizes, and unlike padding they change
 * nothing in the result: the pieces pass one after the other through the same KV cache. None is larger than `most`.
 */
export function promptChunks(rows: number, most = rows): number[] {
  const chunks: number[] = [];
  for (let rest = rows; rest > 0; ) {
    const chunk = 2 ** Math.floor(Math.log2(Math.min(rest, most)));
    chunks.push(chunk);
    rest -= chunk;
  }
  return chunks;
}

/** As many rows in each piece as can be. */
export function evenChunks(rows: number, most: number): number[] {
  return Array.from({ length: Math.ceil(rows / most) }, (_, i) => Math.min(most, rows - i * most));
}

/** A capacity for at least `rows` rows, again one of few: the next power of two from 64 up, at most `most`. */
export function cacheCapacity(rows: number, most = Number.POSITIVE_INFINITY): number {
  return Math.min(most, Math.max(64, 2 ** Math.ceil(Math.log2(rows))));
}
