import { floats } from './simd';

/**
 * What `attention` is asked for: written by runtime/src/kernels/wasm/attention-task.ts, field by field in this order, 4 bytes each.
 * Strides are in bytes, so that queries [B, T, H, d] and a cache [B, G, capacity, d] are read where they are. A row is
 * one query of one head: row r is query ⌊r / group⌋ of head r mod group of the group.
 */
@unmanaged
export class AttentionTask {
  query: usize;
  queryStride: usize;
  queryHeadStride: usize;
  key: usize;
  keyStride: usize;
  value: usize;
  valueStride: usize;
  result: usize;
  resultStride: usize;
  resultHeadStride: usize;
  /** Query heads that read this key head. */
  group: i32;
  queries: i32;
  keys: i32;
  width: i32;
  valueWidth: i32;
  /** Multiplies q · k. */
  scale: f32;
  /** c in c · tanh(score / c); 0: none. */
  cap: f32;
  /** int32 [queries]: the first key that a query sees, and the one behind its last. */
  firsts: usize;
  ends: usize;
  /** Added to the scores, within ±1e30: 0, or numbers with a stride (may be 0) for each of (head, query, key). */
  bias: usize;
  biasHead: usize;
  biasQuery: usize;
  biasKey: usize;
  /** The same; −5e29 and less hide the key whatever its score is. */
  mask: usize;
  maskHead: usize;
  maskQuery: usize;
  maskKey: usize;
  /** 0, or float32 [group]: a logit per head that takes part in the softmax and reads no value. */
  sinks: usize;
  /** 0, or for each row the log of the sum of the exponentials of its scores; 0 for a row that sees nothing. */
  logSums: usize;
  logSumStride: usize;
  logSumHeadStride: usize;
  /** Dropout: probability i of [B, H, rows, keys] becomes 0 where its number is below the threshold, else grows by `kept`; 0: none. */
  dropKept: f32;
  dropThreshold: u32;
  dropKey: u32;
  /** i of key 0 for row 0, and how far it is to the next query and head. */
  dropFirst: u32;
  dropQuery: u32;
  dropHead: u32;

  // From here on the kernels write: the scratch, and for `attention` its parts.
  scratch: usize;
  /** The values as they are read: where they are, or a copy with rows of whole tiles. */
  values: usize;
  valuesStride: usize;
  /** valueWidth in whole tiles of 8. */
  columns: i32;
  /** For each row of a block the largest score so far and the sum of the weights relative to it. */
  statistics: usize;
  scores: usize;
  /** For each row of a block the sum of weighted values so far, [columns]. */
  sums: usize;
  /** The keys packed for `tile`; 0: read where they are. */
  panels: usize;

  @inline firstKey(row: i32): i32 {
    return load<i32>(this.firsts + floats(row / this.group));
  }

  @inline endKey(row: i32): i32 {
    return load<i32>(this.ends + floats(row / this.group));
  }

  @inline queryRow(row: i32): usize {
    return this.query + <usize>(row / this.group) * this.queryStride + <usize>(row % this.group) * this.queryHeadStride;
  }

  @inline logSumOf(row: i32): usize {
    return this.logSums + <usize>(row / this.group) * this.logSumStride + <usize>(row % this.group) * this.logSumHeadStride;
  }

  /** The place in [B, H, rows, keys] of the row's probability of key 0. */
  @inline firstProbability(row: i32): u32 {
    return this.dropFirst + <u32>(row / this.group) * this.dropQuery + <u32>(row % this.group) * this.dropHead;
  }

  @inline resultRow(row: i32): usize {
    return this.result + <usize>(row / this.group) * this.resultStride + <usize>(row % this.group) * this.resultHeadStride;
  }
}
