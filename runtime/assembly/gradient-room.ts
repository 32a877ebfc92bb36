import { floats } from './simd';

/** Rows and keys of what is computed at a time. */
export const BLOCK_ROWS: i32 = 32;
export const TILE_KEYS: i32 = 64;
/** Room behind a row of scores for the last vector of four that it begins. */
export const SCORES: i32 = TILE_KEYS + 8;

/** The scratch of `attentionGradient`: where its parts are, then the parts. */
@unmanaged
export class GradientRoom {
  /** The widths in whole tiles of 8: rows of that length follow each other in what is copied here. */
  columns: i32;
  valueColumns: i32;
  query: usize;
  dy: usize;
  dQuery: usize;
  key: usize;
  dKey: usize;
  dValue: usize;
  /** Weights of the values, and gradients of the products q·k, for rows and keys: [row][key]. */
  weights: usize;
  products: usize;
  /** Rows packed as the left side of a tile. */
  left: usize;
  /** Of one row, the derivatives of the scores by the products. */
  slopes: usize;
  /** Keys and values packed for `tile`. */
  keyPanels: usize;
  valuePanels: usize;

  layOut(width: i32, valueWidth: i32): void {
    this.columns = (width + 7) & ~7;
    this.valueColumns = (valueWidth + 7) & ~7;
    let free = changetype<usize>(this) + 64;
    this.query = free;
    this.dy = free += floats(BLOCK_ROWS * this.columns);
    this.dQuery = free += floats(BLOCK_ROWS * this.valueColumns);
    this.key = free += floats(BLOCK_ROWS * this.columns);
    this.dKey = free += floats(TILE_KEYS * this.columns);
    this.dValue = free += floats(TILE_KEYS * this.columns);
    this.weights = free += floats(TILE_KEYS * this.valueColumns);
    this.products = free += floats(BLOCK_ROWS * SCORES);
    this.left = free += floats(BLOCK_ROWS * SCORES);
    this.slopes = free += floats(8 * max(TILE_KEYS, max(width, valueWidth)));
    this.keyPanels = free += floats(SCORES);
    this.valuePanels = free += floats(TILE_KEYS * width);
  }
}

/** Bytes of scratch for one task. */
export function attentionGradientScratch(width: i32, valueWidth: i32): usize {
  const columns = (width + 7) & ~7;
  const valueColumns = (valueWidth + 7) & ~7;
  const copies = BLOCK_ROWS * (2 * columns + valueColumns) + TILE_KEYS * (2 * columns + valueColumns);
  const pairs = 2 * BLOCK_ROWS * SCORES + 8 * max(TILE_KEYS, max(width, valueWidth)) + SCORES;
  return 64 + floats(copies + pairs + TILE_KEYS * (width + valueWidth));
}
