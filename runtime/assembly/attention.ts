import { AttentionTask } from './attention-task';
import { log } from './math';
import { packFour, packRows } from './pack';
import { packedTile, packedTileOfColumns } from './packed-tile';
import { dots, rowOfColumns } from './row';
import { floats, madd, splat } from './simd';
import { HIDDEN, isPlain, weigh } from './weights';

// softmax(scores) · values with an online softmax (Milakov and Gimelshein 2018; Dao et al. 2022, algorithm 1): the scores of a
// few rows with a few keys are all that ever exists. Keys and values of a tile stay in the first cache while the rows of
// a block read them.
const BLOCK_ROWS: i32 = 32;
const TILE_KEYS: i32 = 128;
/** Room behind a row of scores for the last vector of four that it begins. */
const SCORES: i32 = TILE_KEYS + 8;
/** Fewer rows read the keys where they are; from here on packing them pays. */
const PACKING_ROWS: i32 = 8;

/** Bytes of scratch for one task. */
export function attentionScratch(rows: i32, keys: i32, width: i32, valueWidth: i32): usize {
  const columns = (valueWidth + 7) & ~7;
  const packed = rows < PACKING_ROWS ? 0 : ((keys + 7) & ~7) * width;
  const padded = columns == valueWidth ? 0 : keys * columns;
  return floats(BLOCK_ROWS * 2 + 4 * SCORES + BLOCK_ROWS * columns + 4 * max(width, TILE_KEYS) + packed + padded);
}

/** Tasks that lie behind each other, one by one with the same scratch; none reads what another writes. */
export function attention(tasks: usize, count: i32, scratch: usize): void {
  for (; count > 0; count--, tasks += offsetof<AttentionTask>()) {
    const task = changetype<AttentionTask>(tasks);
    task.scratch = scratch;
    attend(task);
  }
}

/** One batch entry and one key head, with all query heads that read it. */
function attend(task: AttentionTask): void {
  const columns = (task.valueWidth + 7) & ~7;
  task.columns = columns;
  task.statistics = task.scratch;
  task.scores = task.statistics + floats(BLOCK_ROWS * 2);
  task.sums = task.scores + floats(4 * SCORES);
  let free = leftOf(task) + floats(4 * max(task.width, TILE_KEYS));
  const rows = task.queries * task.group;
  task.panels = 0;
  if (rows >= PACKING_ROWS) {
    task.panels = free;
    for (let k = 0; k < task.keys; k += 8, free += floats(8 * task.width))
      packRows(task.key + <usize>k * task.keyStride, task.keyStride, min(8, task.keys - k), task.width, free);
  }
  task.values = task.value;
  task.valuesStride = task.valueStride;
  if (columns != task.valueWidth) padValues(task, free);
  for (let r = 0; r < rows; r += BLOCK_ROWS) block(task, r, min(rows, r + BLOCK_ROWS));
}

/** Room for four rows, of queries or of weights, packed for a tile. */
@inline function leftOf(task: AttentionTask): usize {
  return task.sums + floats(BLOCK_ROWS * task.columns);
}

/** A copy of the values with rows of whole tiles of 8. */
function padValues(task: AttentionTask, to: usize): void {
  const stride = floats(task.columns);
  const length = floats(task.valueWidth);
  for (let k = 0; k < task.keys; k++) {
    memory.copy(to + <usize>k * stride, task.value + <usize>k * task.valueStride, length);
    memory.fill(to + <usize>k * stride + length, 0, stride - length);
  }
  task.values = to;
  task.valuesStride = stride;
}

/** Rows [from, to) with all keys that one of them sees, tile by tile; tiles that none sees are not touched. */
function block(task: AttentionTask, from: i32, to: i32): void {
  let first = task.keys;
  let end = 0;
  for (let r = from; r < to; r++) {
    first = min(first, task.firstKey(r));
    end = max(end, task.endKey(r));
    begin(task, r, r - from);
  }
  for (let k = first & ~7; k < end; k += TILE_KEYS)
    for (let r = from; r < to; r += 4) fewRows(task, r, min(4, to - r), k, min(TILE_KEYS, end - k), r - from, false);
  for (let r = from; r < to; r++) {
    if (isSpoiled(task, r - from)) {
      begin(task, r, r - from);
      for (let k = first & ~7; k < end; k += TILE_KEYS) fewRows(task, r, 1, k, min(TILE_KEYS, end - k), r - from, true);
    }
    finish(task, r, r - from);
  }
}

/** What is known of a row before its first key. */
function begin(task: AttentionTask, row: i32, place: i32): void {
  const statistics = task.statistics + floats(2 * place);
  store<f32>(statistics, task.sinks ? load<f32>(task.sinks + floats(row % task.group)) : HIDDEN);
  store<f32>(statistics, task.sinks ? 1 : 0, 4);
  memory.fill(task.sums + floats(place * task.columns), 0, floats(task.columns));
}

/** Whether a sum is NaN or infinite: it may be because a value that the row does not see is, and 0 · NaN is NaN. */
function isSpoiled(task: AttentionTask, place: i32): bool {
  const sums = task.sums + floats(place * task.columns);
  let differences = splat(0);
  for (let p = sums, end = sums + floats(task.columns); p < end; p += 16) {
    const v = v128.load(p);
    differences = f32x4.add(differences, f32x4.sub(v, v));
  }
  return v128.any_true(f32x4.ne(differences, splat(0)));
}

