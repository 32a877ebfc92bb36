import { linear } from './linear';
import { floats, splat } from './simd';

// A routing says which experts the rows of a mixture go through. Each pair of a row and an expert that it chose has a slot; slots stand in
// the order of experts, and of one expert in that of rows, so that what an expert computes lies in one piece. For P pairs: [expert of each
// slot, row of each slot, slot of each pair (row by row, experts rising), share of each pair, a number for each expert].

/** shares [rows, experts] → the routing to the `top` largest of each row, of equal ones the first; NaN counts as the largest. */
export function routing(shares: usize, to: usize, rows: i32, experts: i32, top: i32): void {
  const pairs = rows * top;
  const chosen = to;
  const sources = chosen + floats(pairs);
  const slots = sources + floats(pairs);
  const weights = slots + floats(pairs);
  const counts = weights + floats(pairs);
  memory.fill(counts, 0, floats(experts));
  for (let row = 0, pair = 0; row < rows; row++, shares += floats(experts)) {
    const last = lastOf(shares, experts, top);
    const least = share(shares, last);
    for (let e = 0; e < experts; e++) {
      const own = share(shares, e);
      if (own < least || (own == least && e > last)) continue;
      store<i32>(slots + floats(pair), e);
      store<f32>(weights + floats(pair), load<f32>(shares + floats(e)));
      store<i32>(counts + floats(e), load<i32>(counts + floats(e)) + 1);
      pair++;
    }
  }
  for (let e = 0, before = 0; e < experts; e++) {
    const own = load<i32>(counts + floats(e));
    store<i32>(counts + floats(e), before);
    before += own;
  }
  for (let pair = 0; pair < pairs; pair++) {
    const e = load<i32>(slots + floats(pair));
    const slot = load<i32>(counts + floats(e));
    store<i32>(counts + floats(e), slot + 1);
    store<i32>(chosen + floats(slot), e);
    store<i32>(sources + floats(slot), pair / top);
    store<i32>(slots + floats(pair), slot);
  }
}

/** The expert with the `top`-th largest share. */
function lastOf(shares: usize, experts: i32, top: i32): i32 {
  let last = -1;
  let value: f32 = Infinity;
  for (; top > 0; top--) {
    let best = -1;
    let most: f32 = 0;
    for (let e = 0; e < experts; e++) {
      const own = share(shares, e);
      const isLeft = own < value || (own == value && e > last);
      if (!isLeft || (best >= 0 && own <= most)) continue;
      best = e;
      most = own;
    }
    last = best;
    value = most;
  }
  return last;
}

@inline function share(shares: usize, e: i32): f32 {
  const own = load<f32>(shares + floats(e));
  return own == own ? own : Infinity;
}

/** Whether each number of x [rows, width] is among the `top` largest of its row, in a byte; of equal ones the first are. */
export function inTop(x: usize, y: usize, rows: i32, width: i32, top: i32): void {
  for (; rows > 0; rows--, x += floats(width), y += <usize>width) {
    const last = lastOf(x, width, top);
    const least = share(x, last);
    for (let i = 0; i < width; i++) {
      const own = share(x, i);
      store<u8>(y + <usize>i, <u8>(own > least || (own == least && i <= last)));
    }
  }
}

/** The row of x [rows, width] that each slot has: y [pairs, width]. */
export function chosenRows(x: usize, routing: usize, y: usize, pairs: i32, width: i32): void {
  const sources = routing + floats(pairs);
  for (let slot = 0; slot < pairs; slot++, y += floats(width))
    memory.copy(y, x + <usize>load<i32>(sources + floats(slot)) * floats(width), floats(width));
}

/**
 * x [pairs, k], a row for each slot → y [pairs, n], each by the linear layer of its expert. `layers`: where the weight [n, k] of each expert
 * is, then its bias [n] or 0. The weights of an expert that nobody chose are not read. Columns [from, to) alone, as in `linear`.
 */
export function chosenLinear(
  x: usize, routing: usize, layers: usize, y: usize, pairs: i32, experts: i32, n: i32, k: i32, activation: i32,
  scratch: usize, from: i32, to: i32,
): void {
  for (let slot = 0; slot < pairs; ) {
    const e = load<i32>(routing + floats(slot));
    let end = slot + 1;
    while (end < pairs && load<i32>(routing + floats(end)) == e) end++;
    const weight = <usize>load<u32>(layers + floats(e));
    const bias = <usize>load<u32>(layers + floats(experts + e));
    const rows = end - slot;
    linear(x + <usize>slot * floats(k), weight, bias, 0, y + <usize>slot * floats(n), rows, n, k, activation, scratch, from, to);
    slot = end;
  }
}

/** `residual` [rows, width], which may be 0, plus Σ share · result over the pairs of each row: results [pairs, width] → y [rows, width]. */
export function mixedRows(
  results: usize, routing: usize, residual: usize, y: usize, rows: i32, top: i32, width: i32,
): void {
  const pairs = rows * top;
  const slots = routing + floats(2 * pairs);
  const weights = routing + floats(3 * pairs);
  const bytes = floats(width);
  const whole = bytes & ~15;
  for (let row = 0, pair = 0; row < rows; row++, y += bytes) {
    if (residual) memory.copy(y, residual + <usize>row * bytes, bytes);
    else memory.fill(y, 0, bytes);
    for (let i = 0; i < top; i++, pair++) {
      const weight = load<f32>(weights + floats(pair));
      const result = results + <usize>load<i32>(slots + floats(pair)) * bytes;
      let j: usize = 0;
      for (; j < whole; j += 16)
        v128.store(y + j, f32x4.add(v128.load(y + j), f32x4.mul(splat(weight), v128.load(result + j))));
      for (; j < bytes; j += 4) store<f32>(y + j, load<f32>(y + j) + weight * load<f32>(result + j));
    }
  }
}
