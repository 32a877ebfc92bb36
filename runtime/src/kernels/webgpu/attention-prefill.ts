import type { TensorInfo } from '@tensorflow/tfjs';
import type { AttendAttributes } from '../attributes.js';
import { attentionCode, hasMask } from './attention-code.js';
import { type PrefillParts, prefillWithSubgroups, rowsOfQuad } from './attention-prefill-subgroups.js';
import {
  type AttentionOperands,
  type AttentionShape,
  attentionConstants,
  attentionFloats,
  attentionIntegers,
  attentionReads,
  spansOf,
} from './attention-shape.js';
import { skipMemory, skipTile } from './attention-skip.js';
import type { GpuBackend } from './backend.js';
import { dispatch } from './dispatch.js';
import { mostWorkgroups, rowsOperand, vectorType } from './kernel.js';
import { pairKey } from './pair-code.js';
import { precisionOf, storedCode } from './precision.js';
import { lanesOfSubgroup } from './subgroups.js';
import { vectorWriter } from './vectors.js';

/** Rows and keys of a tile: each of 64 threads has four rows and four keys of it. */
const tile = 32;

/**
 * Attention of many queries, in one dispatch without a [Tq, Tk] tensor: an online softmax over tiles of keys (Milakov and
 * Gimelshein 2018; Dao et al. 2022, algorithm 1), sums in float32. The portable form runs on every device: one workgroup has 32
 * rows of one key head, at most 14 KiB of workgroup memory, no subgroups. Where the device has subgroups, they do without that
 * memory (attention-prefill-subgroups.ts); where the precision is float16, it holds halves (precision.ts).
 */
export function attentionPrefill(
  operands: AttentionOperands,
  attributes: AttendAttributes,
  shape: AttentionShape,
  result: TensorInfo,
  logSums: TensorInfo | undefined,
  backend: GpuBackend,
): void {
  const { width, valueWidth, keyHeads, batch } = shape;
  const parts = {
    masked: hasMask(operands, attributes),
    sinks: operands[5] !== undefined,
    dropout: attributes.dropout !== undefined,
    logSums: logSums !== undefined,
  };
  const { lanes, block, halves } = formOf(shape, parts, backend.device);
  const spans = spansOf(attributes.visible, shape, block);
  const sizes = tileSizes(width, valueWidth, halves ? 16 : 8);
  dispatch(backend, {
    name: 'attention of many queries',
    subgroups: lanes !== undefined,
    halves,
    constants: { ...attentionConstants(shape, attributes), ...(lanes === undefined ? sizes : { LANES: lanes }) },
    reads: attentionReads(operands, spans.values, true),
    writes: { result: rowsOperand(result, valueWidth), ...(logSums ? { logSums: { of: logSums, as: 'f32' } } : {}) },
    integers: {
      ...attentionIntegers(shape, operands, attributes),
      ...{ blocks: spans.blocks, spanStride: spans.stride },
    },
    floats: attentionFloats(attributes),
    workgroups: [spans.blocks, keyHeads, batch],
    key: pairKey(attributes),
    code: () =>
      [
        attentionCode(shape, operands, attributes),
        vectorWriter('result', vectorType(valueWidth), 'VALUE_WIDTH'),
        lanes === undefined
          ? `${storedCode(halves)}\n${code(unrolled(sizes.COLUMNS), parts)}`
          : prefillWithSubgroups(shape, parts),
      ].join('\n'),
  });
}

/** Threads of a subgroup where it has the work, rows of a workgroup, whether its memory holds halves. */
function formOf(shape: AttentionShape, { dropout, logSums }: PrefillParts, device: GPUDevice) {
  // In training gradients make the probabilities again from log-sum-exp, which must be theirs.
  const halves = precisionOf(device) === 'float16' && !dropout && !logSums;
  const lanes = halves ? undefined : lanesOfSubgroup(device);
  const block = lanes === undefined ? tile : (lanes / 4) * rowsOfQuad(shape);
  // A workgroup of few rows needs many on one axis.
  if (shape.rows > block * mostWorkgroups) return { lanes: undefined, block: tile, halves };
  return { lanes, block, halves };
}

