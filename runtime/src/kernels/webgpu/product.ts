import type { TensorInfo } from '@tensorflow/tfjs';
import type { ProductOfRowsAttributes } from '../attributes.js';
import type { GpuBackend } from './backend.js';
import { dispatch } from './dispatch.js';
import { elementsOf, rowsOf, rowsOperand, vectorType, type WebGpuKernel } from './kernel.js';
import { vectorReader, vectorWriter } from './vectors.js';

/** [a [.., k], b [k, n]] → a · b [.., n]. */
export const product: WebGpuKernel<object> = ([a, b], _, backend) => {
  const { rows, width } = rowsOf(a!);
  const columns = b!.shape[1]!;
  const y = backend.makeTensorInfo([...a!.shape.slice(0, -1), columns], 'float32');
  sumProducts({ a: a!, b: b!, y, sums: undefined, rows, columns, inner: width, transposed: false }, backend);
  return y;
};

/** [a [.., m], b [.., n]] → aᵀ · b [m, n], summed over all rows, and where they are wanted the sums of the columns of a [m]. */
export const productOfRows: WebGpuKernel<ProductOfRowsAttributes> = ([a, b], { withSums }, backend) => {
  const { rows: inner, width: rows } = rowsOf(a!);
  const columns = rowsOf(b!).width;
  const y = backend.makeTensorInfo([rows, columns], 'float32');
  const sums = withSums ? backend.makeTensorInfo([rows], 'float32') : undefined;
  sumProducts({ a: a!, b: b!, y, sums, rows, columns, inner, transposed: true }, backend);
  return sums ? [y, sums] : [y];
};

interface Product {
  /** [rows, inner], or [inner, rows] where `transposed`. */
  readonly a: TensorInfo;
  /** [inner, columns] */
  readonly b: TensorInfo;
  readonly y: TensorInfo;
  readonly sums: TensorInfo | undefined;
  readonly rows: number;
  readonly columns: number;
  readonly inner: number;
  readonly transposed: boolean;
}

/** Inner indices in workgroup memory at once. */
const depth = 16;

/**
 * A tiled product by outer products, for which the inner axis of b comes first: each of 64 threads has `side` × `side` numbers
 * of a tile of (8 · side)², in registers.
 */
function sumProducts({ a, b, y, sums, rows, columns, inner, transposed }: Product, backend: GpuBackend): void {
  // As in linear-many-rows.ts: large tiles read least, small ones give enough workgroups for a device.
  const side = Math.ceil(rows / 64) * Math.ceil(columns / 64) >= 256 ? 8 : 4;
  const tile = 8 * side;
  const widthOfA = transposed ? rows : inner;
  dispatch(backend, {
    name: transposed ? 'product of rows' : 'product',
    constants: { TILE: tile, SUMS: Number(sums !== undefined) },
    reads: { a: rowsOperand(a, widthOfA), b: rowsOperand(b, columns) },
    writes: { y: rowsOperand(y, columns), ...(sums ? { sums: { of: sums, as: 'f32' as const } } : {}) },
    integers: {
      ...{ rows, columns, inner, widthOfA },
      ...{ stepOfA: elementsOf(widthOfA, widthOfA), stepOfB: elementsOf(columns, columns) },
    },
    workgroups: [Math.ceil(columns / tile), Math.ceil(rows / tile), 1],
    code: () =>
      [
        vectorReader('a', vectorType(widthOfA), 'uniforms.widthOfA'),
        vectorReader('b', vectorType(columns), 'uniforms.columns'),
        vectorWriter('y', vectorType(columns), 'uniforms.columns'),
        code(side / 4, transposed, sums !== undefined),
      ].join('\n'),
  });
}

