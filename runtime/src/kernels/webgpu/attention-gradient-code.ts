import type { AttendAttributes } from '../attributes.js';
import { attentionCode, hasMask } from './attention-code.js';
import type { Gradient } from './attention-gradient.js';
import { four, sum, type Unrolled, unrolled } from './attention-prefill.js';
import type { AttentionOperands, AttentionShape } from './attention-shape.js';
import { skipMemory, skipTile } from './attention-skip.js';
import { vectorType } from './kernel.js';
import { vectorReader, vectorWriter } from './vectors.js';

/** WGSL that the kernels of all gradients share: one probability, and the gradient of its product q·k. */
export function pairCode(shape: AttentionShape, operands: AttentionOperands, attributes: AttendAttributes): string {
  const kept = attributes.dropout ? 'kept(row, k)' : '1.0';
  return `
${attentionCode(shape, operands, attributes)}
${vectorReader('dy', vectorType(shape.valueWidth), 'VALUE_WIDTH')}

/** Of row and key, from the row's log-sum-exp and dy · y: the weight of the value, the gradient of the score and that of the product. */
fn pair(product: f32, dWeight: f32, row: Row, k: i32, known: vec2f) -> vec3f {
  let s = score(product, row, k);
  if (s <= HIDDEN) { return vec3f(0); }
  let p = exp(s - known.x);
  let factor = ${kept};
  let dScore = p * (factor * dWeight - known.y);
  var slope = uniforms.scale;
  if (CAPPED == 1) {
    let t = tanh(clamp(product * uniforms.scale / uniforms.cap, -15.0, 15.0));
    slope *= 1 - t * t;
  }
  return vec3f(factor * p, dScore, dScore * slope);
}`;
}

/** The kernel of one gradient; `columns` of the result for each thread. */
export function gradientCode(
  of: Gradient,
  shape: AttentionShape,
  operands: AttentionOperands,
  attributes: AttendAttributes,
  columns: number,
): string {
  const resultWidth = of === 'value' ? shape.valueWidth : shape.width;
  const masked = hasMask(operands, attributes);
  return [
    pairCode(shape, operands, attributes),
    masked ? skipMemory : '',
    vectorWriter('result', vectorType(resultWidth), of === 'value' ? 'VALUE_WIDTH' : 'WIDTH'),
    of === 'query' ? ofQueries(unrolled(columns), masked) : ofKeys(of, unrolled(columns), masked),
  ].join('\n');
}

const head = `
const TILE = 32;

/** Queries (or dy) and keys (or values) of a tile, vector by vector: [c][row], then [c][key]; or what is summed: [other][c]. */
var<workgroup> room: array<vec4f, ROOM>;
/** What multiplies it: [other][own, four by four]. */
var<workgroup> weights: array<vec4f, TILE * 8>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let block = uniforms.blocks - 1 - i32(group.x);
  let keyHead = i32(group.y);
  let batch = i32(group.z);
  let lane = i32(thread);
  let x = lane % 8;
  let y = lane / 8;
  let span = spans[batch * uniforms.spanStride + block];`;

/** s0 … s3: for each of a thread's keys the products with its rows 4 y … 4 y + 3. */
function products(name: string, vectors: string, left: string, right: string, keyOf: (j: number) => string): string {
  return `
    ${four((j) => `var ${name}${j} = vec4f(0);`)}
    for (var c0 = 0; c0 < ${vectors}; c0 += DEPTH) {
      for (var i = lane; i < TILE * DEPTH; i += 64) {
        let c = i % DEPTH;
        let at = i / DEPTH;
        if (c0 + c >= ${vectors}) { continue; }
        var q = vec4f(0);
        if (row0 + at < uniforms.rows) { q = ${left}; }
        room[c * TILE + at] = q;
        var k = vec4f(0);
        if (key0 + at < uniforms.keys) { k = ${right}; }
        room[(DEPTH + c) * TILE + at] = k;
      }
      workgroupBarrier();
      for (var c = 0; c < min(DEPTH, ${vectors} - c0); c++) {
        ${four((i) => `let q${i} = room[c * TILE + 4 * y + ${i}];`)}
        ${four(
          (j) => `
        let k${j} = room[(DEPTH + c) * TILE + ${keyOf(j)}];
        ${name}${j} += vec4f(dot(q0, k${j}), dot(q1, k${j}), dot(q2, k${j}), dot(q3, k${j}));`,
        )}
      }
      workgroupBarrier();
    }`;
}

const queryVector = (row: string, c: string) => `queryAt(rowStart(rowOf(batch, keyHead, ${row}), WIDTH_STEP), ${c})`;
const dyVector = (row: string, c: string) => `dyAt(rowStart(rowOf(batch, keyHead, ${row}), VALUE_STEP), ${c})`;
const keyVector = (k: string, c: string) => `keyAt(keyStart(batch, keyHead, ${k}), ${c})`;
const valueVector = (k: string, c: string) => `valueAt(valueStart(batch, keyHead, ${k}), ${c})`;

function scoresAndWeights(keyOf: (j: number) => string, withDy: boolean): string {
  const scores = products('s', 'WIDTH4', queryVector('row0 + at', 'c0 + c'), keyVector('key0 + at', 'c0 + c'), keyOf);
  if (!withDy) return scores;
  return `${scores}\n${products('d', 'VALUE4', dyVector('row0 + at', 'c0 + c'), valueVector('key0 + at', 'c0 + c'), keyOf)}`;
}

