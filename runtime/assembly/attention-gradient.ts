import { AttentionTask } from './attention-task';
import { keptOf } from './dropout';
import { BLOCK_ROWS, GradientRoom, SCORES, TILE_KEYS } from './gradient-room';
import { gradientTile } from './gradient-tile';
import { exp2, tanh } from './math';
import { packRows } from './pack';
import { floats, madd, splat, sum } from './simd';
import { adjust, HIDDEN } from './weights';

// Gradients of attention (Dao et al. 2022, algorithm 4): for a few rows and keys at a time the probabilities are made again
// from the scores and the log-sum-exp. Keys are the outer loop, so that what is summed over the rows stays in a small tile.
const LOG2E: f32 = 1.44269504;

/** Beside what `AttentionTask` says: there `result` is dy, `logSums` are read, and `keys` are all that there are. */
@unmanaged
export class GradientTask {
  /** The result, which lies like dy. */
  y: usize;
  /** The gradients lie like what they are of; that of the bias (0: not wanted) is added to what is there. */
  dQuery: usize;
  dKey: usize;
  dValue: usize;
  dBias: usize;
}

/** Tasks that lie behind each other, as in `attention`. They add to gradients of the bias that may be the same. */
export function attentionGradient(tasks: usize, gradients: usize, count: i32, scratch: usize): void {
  for (; count > 0; count--, tasks += offsetof<AttentionTask>(), gradients += offsetof<GradientTask>()) {
    const task = changetype<AttentionTask>(tasks);
    task.scratch = scratch;
    gradientsOf(task, changetype<GradientTask>(gradients));
  }
}

/** One batch entry and one key head, with all query heads that read it. */
function gradientsOf(task: AttentionTask, into: GradientTask): void {
  const room = changetype<GradientRoom>(task.scratch);
  room.layOut(task.width, task.valueWidth);
  const rows = task.queries * task.group;
  for (let r = 0; r < rows; r++) memory.fill(into.dQuery + (task.queryRow(r) - task.query), 0, floats(task.width));
  for (let k = 0; k < task.keys; k += TILE_KEYS) {
    const keys = min(TILE_KEYS, task.keys - k);
    const key = task.key + <usize>k * task.keyStride;
    const value = task.value + <usize>k * task.valueStride;
    memory.fill(room.dKey, 0, floats(TILE_KEYS * room.columns));
    memory.fill(room.dValue, 0, floats(TILE_KEYS * room.valueColumns));
    for (let i = 0; i < keys; i += 8) {
      packRows(key + <usize>i * task.keyStride, task.keyStride, min(8, keys - i), task.width, room.keyPanels + floats(i * task.width));
      packRows(value + <usize>i * task.valueStride, task.valueStride, min(8, keys - i), task.valueWidth, room.valuePanels + floats(i * task.valueWidth));
    }
    for (let i = 0; i < keys; i++) {
      pad(key + <usize>i * task.keyStride, task.width, room.key, room.columns, i);
      makeFinite(room.key + floats(i * room.columns), room.columns);
    }
    for (let r = 0; r < rows; r += BLOCK_ROWS) block(task, into, room, r, min(BLOCK_ROWS, rows - r), k, keys);
    for (let i = 0; i < keys; i++) {
      const at = <usize>(k + i);
      memory.copy(into.dKey + at * task.keyStride, room.dKey + floats(i * room.columns), floats(task.width));
      memory.copy(into.dValue + at * task.valueStride, room.dValue + floats(i * room.valueColumns), floats(task.valueWidth));
    }
  }
}

/** Copies a row of `width` numbers to place i of rows with `columns`, zeros behind it. */
function pad(from: usize, width: i32, rows: usize, columns: i32, i: i32): void {
  const to = rows + floats(i * columns);
  memory.copy(to, from, floats(width));
  memory.fill(to + floats(width), 0, floats(columns - width));
}

/**
 * NaN and infinite numbers become 0: rows that do not see the key multiply it by 0, which must give 0; for those that do, what
 * multiplies it is NaN already.
 */
function makeFinite(numbers: usize, count: i32): void {
  for (const end = numbers + floats(count); numbers < end; numbers += 16) {
    const v = v128.load(numbers);
    v128.store(numbers, v128.and(v, f32x4.eq(f32x4.sub(v, v), splat(0))));
  }
}

