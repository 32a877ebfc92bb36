import { gradientTaskBytes, taskBytes } from '../attention-task.js';
import type { Kernels } from '../instance.js';
import type { JobScratch, ThreadPool } from './pool.js';
import type { Export } from './work.js';

/** What is divided: `total` columns, rows or tasks, in multiples of `unit`, which take so many nanoseconds in all. */
interface Work {
  readonly total: number;
  readonly unit?: number;
  readonly time: number;
}

/**
 * The kernels, each as pieces of its result that the threads of a pool share: columns of a product, rows of what is done by
 * row, tasks of attention. A sum is never divided, so that every number is the one that a single thread gives, bit for bit. What is
 * too little stays with the calling thread.
 */
export function splitKernels(kernels: Kernels, pool: ThreadPool): Kernels {
  function share(
    name: keyof Kernels,
    { total, unit = 1, time }: Work,
    args: (first: number, end: number) => readonly number[],
    scratch?: JobScratch,
  ): void {
    const pieces = ranges(total, unit, pool.pieces(time));
    if (pieces.length < 2) (kernels[name] as Export)(...args(0, total));
    else
      pool.run(
        name,
        pieces.map(([first, end]) => args(first, end)),
        scratch,
      );
  }
  const scratchOfLinear = kernels.linearScratch();
  return {
    ...kernels,
    linear(x, w, bias, residual, y, m, n, k, activation, scratch, from, to) {
      const work = { total: to - from, unit: 8, time: productTime(m, to - from, k) };
      const same = [x, w, bias, residual, y, m, n, k, activation, scratch];
      const own = { argument: 9, bytes: scratchOfLinear };
      share('linear', work, (first, end) => [...same, from + first, from + end], own);
    },
    chosenLinear(x, routing, layers, y, pairs, experts, n, k, activation, scratch, from, to) {
      const work = { total: to - from, unit: 8, time: pairs * productTime(1, to - from, k) };
      const same = [x, routing, layers, y, pairs, experts, n, k, activation, scratch];
      const own = { argument: 9, bytes: scratchOfLinear };
      share('chosenLinear', work, (first, end) => [...same, from + first, from + end], own);
    },
    product(a, b, y, m, n, k, scratch, from, to) {
      const work = { total: to - from, unit: 8, time: productTime(m, to - from, k) };
      const own = { argument: 6, bytes: scratchOfLinear };
      share('product', work, (first, end) => [a, b, y, m, n, k, scratch, from + first, from + end], own);
    },
    productOfRows(a, b, y, m, n, k, scratch, from, to) {
      const work = { total: to - from, unit: 8, time: productTime(m, to - from, k) };
      const own = { argument: 6, bytes: scratchOfLinear };
      share('productOfRows', work, (first, end) => [a, b, y, m, n, k, scratch, from + first, from + end], own);
    },
    layerNorm(x, weight, bias, y, rows, width, eps) {
      share('layerNorm', { total: rows, time: 0.6 * rows * width }, (first, end) => {
        const at = 4 * first * width;
        return [x + at, weight, bias, y + at, end - first, width, eps];
      });
    },
    rmsNorm(x, weight, y, rows, width, eps) {
      share('rmsNorm', { total: rows, time: 0.4 * rows * width }, (first, end) => {
        const at = 4 * first * width;
        return [x + at, weight, y + at, end - first, width, eps];
      });
    },
    softmax(x, y, rows, width) {
      share('softmax', { total: rows, time: 2.5 * rows * width }, (first, end) => {
        const at = 4 * first * width;
        return [x + at, y + at, end - first, width];
      });
    },
    activation(x, y, count, kind) {
      const work = { total: count, unit: 4, time: 2 * count };
      share('activation', work, (first, end) => [x + 4 * first, y + 4 * first, end - first, kind]);
    },
    activationGradient(x, dy, dx, count, kind) {
      const work = { total: count, unit: 4, time: 3 * count };
      share('activationGradient', work, (first, end) => {
        const at = 4 * first;
        return [x + at, dy + at, dx + at, end - first, kind];
      });
    },
    gated(a, b, y, count, kind) {
      const work = { total: count, unit: 4, time: 2 * count };
      share('gated', work, (first, end) => [a + 4 * first, b + 4 * first, y + 4 * first, end - first, kind]);
    },
    formula(program, operations, operands, constants, y, scratch, registers, from, to) {
      const work = { total: to - from, unit: 4, time: 0.5 * operations * (to - from) };
      const same = [program, operations, operands, constants, y, scratch, registers];
      const own = { argument: 5, bytes: kernels.formulaScratch(registers) };
      share('formula', work, (first, end) => [...same, from + first, from + end], own);
    },
    gatedGradient(a, b, dy, da, db, count, kind) {
      const work = { total: count, unit: 4, time: 5 * count };
      share('gatedGradient', work, (first, end) => {
        const at = 4 * first;
        return [a + at, b + at, dy + at, da + at, db + at, end - first, kind];
      });
    },
    crossEntropy(scores, ids, losses, rows, width, smoothing) {
      share('crossEntropy', { total: rows, time: 1.5 * rows * width }, (first, end) => {
        return [scores + 4 * first * width, ids + 4 * first, losses + 4 * first, end - first, width, smoothing];
      });
    },
    crossEntropyGradient(scores, ids, dy, dScores, rows, width, smoothing) {
      share('crossEntropyGradient', { total: rows, time: 3 * rows * width }, (first, end) => {
        const at = 4 * first * width;
        return [scores + at, ids + 4 * first, dy + 4 * first, dScores + at, end - first, width, smoothing];
      });
    },
    rotary(x, cos, sin, y, positions, heads, width, turning, interleaved, sign) {
      share('rotary', { total: positions, time: 0.5 * positions * heads * width }, (first, end) => {
        const at = 4 * first * heads * width;
        const angle = 4 * first * turning;
        return [x + at, cos + angle, sin + angle, y + at, end - first, heads, width, turning, interleaved, sign];
      });
    },
    attention(tasks, count, scratch, bytes, products) {
      const work = { total: count, time: 0.06 * products };
      const args = (first: number, end: number) => [tasks + first * taskBytes, end - first, scratch];
      share('attention', work, args, { argument: 2, bytes });
    },
    attentionGradient(tasks, gradients, count, scratch, bytes, products, apart) {
      const work = { total: count, time: apart ? 0.2 * products : 0 };
      const args = (first: number, end: number) => [
        ...[tasks + first * taskBytes, gradients + first * gradientTaskBytes, end - first, scratch],
      ];
      share('attentionGradient', work, args, { argument: 3, bytes });
    },
  };
}

/** Of m rows with n columns, k numbers each: few rows wait for memory, many are computed. */
function productTime(m: number, n: number, k: number): number {
  return n * k * Math.max(0.3, 0.055 * m);
}

/** [0, total) in up to so many ranges of about the same size, whose beginnings are multiples of `unit`. */
function ranges(total: number, unit: number, most: number): [number, number][] {
  const units = Math.ceil(total / unit);
  const count = Math.max(1, Math.min(units, most));
  const at = (i: number) => Math.min(total, unit * Math.round((units * i) / count));
  return Array.from({ length: count }, (_, i) => [at(i), at(i + 1)]);
}