/** Up to `deepest` vectors of a row in workgroup memory at once, and values. The same memory holds first the ones, then the others. */
export function tileSizes(width: number, valueWidth: number, deepest = 8) {
  const depth = Math.min(deepest, Math.ceil(width / 4));
  const valueVectors = Math.ceil(valueWidth / 4);
  const room = Math.max(2 * tile * depth, 256);
  const slab = Math.min(tile, 2 ** Math.floor(Math.log2(Math.max(room / valueVectors, 1))));
  return { DEPTH: depth, SLAB: slab, ROOM: Math.max(room, slab * valueVectors), COLUMNS: Math.ceil(valueVectors / 8) };
}

/** Loops over a thread's rows, keys and columns of values, written out: the sums then are registers, and no array. */
export function unrolled(count: number) {
  const columns = (text: (column: number) => string) => Array.from({ length: count }, (_, i) => text(i)).join('\n');
  const all = (text: (column: number, i: number) => string) => columns((column) => four((i) => text(column, i)));
  return { columns, all };
}

export type Unrolled = ReturnType<typeof unrolled>;

export function four(text: (i: number) => string): string {
  return [0, 1, 2, 3].map(text).join('\n');
}

/** Σ weight · value of row i, in one column. */
export function sum(column: number, i: number): string {
  return `sum${column}_${i}`;
}