/** Sums of `weights` and vectors of the other side, which a slab of the room holds at a time. */
function sums(
  { columns, all }: Unrolled,
  vectors: string,
  within: (at: string) => string,
  vector: (at: string, c: string) => string,
) {
  return `
    for (var slab = 0; slab < TILE; slab += SLAB) {
      for (var i = lane; i < SLAB * ${vectors}; i += 64) {
        let other = slab + i / ${vectors};
        var v = vec4f(0);
        if (${within('other')}) { v = ${vector('other', `i % ${vectors}`)}; }
        room[i] = v;
      }
      workgroupBarrier();
      for (var i = 0; i < SLAB; i++) {
        let weight = weights[8 * (slab + i) + y];
        ${columns((column) => `let v${column} = room[min(i * ${vectors} + x + ${8 * column}, ROOM - 1)];`)}
        ${all((column, i) => `${sum(column, i)} += weight[${i}] * v${column};`)}
      }
      workgroupBarrier();
    }`;
}

const rowsOfThread = `
  var own = array<Row, 4>();
  var known = array<vec2f, 4>();
  for (var i = 0; i < 4; i++) {
    own[i] = rowOf(batch, keyHead, row0 + 4 * y + i);
    known[i] = statisticsOf(own[i], row0 + 4 * y + i);
  }`;

/** Loops, not written out: what a pair needs is long, and a compiler that writes it out sixteen times takes seconds. */
function loopOfPairs(withDy: boolean): string {
  return `
    var s = array<vec4f, 4>(s0, s1, s2, s3);
    var d = array<vec4f, 4>(${withDy ? 'd0, d1, d2, d3' : ''});
    for (var j = 0; j < 4; j++) {
      var w = vec4f(0);`;
}

/** A workgroup has 32 rows and visits the keys that they see. */
function ofQueries(loops: Unrolled, masked: boolean): string {
  const keyOf = (j: number) => `x + ${8 * j}`;
  return `${head}
  let row0 = block * TILE;
  ${rowsOfThread}
  ${loops.all((column, i) => `var ${sum(column, i)} = vec4f(0);`)}
  for (var key0 = span.x; key0 < span.y; key0 += TILE) {
    ${masked ? skipTile('key0', (i) => `own[${i}]`, 'key0 + x + 8 * j') : ''}
    ${scoresAndWeights(keyOf, true)}
    ${loopOfPairs(true)}
      for (var i = 0; i < 4; i++) { w[i] = pair(s[j][i], d[j][i], own[i], key0 + x + 8 * j, known[i]).z; }
      weights[8 * (x + 8 * j) + y] = w;
    }
    ${sums(
      loops,
      'WIDTH4',
      (at) => `key0 + ${at} < span.y`, // others have a weight of 0, and may hold NaN
      (at, c) => keyVector(`key0 + ${at}`, c),
    )}
  }
  ${loops.all(
    (column, i) => `
  if (row0 + 4 * y + ${i} < uniforms.rows && x + ${8 * column} < WIDTH4) {
    putResult(rowStart(own[${i}], WIDTH_STEP), x + ${8 * column}, ${sum(column, i)});
  }`,
  )}
}
${statisticsCode}`;
}

/** A workgroup has 32 keys and visits the rows that see one of them. */
function ofKeys(of: 'key' | 'value', loops: Unrolled, masked: boolean): string {
  const keyOf = (j: number) => `4 * x + ${j}`;
  const [vectors, start] = of === 'key' ? ['WIDTH4', 'keyStart'] : ['VALUE4', 'valueStart'];
  const part = of === 'key' ? 'z' : 'x';
  const other = of === 'key' ? queryVector : dyVector;
  return `${head}
  let key0 = block * TILE;
  ${loops.all((column, i) => `var ${sum(column, i)} = vec4f(0);`)}
  for (var row0 = span.x; row0 < span.y; row0 += TILE) {
    ${rowsOfThread}
    ${masked ? skipTile('row0', (i) => `own[${i}]`, 'key0 + 4 * x + j') : ''}
    ${scoresAndWeights(keyOf, of === 'key')}
    ${loopOfPairs(of === 'key')}
      for (var i = 0; i < 4; i++) { w[i] = pair(s[i][j], d[i][j], own[j], key0 + 4 * x + i, known[j]).${part}; }
      weights[8 * (4 * y + j) + x] = w;
    }
    ${sums(
      loops,
      vectors!,
      (at) => `row0 + ${at} < uniforms.rows`,
      (at, c) => other(`row0 + ${at}`, c),
    )}
  }
  ${loops.all(
    (column, i) => `
  if (key0 + 4 * y + ${i} < uniforms.keys && x + ${8 * column} < ${vectors}) {
    putResult(${start}(batch, keyHead, key0 + 4 * y + ${i}), x + ${8 * column}, ${sum(column, i)});
  }`,
  )}
}
${statisticsCode}`;
}

const statisticsCode = `
/** Log-sum-exp and dy · y of row r; it sees nothing where there are no more rows. */
fn statisticsOf(row: Row, r: i32) -> vec2f {
  if (r >= uniforms.rows) { return vec2f(0); }
  return statistics[rowStart(row, 1)];
}`;
