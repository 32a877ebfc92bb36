import type { Tensor, Tensor2D } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import type { OperatorScope } from './context.js';
import { describe, matrix, misfit, size, view } from './shapes.js';
import { inTop } from './top.js';

export interface ExpertsOptions {
  /** How many experts each row goes through. */
  readonly top: number;
}

/** Runs one expert on some of the rows: [.., features] → [.., out], with as many axes as the rows of the mixture have. */
export type Expert = (rows: Tensor, index: number) => Tensor;

/**
 * A mixture of experts: Σ share · expert(row) over the `top` experts with the largest shares of each row (Shazeer et al.
 * 2017, equation 1); of equal shares the first count. rows [.., features], shares [.., experts] → [.., out].
 *
 * Where the shares can be read at once, an expert runs on the rows that chose it and its weights are touched for them
 * only: on cpu and wasm, in inference. On WebGPU, for a gradient and for `explain` every expert runs on all rows.
 *
 * @throws TfmError TFM5404 where the shares are not one for each row and expert, or `top` is more than there are.
 */
export function experts(
  rows: Tensor,
  shares: Tensor,
  expert: Expert,
  { top }: ExpertsOptions,
  scope?: OperatorScope,
): Tensor {
  const count = size(shares, -1);
  const fits = shares.rank === rows.rank && shares.shape.slice(0, -1).every((n, axis) => n === rows.shape[axis]);
  if (!fits || !Number.isSafeInteger(top) || top < 1 || top > count)
    throw misfit('experts', `${top} experts of each row of ${describe(rows)} by shares ${describe(shares)}`);
  const everywhere = tf.getBackend() === 'webgpu' || tf.engine().isTapeOn() || scope?.training || scope?.recording;
  return tf.tidy(() =>
    everywhere || rows.size === 0 ? allExperts(rows, shares, expert, top) : chosenExperts(rows, shares, expert, top),
  );
}

/** Every expert on every row; the shares of those that a row did not choose are 0. */
function allExperts(rows: Tensor, shares: Tensor, expert: Expert, top: number): Tensor {
  const count = size(shares, -1);
  const chosen = top === count ? shares : tf.where(inTop(shares, { count: top }), shares, tf.zerosLike(shares));
  const columns = tf.split(chosen, count, -1);
  return columns.reduce<Tensor | undefined>((sum, share, index) => {
    const part = tf.mul(expert(rows, index), share);
    return sum ? tf.add(sum, part) : part;
  }, undefined)!;
}

/** Each expert on the rows that chose it, put together row by row afterwards. */
function chosenExperts(rows: Tensor, shares: Tensor, expert: Expert, top: number): Tensor {
  const given = matrix(rows);
  const [length] = given.shape;
  const { rowsOf, places, weights } = choose(shares.dataSync<'float32'>(), size(shares, -1), top);
  const made = [...rowsOf].map(([index, own]) => {
    const some = own.length === length ? given : tf.gather(given, tf.tensor1d(own, 'int32'));
    const result = expert(view(some, [...Array<number>(rows.rank - 2).fill(1), ...some.shape]), index);
    return matrix(result);
  });
  const all = tf.concat(made, 0);
  const out = size(all, -1);
  const inOrder = length === 1 ? all : (tf.gather(all, tf.tensor1d(places, 'int32')) as Tensor2D);
  const mixed = tf.matMul(tf.tensor3d(weights, [length, 1, top]), tf.reshape(inOrder, [length, top, out]));
  return tf.reshape(mixed, [...rows.shape.slice(0, -1), out]);
}

interface Choice {
  /** By expert, in the order of their indices: the rows that chose it. */
  readonly rowsOf: ReadonlyMap<number, number[]>;
  /** For each row and choice, where its result stands among those of all experts one after the other. */
  readonly places: Int32Array;
  /** The shares in the same order. */
  readonly weights: Float32Array;
}

function choose(shares: Float32Array, count: number, top: number): Choice {
  const length = shares.length / count;
  const lists = Array.from({ length: count }, (): number[] => []);
  const picks: { readonly index: number; readonly within: number }[] = [];
  const weights = new Float32Array(length * top);
  for (let row = 0; row < length; row++) {
    const own = shares.subarray(row * count, (row + 1) * count);
    for (const [k, index] of largest(own, top).entries()) {
      weights[row * top + k] = own[index]!;
      picks.push({ index, within: lists[index]!.length });
      lists[index]!.push(row);
    }
  }
  let before = 0;
  const starts = lists.map((list) => {
    before += list.length;
    return before - list.length;
  });
  const places = Int32Array.from(picks, ({ index, within }) => starts[index]! + within);
  return { rowsOf: new Map([...lists.entries()].filter(([, list]) => list.length > 0)), places, weights };
}

/** Indices of the `top` largest numbers, rising; of equal ones the first. */
function largest(numbers: Float32Array, top: number): number[] {
  const order = Array.from(numbers.keys()).sort((a, b) => numbers[b]! - numbers[a]! || a - b);
  return order.slice(0, top).sort((a, b) => a - b);
}
