import { AttentionTask } from './attention-task';
import { dropWeights } from './dropout';
import { exp2, tanh } from './math';
import { first, floats, largest, splat, sum } from './simd';

/** The score of a key that is not seen: finite, because −∞ − −∞ is no number. */
export const HIDDEN: f32 = -1e30;
const LOG2E: f32 = 1.44269504;

/**
 * The scores of one row with keys [origin + from, origin + to) become weights exp(score − largest), in place; 0 for keys that the row does
 * not see. Largest, sum and the weighted values so far (`values`) are brought up to date.
 */
export function weigh(
  task: AttentionTask, row: i32, scores: usize, origin: i32, from: i32, to: i32, statistics: usize, values: usize,
): void {
  const low = max(task.firstKey(row) - origin, from);
  const high = min(task.endKey(row) - origin, to);
  if (low >= high) return memory.fill(scores + floats(from), 0, floats(to - from));
  memory.fill(scores + floats(from), 0, floats(low - from));
  memory.fill(scores + floats(high), 0, floats(to - high));

  const s = scores + floats(low);
  const end = scores + floats(high);
  const plain = isPlain(task);
  const unit = plain ? task.scale * LOG2E : LOG2E;
  if (!plain) adjust(task, row, s, origin + low, high - low);
  // The last vector may reach behind the keys: what lies there counts for nothing, here and as a weight.
  for (let p = end; p < end + 12; p += 4) if ((p - s) & 15) store<f32>(p, HIDDEN * 10);
    else break;

  let top = splat(HIDDEN * 10);
  for (let p = s; p < end; p += 16) top = f32x4.pmax(v128.load(p), top);
  const here = largest(top);
  // The mask hides them all; what the last vector has behind them is a weight of 0 too.
  if (!plain && here <= HIDDEN / 2) return memory.fill(s, 0, (end - s + 15) & ~15);
  const before = load<f32>(statistics);
  const most = max<f32>(before, here);
  const origins = splat(most);
  let total = splat(0);
  for (let p = s; p < end; p += 16) {
    const weight = exp2(f32x4.mul(f32x4.sub(v128.load(p), origins), splat(unit)));
    total = f32x4.add(total, weight);
    v128.store(p, weight);
  }
  const factor = first(exp2(splat((before - most) * unit)));
  if (factor != 1)
    for (let p = values, last = values + floats(task.columns); p < last; p += 16)
      v128.store(p, f32x4.mul(v128.load(p), splat(factor)));
  if (task.dropKept != 0) {
    const first = task.firstProbability(row) + origin + low;
    dropWeights(s, high - low, first, task.dropKey, task.dropThreshold, task.dropKept);
  }
  store<f32>(statistics, most);
  store<f32>(statistics, load<f32>(statistics, 4) * factor + sum(total), 4);
}

/** Whether scores are scale · q·k with nothing more: the scale then is part of the exponent. */
@inline export function isPlain(task: AttentionTask): bool {
  return !(task.bias | task.mask | task.sinks) && task.cap == 0 && task.scale > 0;
}

/** scale, then the cap, then what is added, on `count` scores from key `key` on. */
export function adjust(task: AttentionTask, row: i32, s: usize, key: i32, count: i32): void {
  const query = <usize>(row / task.group);
  const head = <usize>(row % task.group);
  scaled(s, count, task.scale, task.cap);
  if (task.bias) {
    const bias = task.bias + head * task.biasHead + query * task.biasQuery + <usize>key * task.biasKey;
    for (let p = s, i = count, b = bias; i > 0; p += 16, b += task.biasKey << 2, i -= 4)
      biased(p, four(b, task.biasKey, i));
  }
  if (task.mask) {
    const mask = task.mask + head * task.maskHead + query * task.maskQuery + <usize>key * task.maskKey;
    for (let p = s, i = count, b = mask; i > 0; p += 16, b += task.maskKey << 2, i -= 4)
      biased(p, four(b, task.maskKey, i));
  }
}

@inline function scaled(s: usize, count: i32, scale: f32, cap: f32): void {
  for (let p = s; count > 0; p += 16, count -= 4) {
    let v = f32x4.mul(v128.load(p), splat(scale));
    if (cap != 0) v = f32x4.mul(tanh(f32x4.div(v, splat(cap))), splat(cap));
    v128.store(p, v);
  }
}

/** Adds to four scores. Infinite ones become the largest and the smallest finite ones; −∞ hides the key, whatever its score is. */
@inline function biased(scores: usize, bias: v128): void {
  const sum = f32x4.add(v128.load(scores), bias);
  const within = f32x4.pmax(f32x4.pmin(sum, splat(-HIDDEN)), splat(HIDDEN));
  v128.store(scores, v128.bitselect(splat(HIDDEN), within, f32x4.lt(bias, splat(HIDDEN / 2))));
}

/** Four numbers of a tensor; of its last ones no more than `count`, because behind them the memory may end. */
@inline function four(at: usize, stride: usize, count: i32): v128 {
  if (stride == 0) return v128.load_splat<f32>(at);
  if (count >= 4) return v128.load(at);
  let v = v128.load_zero<f32>(at);
  if (count > 1) v = v128.load_lane<f32>(at, v, 1, 4);
  if (count > 2) v = v128.load_lane<f32>(at, v, 2, 8);
  return v;
}
