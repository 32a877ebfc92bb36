import type { GpuBackend } from './backend.js';
import { dispatch } from './dispatch.js';
import { elementsOf } from './kernel.js';
import type { LinearTask } from './linear-few-rows.js';

/** Vectors of a row in workgroup memory at once. */
const depth = 4;

/**
 * A tiled product: both operands have their inner axis last, so both are read four numbers at a time, and no transposed
 * copy is made. Each of 64 threads has `side` × `side` numbers of a tile of (8 · side)², in registers.
 */
export function linearOfManyRows(task: LinearTask, backend: GpuBackend): void {
  const { rows, width, outputs } = task;
  // Large tiles read least, small ones give enough workgroups for a device.
  const side = Math.ceil(rows / 64) * Math.ceil(outputs / 64) >= 256 ? 8 : 4;
  const tile = 8 * side;
  dispatch(backend, {
    name: 'linear of many rows',
    constants: { TILE: tile, ACTIVATION: task.activation },
    reads: task.reads,
    writes: { y: { of: task.y, as: 'f32' } },
    integers: { rows, width, outputs, step: elementsOf(width, width) },
    workgroups: [Math.ceil(outputs / tile), Math.ceil(rows / tile), 1],
    code: () => `${task.code()}\n${code(side)}`,
  });
}

const code = (side: number) => {
  const each = (text: (i: number) => string) => Array.from({ length: side }, (_, i) => text(i)).join('\n      ');
  const pairs = (text: (i: number, j: number) => string) => each((i) => each((j) => text(i, j)));
  return `
const DEPTH = ${depth};

/** Rows of x, vector by vector: [c][row], then of the weight: [c][output]. */
var<workgroup> room: array<vec4f, 2 * DEPTH * TILE>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let lane = i32(thread);
  let px = lane % 8; // has outputs px, px + 8, …
  let py = lane / 8; // has rows py, py + 8, …
  let row0 = i32(group.y) * TILE;
  let output0 = i32(group.x) * TILE;
  let vectors = (uniforms.width + 3) / 4;
  ${pairs((i, j) => `var sum${i}_${j} = 0.0;`)}
  for (var c0 = 0; c0 < vectors; c0 += DEPTH) {
    for (var i = lane; i < TILE * DEPTH; i += 64) {
      let c = i % DEPTH;
      let at = i / DEPTH;
      var a = vec4f(0);
      if (c0 + c < vectors && row0 + at < uniforms.rows) { a = xAt((row0 + at) * uniforms.step, c0 + c); }
      room[c * TILE + at] = a;
      var b = vec4f(0);
      if (c0 + c < vectors && output0 + at < uniforms.outputs) {
        b = weightAt((output0 + at) * uniforms.step, c0 + c);
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
  ${pairs(
    (i, j) => `
  if (row0 + py + ${8 * i} < uniforms.rows && output0 + px + ${8 * j} < uniforms.outputs) {
    finish(row0 + py + ${8 * i}, output0 + px + ${8 * j}, sum${i}_${j});
  }`,
  )}
}
`;
};
