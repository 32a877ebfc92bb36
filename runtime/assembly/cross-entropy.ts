import { exp2, log } from './math';
import { first, floats, largest, splat, sum } from './simd';

const LOG2E: f32 = 1.44269504;

/**
 * For each row of `width` scores −log p of the class whose number is in `ids` (as float32), with `smoothing` of the target spread
 * over all classes.
 */
export function crossEntropy(scores: usize, ids: usize, losses: usize, rows: i32, width: i32, smoothing: f32): void {
  for (; rows > 0; rows--, scores += floats(width), ids += 4, losses += 4) {
    const most = largestOf(scores, width);
    const right = load<f32>(scores + floats(<i32>load<f32>(ids)));
    let loss = log(total(scores, width, most)) + <f32>(1.0 - smoothing) * (most - right);
    if (smoothing != 0) loss += smoothing * distance(scores, width, most);
    store<f32>(losses, loss);
  }
}

/** The gradient of the scores: (p − target) · dy, for the dy of each row. */
export function crossEntropyGradient(
  scores: usize, ids: usize, dy: usize, dScores: usize, rows: i32, width: i32, smoothing: f32,
): void {
  const end = floats(width);
  const whole = floats(width & ~3);
  const spread: f32 = smoothing / <f32>width;
  for (; rows > 0; rows--, scores += end, dScores += end, ids += 4, dy += 4) {
    const most = largestOf(scores, width);
    const d = load<f32>(dy);
    const factor: f32 = d / total(scores, width, most);
    let i: usize = 0;
    for (; i < whole; i += 16) {
      const p = f32x4.mul(powers(v128.load(scores + i), most), splat(factor));
      v128.store(dScores + i, f32x4.sub(p, splat(d * spread)));
    }
    for (; i < end; i += 4)
      store<f32>(dScores + i, first(powers(splat(load<f32>(scores + i)), most)) * factor - d * spread);
    const right = dScores + floats(<i32>load<f32>(ids));
    store<f32>(right, load<f32>(right) - d * <f32>(1.0 - smoothing));
  }
}

@inline function powers(scores: v128, most: f32): v128 {
  return exp2(f32x4.mul(f32x4.sub(scores, splat(most)), splat(LOG2E)));
}

function largestOf(x: usize, width: i32): f32 {
  let most = splat(load<f32>(x));
  const end = x + floats(width);
  for (const whole = x + floats(width & ~3); x < whole; x += 16) most = f32x4.max(most, v128.load(x));
  let result = largest(most);
  for (; x < end; x += 4) result = max<f32>(result, load<f32>(x));
  return result;
}

/** Σ exp(x − most). */
function total(x: usize, width: i32, most: f32): f32 {
  let all = splat(0);
  const end = x + floats(width);
  for (const whole = x + floats(width & ~3); x < whole; x += 16) all = f32x4.add(all, powers(v128.load(x), most));
  let result = sum(all);
  for (; x < end; x += 4) result += first(powers(splat(load<f32>(x)), most));
  return result;
}

/** The mean of most − x. */
function distance(x: usize, width: i32, most: f32): f32 {
  let all: f64 = 0;
  for (const end = x + floats(width); x < end; x += 4) all += <f64>(most - load<f32>(x));
  return <f32>(all / <f64>width);
}
