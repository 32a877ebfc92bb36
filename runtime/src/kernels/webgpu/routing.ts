import type { TensorInfo } from '@tensorflow/tfjs';
import type { ChosenRowsAttributes, RoutingAttributes } from '../experts.js';
import { dispatch, type Operand } from './dispatch.js';
import { keyCode } from './in-top.js';
import { countOf, elementsOf, present, rowsOf, rowsOperand, type WebGpuKernel, workgroupsFor } from './kernel.js';
import { mainOf64, workgroupIndex } from './vectors.js';

/** Up to so many pairs of a row and an expert each is computed for itself, and its weights are what costs; behind them, by tiles. */
const fewPairs = 32;

/** Slots of a tile, all of one expert. */
const tileOfSlots = 32;

/** Tiles that a routing may have: each expert's last one need not be full. 0 where there are none. */
export function tilesOf(pairs: number, experts: number): number {
  return pairs <= fewPairs ? 0 : Math.floor(pairs / tileOfSlots) + Math.min(pairs, experts);
}

/** A routing as shaders read it. */
export function routingOperand(of: TensorInfo): Operand {
  return { of, as: 'i32' };
}

/**
 * [shares [.., experts]] → the routing, whole numbers as bits: for P pairs [expert of each slot, row of each slot, slot of each pair (row by
 * row, experts rising), share of each pair, expert of each pair, pairs of each expert, then of each tile its expert, its first slot and the
 * one behind its last]. One workgroup, because each part needs all of the one before.
 */
export const routing: WebGpuKernel<RoutingAttributes> = ([shares], { top }, backend) => {
  const { rows, width: experts } = rowsOf(shares!);
  const pairs = rows * top;
  const tiles = tilesOf(pairs, experts);
  const y = backend.makeTensorInfo([5 * pairs + experts + 3 * tiles], 'float32');
  dispatch(backend, {
    name: 'routing',
    constants: { THREADS: 256, FEW_ROWS: 16, TILE: tileOfSlots },
    reads: { shares: { of: shares!, as: 'i32' } },
    writes: { routing: { of: y, as: 'i32' } },
    integers: { rows, experts, top, pairs, tiles },
    workgroups: [1, 1, 1],
    code: () => routingCode,
  });
  return y;
};

const routingCode = `${keyCode('shares')}
/** The last expert that each row takes, where there are few rows. */
var<workgroup> lastOf: array<i32, FEW_ROWS>;

/** The expert with the top-th largest share, found by one thread: at once for many rows, slowly for one. */
fn findLast(row: i32) -> i32 {
  let first = row * uniforms.experts;
  var least = 0xffffffffu;
  var last = -1;
  for (var i = 0; i < uniforms.top; i++) {
    var best = -1;
    var most = 0u;
    for (var e = 0; e < uniforms.experts; e++) {
      let key = keyAt(first + e);
      let isLeft = key < least || (key == least && e > last);
      if (isLeft && (best < 0 || key > most)) { best = e; most = key; }
    }
    least = most;
    last = best;
  }
  return last;
}

fn choose(row: i32, last: i32) {
  let first = row * uniforms.experts;
  let least = keyAt(first + last);
  var pair = row * uniforms.top;
  for (var e = 0; e < uniforms.experts; e++) {
    let key = keyAt(first + e);
    if (key < least || (key == least && e > last)) { continue; }
    routing[3 * uniforms.pairs + pair] = shares[first + e];
    routing[4 * uniforms.pairs + pair] = e;
    pair++;
  }
}

@compute @workgroup_size(THREADS)
fn main(@builtin(local_invocation_index) thread: u32) {
  let pairs = uniforms.pairs;
  let counts = 5 * pairs;
  let tiles = counts + uniforms.experts;
  let isFew = uniforms.rows <= FEW_ROWS;
  if (isFew) {
    for (var i = i32(thread); i < uniforms.rows * uniforms.experts; i += THREADS) {
      let row = i / uniforms.experts;
      let e = i % uniforms.experts;
      if (rankOf(row * uniforms.experts, uniforms.experts, e) == uniforms.top - 1) { lastOf[row] = e; }
    }
    workgroupBarrier();
  }
  for (var row = i32(thread); row < uniforms.rows; row += THREADS) {
    if (isFew) { choose(row, lastOf[row]); } else { choose(row, findLast(row)); }
  }
  for (var i = i32(thread); i < uniforms.tiles; i += THREADS) { routing[tiles + 3 * i] = -1; }
  storageBarrier();
  for (var e = i32(thread); e < uniforms.experts; e += THREADS) {
    var own = 0;
    for (var pair = 0; pair < pairs; pair++) { own += i32(routing[4 * pairs + pair] == e); }
    routing[counts + e] = own;
  }
  storageBarrier();
  for (var e = i32(thread); e < uniforms.experts; e += THREADS) {
    var slot = 0;
    var tile = tiles;
    for (var i = 0; i < e; i++) {
      slot += routing[counts + i];
      tile += 3 * ((routing[counts + i] + TILE - 1) / TILE);
    }
    let end = slot + routing[counts + e];
    if (uniforms.tiles > 0) {
      for (var first = slot; first < end; first += TILE) {
        routing[tile] = e;
        routing[tile + 1] = first;
        routing[tile + 2] = min(first + TILE, end);
        tile += 3;
      }
    }
    for (var pair = 0; slot < end; pair++) {
      if (routing[4 * pairs + pair] != e) { continue; }
      routing[slot] = e;
      routing[pairs + slot] = pair / uniforms.top;
      routing[2 * pairs + pair] = slot;
      slot++;
    }
  }
}
`;

