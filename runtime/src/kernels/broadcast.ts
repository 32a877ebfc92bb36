/** Numbers from one batch entry, head, query and key to the next of a tensor that broadcasts to [B, H, Tq, Tk]. */
export interface Strides {
  /** The number of batch entry, head, query and key 0. */
  readonly from: number;
  readonly batch: number;
  readonly head: number;
  readonly query: number;
  readonly key: number;
}

/**
 * 0 on axes of size 1. `byDistance`: the tensor is [b, h, 1, Tq + Tk − 1], and what belongs to query t and key k is its number
 * k − t + Tq − 1: one number for each distance instead of one for each pair.
 */
export function broadcastStrides(shape: readonly number[], byDistance: boolean, queries: number): Strides {
  const [batches, heads, rows, keys] = shape as [number, number, number, number];
  const stride = (size: number, numbers: number) => (size === 1 ? 0 : numbers);
  return {
    from: byDistance ? queries - 1 : 0,
    batch: stride(batches, heads * rows * keys),
    head: stride(heads, rows * keys),
    query: byDistance ? -1 : stride(rows, keys),
    key: byDistance ? 1 : stride(keys, 1),
  };
}