/** Up to 32 rows with keys [origin, origin + keys). */
function block(task: AttentionTask, into: GradientTask, room: GradientRoom, row: i32, rows: i32, origin: i32, keys: i32): void {
  let from = keys;
  let to = 0;
  for (let i = 0; i < rows; i++) {
    const low = max(task.firstKey(row + i) - origin, 0);
    const high = min(task.endKey(row + i) - origin, keys);
    if (low >= high) continue;
    from = min(from, low);
    to = max(to, high);
  }
  if (from >= to) return;
  // Keys outside are not read where they multiply a weight, which is 0.
  const first = from;
  const end = to;
  // Whole panels; the weights of what they have behind the keys are 0.
  from &= ~7;
  to = (to + 7) & ~7;
  for (let i = 0; i < rows; i++) {
    pad(task.queryRow(row + i), task.width, room.query, room.columns, i);
    pad(task.resultRow(row + i), task.valueWidth, room.dy, room.valueColumns, i);
  }
  memory.fill(room.dQuery, 0, floats(rows * room.columns));
  // The products q·k, and the gradients of the weights, dy·v; then in their places what follows from them.
  panels(room, room.query, room.columns, rows, room.keyPanels, task.width, room.weights, from, to);
  panels(room, room.dy, room.valueColumns, rows, room.valuePanels, task.valueWidth, room.products, from, to);
  for (let i = 0; i < rows; i++) rowOf(task, into, room, row + i, i, origin, from, to);
  sumOverKeys(room, room.products, rows, first, end, room.key, room.columns, room.dQuery);
  sumOverRows(room.products, rows, from, to, room.query, room.columns, room.dKey);
  sumOverRows(room.weights, rows, from, to, room.dy, room.valueColumns, room.dValue);
  for (let i = 0; i < rows; i++)
    add(room.dQuery + floats(i * room.columns), into.dQuery + (task.queryRow(row + i) - task.query), task.width);
}

/** Products of rows with panels of keys [from, to): [row][key]. */
function panels(room: GradientRoom, rows: usize, columns: i32, count: i32, packed: usize, inner: i32, result: usize, from: i32, to: i32): void {
  const step = floats(SCORES);
  for (let i = 0; i < count; i += 4) {
    const left = min(4, count - i);
    packRows(rows + floats(i * columns), floats(columns), left, inner, room.left);
    const c0 = result + <usize>i * step;
    // Missing rows are the last again, and write what it writes.
    const c1 = left > 1 ? c0 + step : c0;
    const c2 = left > 2 ? c1 + step : c1;
    const c3 = left > 3 ? c2 + step : c2;
    for (let k = from; k < to; k += 8) {
      const at = floats(k);
      gradientTile(room.left, 32, packed + floats(k * inner), 32, inner, c0 + at, c1 + at, c2 + at, c3 + at, false);
    }
  }
}

/** sums[row] += Σ_k a[row, k] · b[k], k in [from, to): rows of b and of the sums are `columns` numbers long. */
function sumOverKeys(room: GradientRoom, a: usize, rows: i32, from: i32, to: i32, b: usize, columns: i32, sums: usize): void {
  const stride = floats(columns);
  for (let i = 0; i < rows; i += 4) {
    const left = min(4, rows - i);
    packRows(a + floats(i * SCORES + from), floats(SCORES), left, to - from, room.left);
    const c0 = sums + <usize>i * stride;
    const c1 = left > 1 ? c0 + stride : c0;
    const c2 = left > 2 ? c1 + stride : c1;
    const c3 = left > 3 ? c2 + stride : c2;
    for (let j: usize = 0; j < stride; j += 32)
      gradientTile(room.left, 32, b + <usize>from * stride + j, stride, to - from, c0 + j, c1 + j, c2 + j, c3 + j, true);
  }
}

/** sums[k] += Σ_row a[row, k] · b[row], k in [from, to), whole fours. */
function sumOverRows(a: usize, rows: i32, from: i32, to: i32, b: usize, columns: i32, sums: usize): void {
  const stride = floats(columns);
  for (let k = from; k < to; k += 4) {
    const c = sums + <usize>k * stride;
    for (let j: usize = 0; j < stride; j += 32)
      gradientTile(
        a + floats(k), floats(SCORES), b + j, stride, rows,
        c + j, c + stride + j, c + 2 * stride + j, c + 3 * stride + j, true,
      );
  }
}

