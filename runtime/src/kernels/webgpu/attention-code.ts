import type { Formula } from '../../formula/formula.js';
import type { AttendAttributes, PairFormulas } from '../attributes.js';
import type { AttentionOperands, AttentionShape } from './attention-shape.js';
import { vectorType } from './kernel.js';
import { pairExpression, pairsOfRow } from './pair-code.js';
import { vectorReader } from './vectors.js';

/** WGSL that all kernels of attention share: where rows lie, and what becomes of a product q·k. */
export function attentionCode(
  { width, valueWidth }: AttentionShape,
  operands: AttentionOperands,
  attributes: AttendAttributes,
): string {
  const [, , , bias] = operands;
  const { pairs } = attributes;
  const added = pairs?.bias ? 'biasOf(row, k)' : bias ? `bias[${index('bias')}]` : undefined;
  const ofRow = pairsOfRow(attributes);
  const shown = shownCode(operands, attributes);
  const [wide, valueWide] = [vectorType(width), vectorType(valueWidth)];
  return `
const WIDTH4 = (WIDTH + 3) / 4; // vectors of four numbers in a row
const VALUE4 = (VALUE_WIDTH + 3) / 4;
const UNSEEN = -1e30; // the score of a hidden key: finite, because shaders may be compiled as if there were no infinity
const HIDDEN = -5e29; // scores below belong to hidden keys

${attributes.dropout ? keptCode : ''}
${vectorReader('query', wide, 'WIDTH')}
${vectorReader('key', wide, 'WIDTH')}
${vectorReader('value', valueWide, 'VALUE_WIDTH')}

/** Row r of a key head's problem is query r / group of head r % group. */
struct Row { batch: i32, query: i32, head: i32, span: vec2i${ofRow.fields} }

fn rowOf(batch: i32, keyHead: i32, r: i32) -> Row {
  var row = Row();
  row.batch = batch;
  row.query = r / uniforms.group;
  row.head = keyHead * uniforms.group + r % uniforms.group;
  if (r >= uniforms.rows) { return row; }
  row.span = spans[batch * uniforms.spanStride + uniforms.blocks + row.query];
  ${ofRow.reads}
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

/** Whether the intervals and the mask show a key. */
fn isSeen(row: Row, k: i32) -> bool { return (k >= row.span.x) & (k < row.span.y)${shown ? ' & isShown(row, k)' : ''}; }
${shown ? `fn isShown(row: Row, k: i32) -> bool {\n  ${shown}\n}` : ''}

/** cap(scale · q·k) + bias, of a key that is seen. */
fn scoreOfSeen(product: f32, row: Row, k: i32) -> f32 {
  var s = product * uniforms.scale;
  // tanh is 1 long before 15; some implementations overflow far behind it.
  if (CAPPED == 1) { s = uniforms.cap * tanh(clamp(s / uniforms.cap, -15.0, 15.0)); }
  ${added ? `s = clamp(s + ${added}, UNSEEN, -UNSEEN);` : ''}
  return s;
}

/** cap(scale · q·k) + bias, or UNSEEN where the intervals or the mask hide the key. */
fn score(product: f32, row: Row, k: i32) -> f32 {
  if (!isSeen(row, k)) { return UNSEEN; }
  return scoreOfSeen(product, row, k);
}
${pairs?.bias ? biasCode(pairs.bias, pairs) : ''}`;
}

/** Whether a mask says more than intervals do: then some tiles within them may be hidden as a whole. */
export function hasMask([, , , , mask]: AttentionOperands, { pairs }: AttendAttributes): boolean {
  return pairs ? pairs.mask !== undefined : mask !== undefined;
}

function shownCode(operands: AttentionOperands, attributes: AttendAttributes): string | undefined {
  if (!hasMask(operands, attributes)) return undefined;
  const { pairs } = attributes;
  return pairs?.mask ? pairExpression(pairs.mask, pairs, 'truth') : `return mask[${index('mask')}] >= HIDDEN;`;
}

function biasCode(bias: Formula, pairs: PairFormulas): string {
  return `
fn biasOf(row: Row, k: i32) -> f32 {
  ${pairExpression(bias, pairs, 'number')}
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
