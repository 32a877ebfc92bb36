import { chosenInputCode } from './chosen-code.js';
import type { LinearTask } from './linear-few-rows.js';

/**
 * WGSL of x as a linear layer reads it: `findNorms(lane, row0)`, by all 64 threads of a workgroup, and
 * `inputAt(r, row, c)`, four numbers of a row, the r-th of the workgroup. Where a norm comes first, each workgroup finds the
 * mean and deviation of its rows itself, which is cheaper than a dispatch for them and a tensor of normalized rows.
 */
export function inputCode({ norm, reads, starts, chosen }: LinearTask, rows: number, lanes: number): string {
  if (chosen) return chosenInputCode(chosen);
  if (norm === 'none')
    return `
fn findNorms(lane: i32, row0: i32) {}
fn inputAt(r: i32, row: i32, c: i32) -> vec4f { return xAt(row * uniforms.step, c); }`;
  return `
const NORM_LANES = ${lanes}; // threads of a row
const NORM_ROWS = ${Math.ceil((rows * lanes) / 64) * (64 / lanes)};
var<workgroup> shares: array<f32, NORM_ROWS * NORM_LANES>;
/** What is taken from each number of a row, in two parts because a large mean has too few digits in one; then a factor. */
var<workgroup> norms: array<vec3f, NORM_ROWS>;

fn findNorms(lane: i32, row0: i32) {
  for (var r = lane; r < NORM_ROWS; r += 64) { norms[r] = vec3f(${norm === 'layer' ? 'xAt(rowFrom(row0, r), 0).x' : '0'}, 0, 1); }
  workgroupBarrier();
  ${norm === 'layer' ? meanCode : ''}
  for (var i = lane; i < NORM_ROWS * NORM_LANES; i += 64) {
    let r = i / NORM_LANES;
    var sum = vec4f(0);
    for (var c = i % NORM_LANES; c < (uniforms.width + 3) / 4; c += NORM_LANES) {
      let d = centredAt(r, rowFrom(row0, r), c);
      sum += d * d;
    }
    shares[i] = dot(sum, vec4f(1));
  }
  workgroupBarrier();
  for (var r = lane; r < NORM_ROWS; r += 64) { norms[r].z = inverseSqrt(shareSum(r) / f32(uniforms.width) + uniforms.eps); }
  workgroupBarrier();
}

/** Where a row of the workgroup begins; behind the last row, where that one does. */
fn rowFrom(row0: i32, r: i32) -> i32 { return min(row0 + r, uniforms.rows - 1) * uniforms.step; }

fn shareSum(r: i32) -> f32 {
  var sum = 0.0;
  for (var i = r * NORM_LANES; i < (r + 1) * NORM_LANES; i++) { sum += shares[i]; }
  return sum;
}

/** x without its mean, and 0 behind its end. */
fn centredAt(r: i32, start: i32, c: i32) -> vec4f {
  let n = norms[r];
  return select(vec4f(0), xAt(start, c) - n.x - n.y, vec4i(0, 1, 2, 3) + 4 * c < vec4i(uniforms.width));
}

fn inputAt(r: i32, row: i32, c: i32) -> vec4f {
  let n = norms[r];
  var v = (xAt(row * uniforms.step, c) - n.x - n.y) * n.z;
  ${reads.gain || starts.gainFrom !== undefined ? 'v *= gainAt(0, c);' : ''}
  ${reads.offset || starts.offsetFrom !== undefined ? 'v += offsetAt(0, c);' : ''}
  return v;
}`;
}

const meanCode = `
  for (var i = lane; i < NORM_ROWS * NORM_LANES; i += 64) {
    let r = i / NORM_LANES;
    var sum = vec4f(0);
    for (var c = i % NORM_LANES; c < (uniforms.width + 3) / 4; c += NORM_LANES) {
      sum += centredAt(r, rowFrom(row0, r), c);
    }
    shares[i] = dot(sum, vec4f(1));
  }
  workgroupBarrier();
  for (var r = lane; r < NORM_ROWS; r += 64) { norms[r].y = shareSum(r) / f32(uniforms.width); }
  workgroupBarrier();`;
