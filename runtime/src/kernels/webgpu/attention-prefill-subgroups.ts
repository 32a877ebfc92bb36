import type { AttentionShape } from './attention-shape.js';
import { oneSubgroup, quadCode } from './subgroups.js';

/** What attention of many queries has to do beside the softmax, or not. */
export interface PrefillParts {
  /** A mask says more than intervals do. */
  readonly masked: boolean;
  readonly sinks: boolean;
  readonly dropout: boolean;
  readonly logSums: boolean;
}

/**
 * How many rows of queries a quad, four threads, has: each thread keeps a quarter of them and of their sums in registers, at
 * most 16 vectors of each.
 */
export function rowsOfQuad({ width, valueWidth }: AttentionShape): number {
  const vectors = Math.ceil(Math.max(width, valueWidth) / 16);
  return vectors > 8 ? 1 : vectors > 4 ? 2 : 4;
}

/**
 * WGSL of attention of many queries, like that of attention-prefill.ts, by quads of threads that know nothing of each other: no
 * workgroup memory, no barrier. Queries and sums are registers of a quad; keys and values are read where they lie, the same by
 * all quads of a subgroup at the same time, and each vector of them is used for all rows of a quad. What quads exchange are sums of products (three for
 * four keys), maxima, and weights. On a subgroup of 32 with heads of 64 features that is 4 reads of vectors and 3 exchanges for
 * 64 multiply-adds of products, and 4 and 4 for those of values; through workgroup memory it is 8, and 6 beside storing
 * the tile first, between two barriers each.
 */