/** One row: products q·k become weights of the values, gradients of the weights those of the products; 0 for keys that it does not see. */
function rowOf(task: AttentionTask, into: GradientTask, room: GradientRoom, row: i32, i: i32, origin: i32, from: i32, to: i32): void {
  const weights = room.weights + floats(i * SCORES);
  const products = room.products + floats(i * SCORES);
  const low = max(task.firstKey(row) - origin, from);
  const high = min(task.endKey(row) - origin, to);
  if (low >= high) {
    memory.fill(weights + floats(from), 0, floats(to - from));
    memory.fill(products + floats(from), 0, floats(to - from));
    return;
  }
  if (task.cap != 0) slopesOf(task, weights, room.slopes, low, high);
  adjust(task, row, weights + floats(low), origin + low, high - low);
  const logSum = splat(load<f32>(task.logSumOf(row)));
  // What the softmax takes from the gradient of every score: Σ p · dp.
  const mean = splat(dot(task.resultRow(row), into.y + (task.resultRow(row) - task.result), task.valueWidth));
  const first = task.firstProbability(row) + origin;
  for (let k = low; k < high; k += 4) {
    const at = floats(k);
    const score = v128.load(weights + at);
    const power = exp2(f32x4.mul(f32x4.sub(score, logSum), splat(LOG2E)));
    const hidden = f32x4.le(score, splat(HIDDEN / 2));
    const p = v128.andnot(power, hidden);
    let weight = p;
    let gradient = v128.load(products + at);
    if (task.dropKept != 0) {
      const kept = keptOf(first + k, task.dropKey, task.dropThreshold, task.dropKept);
      weight = f32x4.mul(p, kept);
      gradient = f32x4.mul(gradient, kept);
    }
    v128.store(weights + at, weight);
    v128.store(products + at, v128.andnot(f32x4.mul(p, f32x4.sub(gradient, mean)), hidden));
  }
  if (into.dBias) addToBias(task, into, row, products + floats(low), origin + low, high - low);
  for (let k = low; k < high; k += 4) {
    const at = floats(k);
    const slope = task.cap != 0 ? v128.load(room.slopes + at) : splat(task.scale);
    v128.store(products + at, f32x4.mul(v128.load(products + at), slope));
  }
  // The last vectors reached behind the keys.
  memory.fill(weights + floats(from), 0, floats(low - from));
  memory.fill(products + floats(from), 0, floats(low - from));
  memory.fill(weights + floats(high), 0, floats(to - high));
  memory.fill(products + floats(high), 0, floats(to - high));
}

function dot(a: usize, b: usize, count: i32): f32 {
  let sums = splat(0);
  let i: usize = 0;
  for (const vectors = floats(count & ~3); i < vectors; i += 16) sums = madd(v128.load(a + i), v128.load(b + i), sums);
  let total = sum(sums);
  for (const end = floats(count); i < end; i += 4) total += load<f32>(a + i) * load<f32>(b + i);
  return total;
}

/** d cap(scale · x) / dx = scale · (1 − tanh²). */
function slopesOf(task: AttentionTask, products: usize, slopes: usize, low: i32, high: i32): void {
  for (let k = low; k < high; k += 4) {
    const x = f32x4.mul(v128.load(products + floats(k)), splat(task.scale));
    const t = tanh(f32x4.div(x, splat(task.cap)));
    const slope = f32x4.mul(splat(task.scale), f32x4.sub(splat(1), f32x4.mul(t, t)));
    v128.store(slopes + floats(k), v128.and(slope, f32x4.eq(slope, slope))); // 0 for NaN, as in makeFinite
  }
}

function addToBias(task: AttentionTask, into: GradientTask, row: i32, gradients: usize, key: i32, count: i32): void {
  const head = <usize>(row % task.group);
  const query = <usize>(row / task.group);
  let to = into.dBias + head * task.biasHead + query * task.biasQuery + <usize>key * task.biasKey;
  for (let end = gradients + floats(count); gradients < end; gradients += 4, to += task.biasKey)
    store<f32>(to, load<f32>(to) + load<f32>(gradients));
}

function add(numbers: usize, to: usize, count: i32): void {
  let i: usize = 0;
  for (const vectors = floats(count & ~3); i < vectors; i += 16)
    v128.store(to + i, f32x4.add(v128.load(to + i), v128.load(numbers + i)));
  for (const end = floats(count); i < end; i += 4) store<f32>(to + i, load<f32>(to + i) + load<f32>(numbers + i));
}