/**
 * Up to 4 rows with keys [origin, origin + keys): scores, their weights, the weighted values on top of the rows' sums; of a single row
 * that is computed again, without reading values that it does not see.
 */
function fewRows(
  task: AttentionTask, row: i32, count: i32, origin: i32, keys: i32, place: i32, seenOnly: bool,
): void {
  let from = keys;
  let to = 0;
  for (let i = 0; i < count; i++) {
    from = min(from, max(task.firstKey(row + i) - origin, 0));
    to = max(to, min(task.endKey(row + i) - origin, keys));
  }
  if (from >= to) return;
  from &= ~7;
  if (task.panels) packedScores(task, row, count, origin, from, to);
  else plainScores(task, row, count, origin, from, to);
  const stride = floats(task.columns);
  const o0 = task.sums + <usize>place * stride;
  for (let i = 0; i < count; i++) {
    const statistics = task.statistics + floats(2 * (place + i));
    weigh(task, row + i, task.scores + floats(i * SCORES), origin, from, to, statistics, o0 + <usize>i * stride);
  }
  if (seenOnly) seenValues(task, origin, from, to, o0);
  else weightedValues(task, count, origin, from, to, o0);
}

function packedScores(task: AttentionTask, row: i32, count: i32, origin: i32, from: i32, to: i32): void {
  const q0 = task.queryRow(row);
  const q1 = count > 1 ? task.queryRow(row + 1) : q0;
  const q2 = count > 2 ? task.queryRow(row + 2) : q1;
  const q3 = count > 3 ? task.queryRow(row + 3) : q2;
  const left = leftOf(task);
  packFour(q0, q1, q2, q3, task.width, left, 16);
  const step = floats(SCORES);
  for (let k = from; k < to; k += 8) {
    const s = task.scores + floats(k);
    const panel = task.panels + floats((origin + k) * task.width);
    packedTile(left, panel, task.width, s, s + step, s + 2 * step, s + 3 * step, false, 0);
  }
}

function plainScores(task: AttentionTask, row: i32, count: i32, origin: i32, from: i32, to: i32): void {
  const stride = task.keyStride;
  const last = to - 1;
  for (let k = from; k < to; k += 4) {
    const keys = task.key + <usize>origin * stride;
    const k0 = keys + <usize>k * stride;
    const k1 = keys + <usize>min(k + 1, last) * stride;
    const k2 = keys + <usize>min(k + 2, last) * stride;
    const k3 = keys + <usize>min(k + 3, last) * stride;
    for (let i = 0; i < count; i++)
      v128.store(task.scores + floats(i * SCORES + k), dots(task.queryRow(row + i), k0, k1, k2, k3, task.width));
  }
}

function weightedValues(task: AttentionTask, count: i32, origin: i32, from: i32, to: i32, o0: usize): void {
  const stride = floats(task.columns);
  const step = floats(SCORES);
  const w0 = task.scores + floats(from);
  const values = task.values + <usize>(origin + from) * task.valuesStride;
  const keys = to - from;
  if (count == 1) {
    for (let j: usize = 0; j < stride; j += 32) rowOfColumns(w0, values + j, task.valuesStride, keys, o0 + j);
    return;
  }
  // Missing rows repeat the last, and write what it writes.
  const w1 = w0 + step;
  const w2 = count > 2 ? w1 + step : w1;
  const left = leftOf(task);
  packFour(w0, w1, w2, count > 3 ? w2 + step : w2, keys, left, 16);
  const o1 = o0 + stride;
  const o2 = count > 2 ? o1 + stride : o1;
  const o3 = count > 3 ? o2 + stride : o2;
  for (let j: usize = 0; j < stride; j += 32)
    packedTileOfColumns(left, values + j, task.valuesStride, keys, o0 + j, o1 + j, o2 + j, o3 + j);
}

/** `weightedValues` of one row, of the values that have a weight. */
function seenValues(task: AttentionTask, origin: i32, from: i32, to: i32, sums: usize): void {
  for (let k = from; k < to; k++) {
    const weight = load<f32>(task.scores + floats(k));
    if (weight == 0) continue;
    const values = task.values + <usize>(origin + k) * task.valuesStride;
    for (let j: usize = 0, end = floats(task.columns); j < end; j += 16)
      v128.store(sums + j, madd(splat(weight), v128.load(values + j), v128.load(sums + j)));
  }
}

/** The row's sum of weighted values over its sum of weights; zeros for a row that sees no key. */
function finish(task: AttentionTask, row: i32, place: i32): void {
  const total = load<f32>(task.statistics + floats(2 * place), 4);
  const factor: f32 = total == 0 ? 0 : <f32>1.0 / total;
  if (task.logSums) {
    const unit: f32 = isPlain(task) ? task.scale : 1;
    const most = load<f32>(task.statistics + floats(2 * place));
    // A sink of −∞ is nothing either.
    store<f32>(task.logSumOf(row), total == 0 || most <= HIDDEN / 2 ? 0 : most * unit + log(total));
  }
  const source = task.sums + floats(place * task.columns);
  const target = task.resultRow(row);
  let j: usize = 0;
  for (const whole = floats(task.valueWidth & ~3); j < whole; j += 16)
    v128.store(target + j, f32x4.mul(v128.load(source + j), splat(factor)));
  for (const end = floats(task.valueWidth); j < end; j += 4) store<f32>(target + j, load<f32>(source + j) * factor);
}