export function prefillWithSubgroups(shape: AttentionShape, parts: PrefillParts): string {
  const { width, valueWidth } = shape;
  const [rows, vectors, columns] = [rowsOfQuad(shape), Math.ceil(width / 16), Math.ceil(valueWidth / 16)];
  const eachRow = (text: (i: number) => string) => each(rows, text);
  const eachSum = (text: (i: number, column: number) => string) => eachRow((i) => each(columns, (c) => text(i, c)));
  const { masked, sinks, dropout, logSums } = parts;
  return `
${quadCode}

const ROWS = ${rows}; // of a quad
const KEYS = 16; // between two looks at the maximum

${oneSubgroup} @compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) thread: u32) {
  // Under a causal mask the last rows see most: they begin, so that the end is not left waiting for them.
  let block = uniforms.blocks - 1 - i32(group.x);
  let keyHead = i32(group.y);
  let batch = i32(group.z);
  let lane = i32(thread);
  let part = lane % 4; // has vectors part, part + 4, … of rows
  let span = spans[batch * uniforms.spanStride + block];
  let row0 = (block * LANES / 4 + lane / 4) * ROWS;

  // Behind the last row the last one is computed again, and not written; so are keys and vectors, which then count nothing.
  ${eachRow(
    (i) => `
  let own${i} = rowOf(batch, keyHead, min(row0 + ${i}, uniforms.rows - 1));
  let start${i} = rowStart(own${i}, WIDTH_STEP);
  ${each(vectors, (p) => `let q${i}_${p} = select(vec4f(0), queryAt(start${i}, min(part + ${4 * p}, WIDTH4 - 1)), part + ${4 * p} < WIDTH4);`)}
  var largest${i} = ${sinks ? `max(sinks[own${i}.head], UNSEEN)` : 'UNSEEN'};
  var total${i} = ${sinks ? `select(0.0, 1.0, part == 0 && largest${i} > HIDDEN)` : '0.0'};`,
  )}
  ${eachSum((i, c) => `var sum${i}_${c} = vec4f(0);`)}

  for (var first = span.x; first < span.y; first += KEYS) {
    ${masked ? skip(rows) : ''}
    ${eachRow((i) => `var scores${i} = vec4f(0); // of keys first + part, first + part + 4, …`)}
    for (var m = 0; m < 4; m++) {
      ${each(4, (j) => `let key${j} = keyStart(batch, keyHead, min(first + 4 * m + ${j}, span.y - 1));`)}
      ${eachRow((i) => `var products${i} = vec4f(0);`)}
      ${each(
        vectors,
        (p) => `{
        ${each(4, (j) => `let k${j} = keyAt(key${j}, min(part + ${4 * p}, WIDTH4 - 1));`)}
        ${eachRow((i) => `products${i} += vec4f(dot(q${i}_${p}, k0), dot(q${i}_${p}, k1), dot(q${i}_${p}, k2), dot(q${i}_${p}, k3));`)}
      }`,
      )}
      let k = first + 4 * m + part;
      ${eachRow((i) => {
        const of = `(sumForEach(products${i}, part), own${i}, k)`;
        return `scores${i}[m] = ${masked ? `select(UNSEEN, scoreOfSeen${of}, (seen[m] & ${1 << i}) != 0)` : `score${of}`};`;
      })}
    }
    ${eachRow(
      (i) => `
    let top${i} = max(largest${i}, largestOf(scores${i}));
    let shrink${i} = exp(largest${i} - top${i});
    largest${i} = top${i};
    // Not exp alone: where a row has seen no key, hidden ones are the largest.
    scores${i} = select(vec4f(0), exp(scores${i} - top${i}), scores${i} > vec4f(HIDDEN));
    total${i} = total${i} * shrink${i} + dot(scores${i}, vec4f(1));
    ${dropout ? `scores${i} *= vec4f(${[0, 4, 8, 12].map((k) => `kept(own${i}, first + part + ${k})`).join(', ')});` : ''}`,
    )}
    ${eachSum((i, c) => `sum${i}_${c} *= shrink${i};`)}
    for (var m = 0; m < 4; m++) {
      ${each(
        4,
        (j) => `{
        let value = valueStart(batch, keyHead, min(first + 4 * m + ${j}, span.y - 1));
        ${each(columns, (c) => `let v${c} = valueAt(value, min(part + ${4 * c}, VALUE4 - 1));`)}
        ${eachRow(
          (i) => `
        let w${i} = quadBroadcast(scores${i}[m], ${j}u);
        ${each(columns, (c) => `sum${i}_${c} += w${i} * v${c};`)}`,
        )}
      }`,
      )}
    }
  }
  ${eachRow(
    (i) => `
  total${i} += quadSwapX(total${i});
  total${i} += quadSwapY(total${i});
  let factor${i} = select(0.0, 1 / total${i}, total${i} > 0); // 0: the row sees no key
  if (row0 + ${i} < uniforms.rows) {
    ${each(columns, (c) => `if (part + ${4 * c} < VALUE4) { putResult(rowStart(own${i}, VALUE_STEP), part + ${4 * c}, sum${i}_${c} * factor${i}); }`)}
    ${logSums ? `if (part == 0) { logSums[rowStart(own${i}, 1)] = select(0.0, largest${i} + log(total${i}), total${i} > 0); }` : ''}
  }`,
  )}
}

/** The largest number that a quad has. */
${oneSubgroup} fn largestOf(v: vec4f) -> f32 {
  let two = max(v.xy, v.zw);
  var largest = max(two.x, two.y);
  largest = max(largest, quadSwapX(largest));
  return max(largest, quadSwapY(largest));
}
`;
}

/** Goes on with the next keys where no row of the subgroup sees one; `seen` has a bit for each row and key of a thread. */
const skip = (rows: number) => `
    var seen = vec4i(0);
    for (var m = 0; m < 4; m++) {
      ${each(rows, (i) => `if (isSeen(own${i}, first + 4 * m + part)) { seen[m] |= ${1 << i}; }`)}
    }
    if (!subgroupAny(any(seen != vec4i(0)))) { continue; }`;

function each(count: number, text: (i: number) => string): string {
  return Array.from({ length: count }, (_, i) => text(i)).join('\n');
}