/** [x [rows, width], routing] → the row of each slot [pairs, width]. */
export const chosenRows: WebGpuKernel<ChosenRowsAttributes> = ([x, by], { pairs }, backend) => {
  const { width } = rowsOf(x!);
  const y = backend.makeTensorInfo([pairs, width], 'float32');
  const { as } = rowsOperand(x!, width);
  const step = elementsOf(width, width);
  dispatch(backend, {
    name: 'rows of slots',
    constants: {},
    reads: { x: { of: x!, as }, routing: routingOperand(by!) },
    writes: { y: { of: y, as } },
    integers: { pairs, step },
    workgroups: workgroupsFor(Math.ceil((pairs * step) / 64)),
    code: () => `${workgroupIndex}\n${mainOf64}
  let i = 64 * workgroupIndex(group, groups) + i32(thread);
  if (i >= uniforms.pairs * uniforms.step) { return; }
  y[i] = x[routing[uniforms.pairs + i / uniforms.step] * uniforms.step + i % uniforms.step];
}`,
  });
  return y;
};

/** [results [pairs, width], routing, residual [rows, width]?] → Σ share · result of each row + residual [rows, width]. */
export const mixedRows: WebGpuKernel<RoutingAttributes> = ([results, by, residual], { top }, backend) => {
  const { width } = rowsOf(results!);
  const pairs = countOf(results!.shape) / width;
  const y = backend.makeTensorInfo([pairs / top, width], 'float32');
  const { as } = rowsOperand(results!, width);
  const step = elementsOf(width, width);
  dispatch(backend, {
    name: 'mixture',
    constants: {},
    reads: {
      ...{ results: { of: results!, as }, routing: routingOperand(by!) },
      ...present({ residual: residual && { of: residual, as } }),
    },
    writes: { y: { of: y, as } },
    integers: { pairs, step, top },
    workgroups: workgroupsFor(Math.ceil(((pairs / top) * step) / 64)),
    code: () => `${workgroupIndex}\n${mainOf64}
  let i = 64 * workgroupIndex(group, groups) + i32(thread);
  let row = i / uniforms.step;
  let pairs = uniforms.pairs;
  if (row * uniforms.top >= pairs) { return; }
  var sum = ${residual ? 'residual[i]' : `${as}(0)`};
  for (var pair = row * uniforms.top; pair < (row + 1) * uniforms.top; pair++) {
    sum += bitcast<f32>(routing[3 * pairs + pair]) * results[routing[2 * pairs + pair] * uniforms.step + i % uniforms.step];
  }
  y[i] = sum;
}`,
  });
  return y;
};
