import type { AttendAttributes } from '../attributes.js';
import type { AttentionOperands, AttentionShape } from './attention-shape.js';
import { vectorType } from './kernel.js';
import { vectorReader } from './vectors.js';

/** WGSL that all kernels of attention share: where rows lie, and what becomes of a product q·k. */
export function attentionCode(
  { width, valueWidth }: AttentionShape,
  operands: AttentionOperands,
  { dropout }: AttendAttributes,
): string {
  const [, , , bias, mask] = operands;
  const [wide, valueWide] = [vectorType(width), vectorType(valueWidth)];
  return `
const WIDTH4 = (WIDTH + 3) / 4; // vectors of four numbers in a row
const VALUE4 = (VALUE_WIDTH + 3) / 4;
const UNSEEN = -1e30; // the score of a hidden key: finite, because shaders may be compiled as if there were no infinity
const HIDDEN = -5e29; // scores below belong to hidden keys

${dropout ? keptCode : ''}
${vectorReader('query', wide, 'WIDTH')}
${vectorReader('key', wide, 'WIDTH')}
${vectorReader('value', valueWide, 'VALUE_WIDTH')}

/** Row r of a key head's problem is query r / group of head r % group. */
struct Row { batch: i32, query: i32, head: i32, span: vec2i }

fn rowOf(batch: i32, keyHead: i32, r: i32) -> Row {
  var row = Row(batch, r / uniforms.group, keyHead * uniforms.group + r % uniforms.group, vec2i(0));
  if (r < uniforms.rows) { row.span = spans[batch * uniforms.spanStride + uniforms.blocks + row.query]; }
  return row;
}

/** Where a row of [B, Tq, H, ..] begins, step elements behind the one before. */
fn rowStart(row: Row, step: i32) -> i32 {
  return ((row.batch * uniforms.queries + row.query) * uniforms.heads + row.head) * step;
}

fn keyStart(batch: i32, keyHead: i32, k: i32) -> i32 {
  return batch * uniforms.keyBatch + keyHead * uniforms.keyHead + k * uniforms.keyRow;
}

fn valueStart(batch: i32, keyHead: i32, k: i32) -> i32 {
  return batch * uniforms.valueBatch + keyHead * uniforms.valueHead + k * uniforms.valueRow;
}

/** cap(scale · q·k) + bias, or UNSEEN where the intervals or the mask hide the key. */
fn score(product: f32, row: Row, k: i32) -> f32 {
  if (k < row.span.x || k >= row.span.y) { return UNSEEN; }
  var s = product * uniforms.scale;
  // tanh is 1 long before 15; some implementations overflow far behind it.
  if (CAPPED == 1) { s = uniforms.cap * tanh(clamp(s / uniforms.cap, -15.0, 15.0)); }
  ${bias ? `s = clamp(s + bias[${index('bias')}], UNSEEN, -UNSEEN);` : ''}
  ${mask ? maskCode : ''}
  return s;
}`;
}

function index(name: string): string {
  const at = (axis: string, of: string) => `${of} * uniforms.${name}${axis}`;
  return [
    `uniforms.${name}From`,
    at('Batch', 'row.batch'),
    at('Head', 'row.head'),
    at('Query', 'row.query'),
    at('Key', 'k'),
  ].join(' + ');
}

const maskCode = `
  let added = mask[${index('mask')}];
  if (added < HIDDEN) { return UNSEEN; }
  s += added;`;

/** The mask of kernels/counter-mask.ts. */
const keptCode = `
fn mixed(value: u32) -> u32 {
  var x = value;
  x = (x ^ (x >> 16)) * 0x7feb352du;
  x = (x ^ (x >> 15)) * 0x846ca68bu;
  return x ^ (x >> 16);
}

/** What dropout multiplies a probability by. */
fn kept(row: Row, k: i32) -> f32 {
  let rowInAll = (row.batch * uniforms.heads + row.head) * uniforms.dropRows + uniforms.dropFrom + row.query;
  let number = mixed((u32(rowInAll * uniforms.dropKeys + k) * 0x9e3779b1u) ^ u32(uniforms.dropKey));
  return select(0.0, uniforms.dropKept, number >= u32(uniforms.dropThreshold));
}
`;