const code = ({ all, columns }: Unrolled, { masked, sinks, dropout, logSums }: PrefillParts) => `
const TILE = ${tile};

/** Queries and keys of a tile, vector by vector: [c][row], then [c][key]; or values: [key][c]. */
var<workgroup> room: array<Stored, ROOM>;
/** UNIT · exp(score − largest so far), [key][rows four by four]. */
var<workgroup> weights: array<Stored, TILE * 8>;
var<workgroup> largests: array<vec4f, 64>;
${masked ? skipMemory : ''}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  // Under a causal mask the last rows see most: they begin, so that the end is not left waiting for them.
  let block = uniforms.blocks - 1 - i32(group.x);
  let keyHead = i32(group.y);
  let batch = i32(group.z);
  let lane = i32(thread);
  let x = lane % 8; // has keys x, x + 8, x + 16, x + 24 of a tile and values' vectors x, x + 8, …
  let y = lane / 8; // has rows 4 y … 4 y + 3
  let span = spans[batch * uniforms.spanStride + block];
  let row0 = block * TILE;

  ${four((i) => `let own${i} = rowOf(batch, keyHead, row0 + 4 * y + ${i});`)}
  var largest = vec4f(UNSEEN);
  var sum = vec4f(0); // of this thread's own weights; all threads' are added at the end
  ${sinks ? sinkCode : ''}
  ${all((column, i) => `var ${sum(column, i)} = vec4f(0);`)}

  // The loop's bounds are the same for the whole workgroup: tiles that none of its rows sees are not visited.
  for (var key0 = span.x; key0 < span.y; key0 += TILE) {
    ${masked ? skipTile('key0', (i) => `own${i}`, 'key0 + x + 8 * j') : ''}
    ${four((j) => `var s${j} = vec4f(0);`)}
    for (var c0 = 0; c0 < WIDTH4; c0 += DEPTH) {
      for (var i = lane; i < TILE * DEPTH; i += 64) {
        let c = i % DEPTH;
        let at = i / DEPTH;
        if (c0 + c >= WIDTH4) { continue; }
        var q = vec4f(0);
        if (row0 + at < uniforms.rows) { q = queryAt(rowStart(rowOf(batch, keyHead, row0 + at), WIDTH_STEP), c0 + c); }
        room[c * TILE + at] = stored(q);
        var k = vec4f(0);
        if (key0 + at < span.y) { k = keyAt(keyStart(batch, keyHead, key0 + at), c0 + c); }
        room[(DEPTH + c) * TILE + at] = stored(k);
      }
      workgroupBarrier();
      for (var c = 0; c < min(DEPTH, WIDTH4 - c0); c++) {
        ${four((i) => `let q${i} = vec4f(room[c * TILE + 4 * y + ${i}]);`)}
        ${four(
          (j) => `
        let k${j} = vec4f(room[(DEPTH + c) * TILE + x + ${8 * j}]);
        s${j} += vec4f(dot(q0, k${j}), dot(q1, k${j}), dot(q2, k${j}), dot(q3, k${j}));`,
        )}
      }
      workgroupBarrier();
    }

    var top = largest;
    ${four(
      (j) => `
    let at${j} = key0 + x + ${8 * j};
    s${j} = vec4f(${[0, 1, 2, 3].map((i) => scoreOf(masked, j, i)).join(', ')});
    top = max(top, s${j});`,
    )}
    largests[8 * x + y] = top;
    workgroupBarrier();
    for (var i = 0; i < 8; i++) { top = max(top, largests[8 * i + y]); }
    let shrink = exp(largest - top);
    largest = top;
    sum *= shrink;
    // Not exp alone: where a row has seen no key, hidden ones are the largest.
    ${four(
      (j) => `
    s${j} = select(vec4f(0), exp(s${j} - largest), s${j} > vec4f(HIDDEN));
    sum += s${j};
    ${dropout ? `s${j} *= vec4f(kept(own0, at${j}), kept(own1, at${j}), kept(own2, at${j}), kept(own3, at${j}));` : ''}
    weights[8 * (x + ${8 * j}) + y] = stored(UNIT * s${j});`,
    )}
    ${all((column, i) => `${sum(column, i)} *= shrink[${i}];`)}

    for (var slab = 0; slab < TILE; slab += SLAB) {
      for (var i = lane; i < SLAB * VALUE4; i += 64) {
        let k = key0 + slab + i / VALUE4;
        // Rows of a cache that hold nothing yet may be anything, and 0 · NaN is NaN.
        var v = vec4f(0);
        if (k < span.y) { v = valueAt(valueStart(batch, keyHead, k), i % VALUE4); }
        room[i] = stored(v);
      }
      workgroupBarrier();
      for (var k = 0; k < SLAB; k++) {
        let weight = vec4f(weights[8 * (slab + k) + y]);
        ${columns((column) => `let v${column} = vec4f(room[min(k * VALUE4 + x + ${8 * column}, ROOM - 1)]);`)}
        ${all((column, i) => `${sum(column, i)} += weight[${i}] * v${column};`)}
      }
      workgroupBarrier();
    }
  }

  largests[8 * x + y] = sum;
  workgroupBarrier();
  var total = vec4f(0);
  for (var i = 0; i < 8; i++) { total += largests[8 * i + y]; }
  let factor = select(vec4f(0), 1 / total, total > vec4f(0)); // 0: the row sees no key
  ${logSums ? logSumCode : ''}
  ${all(
    (column, i) => `
  if (row0 + 4 * y + ${i} < uniforms.rows && x + ${8 * column} < VALUE4) {
    putResult(rowStart(own${i}, VALUE_STEP), x + ${8 * column}, ${sum(column, i)} * factor[${i}] / UNIT);
  }`,
  )}
}
`;

/** The score of row i of a thread and its key j; whether a mask shows the key was asked before. */
function scoreOf(masked: boolean, j: number, i: number): string {
  const of = `(s${j}[${i}], own${i}, at${j})`;
  return masked ? `select(UNSEEN, scoreOfSeen${of}, (seen & ${1 << (4 * j + i)}u) != 0)` : `score${of}`;
}

/** A sink takes part in the softmax like a key without a value (Xiao et al. 2024). */
const sinkCode = `
  largest = max(vec4f(sinks[own0.head], sinks[own1.head], sinks[own2.head], sinks[own3.head]), vec4f(UNSEEN));
  if (x == 0) { sum = select(vec4f(0), vec4f(1), largest > vec4f(HIDDEN)); }`;

const logSumCode = `
  if (x == 0) {
    let logSum = select(vec4f(0), largest + log(total), total > vec4f(0));
    ${four((i) => `if (row0 + 4 * y + ${i} < uniforms.rows) { logSums[rowStart(own${i}, 1)] = logSum[${i}]; }`)}
  }`;
