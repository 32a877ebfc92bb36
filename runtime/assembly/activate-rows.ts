import { activate, GELU, GELU_TANH, gelu, geluTanh, RELU, relu, SILU, silu } from './math';
import { first, floats, splat } from './simd';

// Activations as types, so that a loop is compiled for each. No class extends another: methods would then be found at run time.
@unmanaged
class Nothing {
  @inline of(x: v128): v128 { return x; }
}
@unmanaged
class Gelu {
  @inline of(x: v128): v128 { return gelu(x); }
}
@unmanaged
class GeluTanh {
  @inline of(x: v128): v128 { return geluTanh(x); }
}
@unmanaged
class Silu {
  @inline of(x: v128): v128 { return silu(x); }
}
@unmanaged
class Relu {
  @inline of(x: v128): v128 { return relu(x); }
}

/** y = activation(x) on `rows` × `columns`, both at least 1, whose rows are `stride` bytes apart; y may be x. */
export function activateRows(x: usize, y: usize, stride: usize, rows: i32, columns: i32, activation: i32): void {
  const whole = floats(columns & ~3);
  if (columns & 3) lastColumns(x + whole, y + whole, stride, rows, floats(columns & 3), activation);
  if (!whole) return;
  if (activation == GELU) wholeVectors<Gelu>(x, y, stride, rows, whole);
  else if (activation == GELU_TANH) wholeVectors<GeluTanh>(x, y, stride, rows, whole);
  else if (activation == SILU) wholeVectors<Silu>(x, y, stride, rows, whole);
  else if (activation == RELU) wholeVectors<Relu>(x, y, stride, rows, whole);
  else wholeVectors<Nothing>(x, y, stride, rows, whole);
}

/**
 * The exits are at the ends of the loops: V8 then makes the constants once, in front of both. Where it made those of all activations for each
 * row of a tile, that was most of what an epilogue cost.
 */
function wholeVectors<T>(x: usize, y: usize, stride: usize, rows: i32, whole: usize): void {
  do {
    let j: usize = 0;
    do {
      v128.store(y + j, changetype<T>(0).of(v128.load(x + j)));
      j += 16;
    } while (j < whole);
    x += stride;
    y += stride;
  } while (--rows);
}

function lastColumns(x: usize, y: usize, stride: usize, rows: i32, end: usize, activation: i32): void {
  for (; rows > 0; rows--, x += stride, y += stride)
    for (let j: usize = 0; j < end; j += 4) store<f32>(y + j, first(activate(splat(load<f32>(x + j)), activation)));
}
