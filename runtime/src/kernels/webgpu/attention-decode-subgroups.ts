import { vectorType } from './kernel.js';
import { oneSubgroup, quadCode } from './subgroups.js';
import { vectorWriter } from './vectors.js';

interface Split {
  /** Of queries, together in a workgroup. */
  readonly rows: number;
  readonly keys: number;
  /** Threads of a workgroup. */
  readonly lanes: number;
  readonly valueWidth: number;
  /** A mask says more than intervals do. */
  readonly masked: boolean;
}

/**
 * WGSL of attention of few queries, like that of attention-decode.ts, where a workgroup is one subgroup of `lanes` threads, or a
 * part of a larger one: it needs no workgroup memory and no barrier. Four threads, a quad, multiply a key, and their sums meet
 * by exchange, so that each thread has one key's score; maximum and sum are those of the subgroup; then threads lie
 * along rows of values, and ask the others for weights. Keys come `lanes` at a time: with 32 every access to memory is of whole sectors
 * of 64 bytes or more, eight keys are in flight, and a row of queries costs 3 exchanges, a maximum, and one weight for each value.
 */
export function decodeWithSubgroups({ rows, keys, lanes, valueWidth, masked }: Split): string {
  const valueVectors = Math.ceil(valueWidth / 4);
  const across = Math.min(lanes, 2 ** Math.ceil(Math.log2(valueVectors)));
  const columns = Math.ceil(valueVectors / across);
  const eachRow = (text: (r: number) => string) => each(rows, text);
  const eachSum = (text: (r: number, column: number) => string) => eachRow((r) => each(columns, (c) => text(r, c)));
  return `
${vectorWriter('sums', vectorType(valueWidth), 'VALUE_WIDTH')}
${quadCode}

const QUADS = LANES / 4;
const KEYS = ${keys};
/** Threads along a row of values. */
const ACROSS = ${across};

${oneSubgroup} @compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) thread: u32) {
  let lane = i32(thread);
  let part = lane % 4;
  let quad = lane / 4;
  let batch = i32(group.z);
  let keyHead = i32(group.y) / uniforms.blocks;
  let block = i32(group.y) % uniforms.blocks;
  let row0 = block * ROWS;
  let span = spans[batch * uniforms.spanStride + block];
  let split = i32(group.x);
  let end = min(span.x + (split + 1) * KEYS, span.y);

  // Behind the last row the last one is computed again, and not written; so is the last key, which then is hidden.
  ${eachRow(
    (r) => `
  let own${r} = rowOf(batch, keyHead, min(row0 + ${r}, uniforms.rows - 1));
  let query${r} = rowStart(own${r}, WIDTH_STEP);
  var largest${r} = UNSEEN;
  var total${r} = 0.0;`,
  )}
  ${eachSum((r, c) => `var sum${r}_${c} = vec4f(0);`)}
  for (var key0 = span.x + split * KEYS; key0 < end; key0 += LANES) {
    let own = key0 + part * QUADS + quad; // the key of which this thread gets the score
    ${
      masked
        ? `
    ${eachRow((r) => `let seen${r} = isSeen(own${r}, own);`)}
    if (!subgroupAny(${Array.from({ length: rows }, (_, r) => `seen${r}`).join(' || ')})) { continue; }`
        : ''
    }
    ${each(4, (j) => `let start${j} = keyStart(batch, keyHead, min(key0 + ${j} * QUADS + quad, end - 1));`)}
    ${eachRow((r) => `var products${r} = vec4f(0);`)}
    for (var c = part; c < WIDTH4; c += 4) {
      ${each(4, (j) => `let k${j} = keyAt(start${j}, c);`)}
      ${eachRow(
        (r) => `
      let q${r} = queryAt(query${r}, c);
      products${r} += vec4f(dot(q${r}, k0), dot(q${r}, k1), dot(q${r}, k2), dot(q${r}, k3));`,
      )}
    }
    ${eachRow(
      (r) => `
    let product${r} = sumForEach(products${r}, part);
    let score${r} = ${masked ? `select(UNSEEN, scoreOfSeen(product${r}, own${r}, own), seen${r})` : `score(product${r}, own${r}, own)`};
    let top${r} = max(largest${r}, subgroupMax(score${r}));
    let shrink${r} = exp(largest${r} - top${r});
    largest${r} = top${r};
    let weight${r} = select(0.0, exp(score${r} - top${r}), score${r} > HIDDEN);
    total${r} = total${r} * shrink${r} + weight${r};`,
    )}
    ${eachSum((r, c) => `sum${r}_${c} *= shrink${r};`)}
    for (var turn = 0; turn < LANES; turn += LANES / ACROSS) {
      let owner = turn + lane / ACROSS; // the thread that has the weight
      let value = valueStart(batch, keyHead, min(key0 + owner % 4 * QUADS + owner / 4, end - 1));
      ${each(columns, (c) => `let v${c} = valueAt(value, min(lane % ACROSS + ${c} * ACROSS, VALUE4 - 1));`)}
      ${eachRow(
        (r) => `
      let w${r} = subgroupShuffle(weight${r}, u32(owner));
      ${each(columns, (c) => `sum${r}_${c} += w${r} * v${c};`)}`,
      )}
    }
  }

  let first = (batch * uniforms.keyHeads + keyHead) * uniforms.rows + row0;
  ${eachRow(
    (r) => `
  total${r} = subgroupAdd(total${r});
  ${each(columns, (c) => doublings(across, lanes, (step) => `sum${r}_${c} += subgroupShuffleXor(sum${r}_${c}, ${step}u);`))}
  if (row0 + ${r} < uniforms.rows) {
    let at = (first + ${r}) * uniforms.room + split;
    if (lane == 0) { stats[at] = vec2f(largest${r}, total${r}); }
    ${each(columns, (c) => `if (lane + ${c} * ACROSS < VALUE4 && lane < ACROSS) { putSums(at * VALUE_STEP, lane + ${c} * ACROSS, sum${r}_${c}); }`)}
  }`,
  )}
}
`;
}

function each(count: number, text: (i: number) => string): string {
  return Array.from({ length: count }, (_, i) => text(i)).join('\n');
}

function doublings(from: number, end: number, text: (step: number) => string): string {
  return each(Math.log2(end / from), (i) => text(from * 2 ** i));
}
