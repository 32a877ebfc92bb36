import type { GpuBackend } from './backend.js';
import { chooseTile, ofExpert } from './chosen-code.js';
import { dispatch } from './dispatch.js';
import { byPart } from './linear-code.js';
import { type LinearTask, linearConstants, linearIntegers } from './linear-few-rows.js';
import { inputCode } from './linear-norm.js';

/** Vectors of a row in workgroup memory at once. */
const depth = 4;

/**
 * A tiled product: both operands have their inner axis last, so both are read four numbers at a time, and no transposed
 * copy is made. Each of 64 threads has `side` × `side` numbers of a tile of (8 · side)², in registers.
 */
export function linearOfManyRows(task: LinearTask, backend: GpuBackend): void {
  const { rows, outputs, gated, chosen } = task;
  const most = Math.max(...outputs) * (gated ? 2 : 1);
  const numbers = outputs.reduce((sum, n) => sum + Math.ceil(n / 64), 0);
  // Large tiles read least, small ones give enough workgroups for a device.
  const side = !chosen && Math.ceil(rows / 64) * numbers >= 256 ? 8 : 4;
  const tile = 8 * side;
  dispatch(backend, {
    name: chosen ? 'linear of slots' : 'linear of many rows',
    constants: { TILE: tile, ...linearConstants(task) },
    reads: task.reads,
    writes: task.writes,
    integers: linearIntegers(task),
    floats: task.norm === 'none' ? {} : { eps: task.eps },
    workgroups: [Math.ceil(most / tile), chosen?.tiles ?? Math.ceil(rows / tile), gated ? 1 : outputs.length],
    code: () => `${task.code()}\n${inputCode(task, tile, 8)}\n${code(side, task)}`,
  });
}

const code = (side: number, task: LinearTask) => {
  const { outputs, gated, chosen } = task;
  const each = (text: (i: number) => string) => Array.from({ length: side }, (_, i) => text(i)).join('\n      ');
  const pairs = (text: (i: number, j: number) => string) => each((i) => each((j) => text(i, j)));
  // The tile of a gated pair has half as many outputs of each: of the first layer, then of the second.
  const own = gated ? 'TILE / 2' : 'TILE';
  const half = Array.from({ length: side / 2 }, (_, j) => j);
  const finish = gated
    ? each((i) =>
        half.map((j) => guarded(i, j, `finishPair(row, output, sum${i}_${j}, sum${i}_${j + side / 2});`)).join(''),
      )
    : pairs((i, j) => guarded(i, j, `finish(part, row, output, sum${i}_${j});`));
  return `
${byPart('fn weightAt(part: i32, start: i32, c: i32) -> vec4f', outputs.length, (i) => `weight${i}At(start, c)`)}

const DEPTH = ${depth};

/** Rows of x, vector by vector: [c][row], then of the weight: [c][output]. */
var<workgroup> room: array<vec4f, 2 * DEPTH * TILE>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let lane = i32(thread);
  let px = lane % 8; // has outputs px, px + 8, …
  let py = lane / 8; // has rows py, py + 8, …
  let part = i32(group.z);
  ${chosen ? chooseTile : 'let row0 = i32(group.y) * TILE;\n  let rowCount = uniforms.rows;'}
  let output0 = i32(group.x) * ${own};
  if (output0 >= outputsOf(part)) { return; }
  findNorms(lane, row0);
  let vectors = (uniforms.width + 3) / 4;
  ${pairs((i, j) => `var sum${i}_${j} = 0.0;`)}
  for (var c0 = 0; c0 < vectors; c0 += DEPTH) {
    for (var i = lane; i < TILE * DEPTH; i += 64) {
      let c = i % DEPTH;
      let at = i / DEPTH;
      var a = vec4f(0);
      if (c0 + c < vectors && row0 + at < rowCount) { a = inputAt(at, row0 + at, c0 + c); }
      room[c * TILE + at] = a;
      var b = vec4f(0);
      let output = output0 + at % (${own});
      if (c0 + c < vectors && output < outputsOf(part)) {
        b = weightAt(${gated ? `at / (${own})` : 'part'}, output * uniforms.step${ofExpert(task)}, c0 + c);
      }
      room[(DEPTH + c) * TILE + at] = b;
    }
    workgroupBarrier();
    for (var c = 0; c < DEPTH; c++) {
      ${each((j) => `let b${j} = room[(DEPTH + c) * TILE + px + ${8 * j}];`)}
      ${each(
        (i) => `
      let a${i} = room[c * TILE + py + ${8 * i}];
      ${each((j) => `sum${i}_${j} += dot(a${i}, b${j});`)}`,
      )}
    }
    workgroupBarrier();
  }
  ${finish}
}
`;
};

function guarded(i: number, j: number, statement: string): string {
  return `
  if (row0 + py + ${8 * i} < rowCount && output0 + px + ${8 * j} < outputsOf(part)) {
    let row = row0 + py + ${8 * i};
    let output = output0 + px + ${8 * j};
    ${statement}
  }`;
}