/** `parts`: 1 or 2 vectors of four rows, and as many of four columns, for each thread. */
const code = (parts: number, transposed: boolean, withSums: boolean) => {
  const each = (count: number, text: (i: number) => string) =>
    Array.from({ length: count }, (_, i) => text(i)).join('\n');
  const pairs = (text: (row: number, column: number) => string) =>
    each(4 * parts, (row) => each(parts, (column) => text(row, column)));
  return `
const DEPTH = ${depth};
const VECTORS = TILE / 4;

/** Rows of the tile in fours for each inner index, and columns in fours: [inner][four]. */
var<workgroup> left: array<vec4f, DEPTH * VECTORS>;
var<workgroup> right: array<vec4f, DEPTH * VECTORS>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let lane = i32(thread);
  let px = lane % 8; // has columns 4 px … 4 px + 3 of each 32
  let py = lane / 8; // has rows 4 py … 4 py + 3 of each 32
  let row0 = i32(group.y) * TILE;
  let column0 = i32(group.x) * TILE;
  ${pairs((row, column) => `var sum${row}_${column} = vec4f(0);`)}
  ${each(withSums ? parts : 0, (part) => `var ofRows${part} = vec4f(0);`)}
  for (var k0 = 0; k0 < uniforms.inner; k0 += DEPTH) {
    ${transposed ? loadLeftTransposed : loadLeft}
    for (var i = lane; i < DEPTH * VECTORS; i += 64) {
      let k = k0 + i / VECTORS;
      let column = column0 + 4 * (i % VECTORS);
      var v = vec4f(0);
      if (k < uniforms.inner && column < uniforms.columns) { v = bAt(k * uniforms.stepOfB, column / 4); }
      right[i] = v;
    }
    workgroupBarrier();
    for (var k = 0; k < DEPTH; k++) {
      ${each(parts, (part) => `let a${part} = left[k * VECTORS + py + ${8 * part}];`)}
      ${each(parts, (part) => `let b${part} = right[k * VECTORS + px + ${8 * part}];`)}
      ${pairs((row, column) => `sum${row}_${column} += a${row >> 2}[${row % 4}] * b${column};`)}
      ${each(withSums ? parts : 0, (part) => `ofRows${part} += a${part};`)}
    }
    workgroupBarrier();
  }
  ${pairs(
    (row, column) => `
  if (row0 + ${rowOfThread(row)} < uniforms.rows && column0 + 4 * px + ${32 * column} < uniforms.columns) {
    putY((row0 + ${rowOfThread(row)}) * uniforms.stepOfB, column0 / 4 + px + ${8 * column}, sum${row}_${column});
  }`,
  )}
  ${withSums ? each(4 * parts, writeSum) : ''}
}
`;
};

const rowOfThread = (row: number) => `4 * py + ${32 * (row >> 2) + (row % 4)}`;

const writeSum = (row: number) => `
  if (column0 == 0 && px == 0 && row0 + ${rowOfThread(row)} < uniforms.rows) {
    sums[row0 + ${rowOfThread(row)}] = ofRows${row >> 2}[${row % 4}];
  }`;

/** a is [inner, rows]: four rows of the tile are side by side. */
const loadLeftTransposed = `
    for (var i = lane; i < DEPTH * VECTORS; i += 64) {
      let k = k0 + i / VECTORS;
      let row = row0 + 4 * (i % VECTORS);
      var v = vec4f(0);
      if (k < uniforms.inner && row < uniforms.rows) { v = aAt(k * uniforms.stepOfA, row / 4); }
      left[i] = v;
    }`;

/** a is [rows, inner]: four inner indices of four rows are turned about. */
const loadLeft = `
    for (var i = lane; i < DEPTH / 4 * VECTORS; i += 64) {
      let c = i % (DEPTH / 4);
      let four = i / (DEPTH / 4);
      var m = mat4x4f();
      for (var j = 0; j < 4; j++) {
        let row = row0 + 4 * four + j;
        if (k0 + 4 * c < uniforms.inner && row < uniforms.rows) { m[j] = aAt(row * uniforms.stepOfA, k0 / 4 + c); }
      }
      m = transpose(m);
      for (var j = 0; j < 4; j++) { left[(4 * c + j) * VECTORS + four] = m[j]; }
    }`;
