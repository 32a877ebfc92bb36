import { epilogue } from './epilogue';
import { NONE } from './math';
import { packColumns, packLeft, packLeftColumns, packRows } from './pack';
import { packedRow, packedTile } from './packed-tile';
import { dots } from './row';
import { first, floats } from './simd';

/**
 * Rows of x that share a panel, and inner indices of a panel, are chosen so that the panel stays in the first cache and
 * the rows in the second.
 */
const PANEL_INNER: i32 = 768;
const BLOCK_ROWS: i32 = 256;
const PANEL_BYTES: usize = (<usize>PANEL_INNER) << 5;
const EDGE_BYTES: usize = 192;

/** Bytes of scratch for `linear` and `product`: a panel of 8 columns, a tile and bias at a ragged right edge, packed rows. */
export function linearScratch(): usize {
  return PANEL_BYTES + EDGE_BYTES + floats(BLOCK_ROWS * PANEL_INNER);
}

/**
 * y [m, n] = activation(x [m, k] · Wᵀ + bias) + residual, for W [n, k] as the spec has it, kept once: a panel is packed from 8 of
 * its rows just before all rows of x use it. `bias` [n] and `residual` [m, n] may be 0. Columns [from, to) alone;
 * `from` a multiple of 8, so that threads can share the work.
 */
export function linear(
  x: usize, w: usize, bias: usize, residual: usize, y: usize, m: i32, n: i32, k: i32, activation: i32,
  scratch: usize, from: i32, to: i32,
): void {
  if (m < 4) rows(x, w, bias, residual, y, m, n, k, activation, from, to);
  else blocks(x, w, floats(k), true, bias, residual, y, m, n, k, activation, scratch, from, to);
}

/** y [m, n] = a [m, k] · b [k, n]; columns [from, to) alone, as in `linear`. */
export function product(
  a: usize, b: usize, y: usize, m: i32, n: i32, k: i32, scratch: usize, from: i32, to: i32,
): void {
  blocks(a, b, floats(n), false, 0, 0, y, m, n, k, NONE, scratch, from, to);
}

/** y [m, n] = aᵀ · b for a [k, m] and b [k, n], the gradient of a weight; columns [from, to) alone, as in `linear`. */
export function productOfRows(
  a: usize, b: usize, y: usize, m: i32, n: i32, k: i32, scratch: usize, from: i32, to: i32,
): void {
  blocks(a, b, floats(n), false, 0, 0, y, m, n, k, NONE, scratch, from, to, true);
}

/**
 * Few rows, decoding: four rows of W at a time, for all rows of x while they are in the first cache. The four are a quarter
 * of W apart: four long streams from memory, which the processor's prefetching follows to their end. Neighbouring rows are
 * streams of a few kilobytes that begin again and again, at half the bandwidth.
 */
function rows(
  x: usize, w: usize, bias: usize, residual: usize, y: usize, m: i32, n: i32, k: i32, activation: i32,
  from: i32, to: i32,
): void {
  const stride = floats(k);
  const quarter = (to - from) >> 2;
  const apart = <usize>quarter * stride;
  const step = floats(quarter);
  for (let j = from; j < from + quarter; j++) {
    const w0 = w + <usize>j * stride;
    for (let i = 0; i < m; i++) {
      const products = dots(x + <usize>i * stride, w0, w0 + apart, w0 + 2 * apart, w0 + 3 * apart, k);
      const target = y + floats(i * n + j);
      store<f32>(target, f32x4.extract_lane(products, 0));
      store<f32>(target + step, f32x4.extract_lane(products, 1));
      store<f32>(target + 2 * step, f32x4.extract_lane(products, 2));
      store<f32>(target + 3 * step, f32x4.extract_lane(products, 3));
    }
  }
  // What four do not divide.
  for (let j = from + 4 * quarter; j < to; j++) {
    const w0 = w + <usize>j * stride;
    for (let i = 0; i < m; i++) store<f32>(y + floats(i * n + j), first(dots(x + <usize>i * stride, w0, w0, w0, w0, k)));
  }
  if (bias | residual | <usize>activation) {
    const at = floats(from);
    epilogue(y + at, floats(n), m, to - from, bias ? bias + at : 0, residual ? residual + at : 0, activation);
  }
}

/**
 * Blocks of rows and inner indices; in each, panel by panel. `b` has rows of panels (`transposed`) or their columns, `a` rows or,
 * where it is `turned`, their columns.
 */
function blocks(
  a: usize, b: usize, strideB: usize, transposed: bool, bias: usize, residual: usize, y: usize, m: i32, n: i32, k: i32,
  activation: i32, scratch: usize, from: i32, to: i32, turned: bool = false,
): void {
  const strideA = floats(turned ? m : k);
  const strideY = floats(n);
  const edge = scratch + PANEL_BYTES;
  const left = edge + EDGE_BYTES;
  for (let m0 = 0; m0 < m; m0 += BLOCK_ROWS) {
    const m1 = min(m, m0 + BLOCK_ROWS);
    for (let k0 = 0; k0 < k; k0 += PANEL_INNER) {
      const inner = min(PANEL_INNER, k - k0);
      const last = k0 + inner == k;
      for (let i = m0, packed = left; i < m1; i += 4, packed += floats(4 * inner))
        if (turned) packLeftColumns(a + <usize>k0 * strideA + floats(i), strideA, min(4, m1 - i), inner, packed);
        else packLeft(a + <usize>i * strideA + floats(k0), strideA, min(4, m1 - i), inner, packed);
      for (let j = from; j < to; j += 8) {
        const columns = min(8, to - j);
        if (transposed) packRows(b + <usize>j * strideB + floats(k0), strideB, columns, inner, scratch);
        else packColumns(b + <usize>k0 * strideB + floats(j), strideB, columns, inner, scratch);
        for (let i = m0, rows = left; i < m1; i += 4, rows += floats(4 * inner)) {
          const count = min(4, m1 - i);
          const c = y + <usize>i * strideY + floats(j);
          if (columns == 8)
            rowsTimesPanel(rows, count, scratch, inner, c, strideY, k0 > 0, bias ? bias + floats(j) : 0);
          else {
            // At a ragged right edge the tile is computed beside y, which has no room for 8 columns there.
            if (k0 > 0) copyRows(c, strideY, edge, 32, count, columns);
            else if (bias) memory.copy(edge + 128, bias + floats(j), floats(columns));
            rowsTimesPanel(rows, count, scratch, inner, edge, 32, k0 > 0, bias ? edge + 128 : 0);
            copyRows(edge, 32, c, strideY, count, columns);
          }
        }
        if (last && residual | <usize>activation) {
          const offset = <usize>m0 * strideY + floats(j);
          epilogue(y + offset, strideY, m1 - m0, columns, 0, residual ? residual + offset : 0, activation);
        }
      }
    }
  }
}

/** A tile of up to 4 rows; missing ones are the last again, and write what it writes. */
@inline function rowsTimesPanel(
  a: usize, count: i32, panel: usize, inner: i32, c0: usize, strideC: usize, accumulate: bool, bias: usize,
): void {
  if (count == 1) return packedRow(a, panel, inner, c0, accumulate, bias);
  const c1 = c0 + strideC;
  const c2 = count > 2 ? c1 + strideC : c1;
  const c3 = count > 3 ? c2 + strideC : c2;
  packedTile(a, panel, inner, c0, c1, c2, c3, accumulate, bias);
}

function copyRows(from: usize, strideFrom: usize, to: usize, strideTo: usize, rows: i32, columns: i32): void {
  for (; rows > 0; rows--, from += strideFrom, to += strideTo) memory.copy(to, from, floats(columns));
}
