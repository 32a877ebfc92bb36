import type { TensorInfo } from '@tensorflow/tfjs';
import type { AttendAttributes } from '../attributes.js';
import { attentionCode, hasMask } from './attention-code.js';
import { combineSplits } from './attention-combine.js';
import { decodeWithSubgroups } from './attention-decode-subgroups.js';
import {
  type AttentionOperands,
  type AttentionShape,
  attentionConstants,
  attentionFloats,
  attentionIntegers,
  attentionReads,
  spansOf,
} from './attention-shape.js';
import type { GpuBackend } from './backend.js';
import { dispatch } from './dispatch.js';
import { vectorType } from './kernel.js';
import { pairKey } from './pair-code.js';
import { lanesOfSubgroup } from './subgroups.js';

/** Keys of a split: one for each thread of a workgroup. */
const keys = 64;

/**
 * Attention of few queries: there are too few of them to keep a device busy, so the keys are split over workgroups, and a
 * second dispatch puts their sums together (flash decoding, Dao et al. 2023). Reads the first rows of a cache in place. Its portable
 * form takes at most 15 KiB of workgroup memory; where the device has subgroups it takes none (attention-decode-subgroups.ts).
 */
export function attentionDecode(
  operands: AttentionOperands,
  attributes: AttendAttributes,
  shape: AttentionShape,
  result: TensorInfo,
  backend: GpuBackend,
): void {
  const { width, valueWidth, rows, keyHeads, batch } = shape;
  const block = Math.min(rows, Math.max(Math.floor(1024 / (4 * Math.ceil(width / 4))), 1), 8);
  const spans = spansOf(attributes.visible, shape, block);
  const splits = Math.max(Math.ceil(spans.longest / keys), 1);
  // tfjs's pool is keyed by size: room for a power of two makes few sizes of a sequence that grows.
  const room = 2 ** Math.ceil(Math.log2(splits));
  const sums = backend.makeTensorInfo([batch * keyHeads * rows, room, valueWidth], 'float32');
  const stats = backend.makeTensorInfo([batch * keyHeads * rows, room, 2], 'float32');
  const lanes = lanesOfSubgroup(backend.device);
  const masked = hasMask(operands, attributes);
  dispatch(backend, {
    name: 'attention of few queries',
    subgroups: lanes !== undefined,
    constants: { ...attentionConstants(shape, attributes), ROWS: block, LANES: lanes ?? lanesFor(valueWidth) },
    reads: attentionReads(operands, spans.values, false),
    writes: {
      sums: { of: sums, as: lanes === undefined ? 'f32' : vectorType(valueWidth) },
      stats: { of: stats, as: 'vec2f' },
    },
    integers: {
      ...attentionIntegers(shape, operands, attributes),
      ...{ blocks: spans.blocks, spanStride: spans.stride, room },
    },
    floats: attentionFloats(attributes),
    workgroups: [splits, keyHeads * spans.blocks, batch],
    key: pairKey(attributes),
    code: () =>
      [
        attentionCode(shape, operands, attributes),
        lanes === undefined ? code(masked) : decodeWithSubgroups({ rows: block, keys, lanes, valueWidth, masked }),
      ].join('\n'),
  });
  combineSplits({ sums, stats, sinks: operands[5], splits, room }, shape, result, backend);
  for (const { dataId } of [sums, stats]) backend.disposeData(dataId);
}

/** Threads beside each other that read a row of values: a power of two that is enough for its vectors of four numbers. */
function lanesFor(valueWidth: number): number {
  return 2 ** Math.ceil(Math.log2(Math.ceil(valueWidth / 4)));
}

const code = (masked: boolean) => `
const KEYS = ${keys};

/** Σ over parts of a row: [row][key][part], then [part of the keys][row][number]. */
var<workgroup> parts: array<f32, 4 * KEYS * ROWS>;
var<workgroup> queries: array<vec4f, ROWS * WIDTH4>;
/** Scores, then exp(score − largest): [row][key]. */
var<workgroup> weights: array<f32, ROWS * KEYS>;
/** Largest scores, then sums of weights, of eighths of the keys: [row][eighth]. */
var<workgroup> eighths: array<f32, ROWS * 8>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let lane = i32(thread);
  let batch = i32(group.z);
  let keyHead = i32(group.y) / uniforms.blocks;
  let block = i32(group.y) % uniforms.blocks;
  let row0 = block * ROWS;
  let span = spans[batch * uniforms.spanStride + block];
  let key0 = span.x + i32(group.x) * KEYS;

  for (var i = lane; i < ROWS * WIDTH4; i += 64) {
    let r = row0 + i / WIDTH4;
    var q = vec4f(0);
    if (r < uniforms.rows) { q = queryAt(rowStart(rowOf(batch, keyHead, r), WIDTH_STEP), i % WIDTH4); }
    queries[i] = q;
  }
  workgroupBarrier();

  // Four threads for each key, so that what they read lies beside each other.
  let part = lane % 4;
  for (var k = lane / 4; k < KEYS; k += 16) {
    var products = array<f32, ROWS>();
    let isRead = key0 + k < span.y${masked ? ' && isSeenByAny(batch, keyHead, row0, key0 + k)' : ''};
    if (isRead) {
      let start = keyStart(batch, keyHead, key0 + k);
      for (var c = part; c < WIDTH4; c += 4) {
        let v = keyAt(start, c);
        for (var r = 0; r < ROWS; r++) { products[r] += dot(queries[r * WIDTH4 + c], v); }
      }
    }
    for (var r = 0; r < ROWS; r++) { parts[(r * KEYS + k) * 4 + part] = products[r]; }
  }
  workgroupBarrier();

  // One thread for each key.
  for (var r = 0; r < ROWS; r++) {
    let at = (r * KEYS + lane) * 4;
    let product = parts[at] + parts[at + 1] + parts[at + 2] + parts[at + 3];
    weights[r * KEYS + lane] = score(product, rowOf(batch, keyHead, row0 + r), key0 + lane);
  }
  workgroupBarrier();
  let eighth = (lane / 8) * KEYS + (lane % 8) * 8; // of row lane / 8
  if (lane < 8 * ROWS) {
    var largest = UNSEEN;
    for (var i = 0; i < 8; i++) { largest = max(largest, weights[eighth + i]); }
    eighths[lane] = largest;
  }
  workgroupBarrier();
  for (var r = 0; r < ROWS; r++) {
    let s = weights[r * KEYS + lane];
    weights[r * KEYS + lane] = select(0.0, exp(s - largestOf(r)), s > HIDDEN);
  }
  var largest = UNSEEN;
  if (lane < ROWS) { largest = largestOf(lane); }
  workgroupBarrier();
  if (lane < 8 * ROWS) {
    var sum = 0.0;
    for (var i = 0; i < 8; i++) { sum += weights[eighth + i]; }
    eighths[lane] = sum;
  }

  // LANES threads for each value row, and as many rows at once as there are threads.
  let c = lane % LANES;
  var found = array<vec4f, ROWS>();
  for (var k = lane / LANES; k < KEYS; k += 64 / LANES) {
    if (key0 + k >= span.y || c >= VALUE4${masked ? ' || !isWeighed(k)' : ''}) { continue; }
    let v = valueAt(valueStart(batch, keyHead, key0 + k), c);
    for (var r = 0; r < ROWS; r++) { found[r] += weights[r * KEYS + k] * v; }
  }
  for (var r = 0; r < ROWS; r++) {
    let at = ((lane / LANES * ROWS + r) * LANES + c) * 4;
    for (var i = 0; i < 4; i++) { parts[at + i] = found[r][i]; }
  }
  workgroupBarrier();

  let first = (batch * uniforms.keyHeads + keyHead) * uniforms.rows + row0;
  let split = i32(group.x);
  for (var i = lane; i < ROWS * VALUE_WIDTH; i += 64) {
    let r = i / VALUE_WIDTH;
    let n = i % VALUE_WIDTH;
    if (row0 + r >= uniforms.rows) { continue; }
    var sum = 0.0;
    for (var p = 0; p < 64 / LANES; p++) { sum += parts[(p * ROWS + r) * LANES * 4 + n]; }
    sums[((first + r) * uniforms.room + split) * VALUE_WIDTH + n] = sum;
  }
  if (lane < ROWS && row0 + lane < uniforms.rows) {
    var sum = 0.0;
    for (var i = 0; i < 8; i++) { sum += eighths[lane * 8 + i]; }
    stats[(first + lane) * uniforms.room + split] = vec2f(largest, sum);
  }
}

fn largestOf(r: i32) -> f32 {
  var largest = UNSEEN;
  for (var i = 0; i < 8; i++) { largest = max(largest, eighths[r * 8 + i]); }
  return largest;
}
${masked ? maskedCode : ''}
`;

/** Keys that a mask hides from all rows are not read. */
const maskedCode = `
fn isSeenByAny(batch: i32, keyHead: i32, row0: i32, k: i32) -> bool {
  for (var r = 0; r < ROWS; r++) { if (isSeen(rowOf(batch, keyHead, row0 + r), k)) { return true; } }
  return false;
}

fn isWeighed(k: i32) -> bool {
  for (var r = 0; r < ROWS; r++) { if (weights[r * KEYS + k] > 0) { return true; } }
  return false;
}`;
