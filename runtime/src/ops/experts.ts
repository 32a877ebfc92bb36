import type { Tensor, Tensor2D } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { route, routesRows } from '../kernels/experts.js';
import { chosenWeights, mixture, ReadsChosenWeight, takeChosenRows } from '../lazy/chosen.js';
import type { OperatorScope } from './context.js';
import { describe, matrix, misfit, size, view } from './shapes.js';
import { inTop } from './top.js';

export interface ExpertsOptions<Own> {
  /** How many experts each row goes through. */
  readonly top: number;
  /** The weights of each expert, all alike: with them only chosen experts run also where the choice is not read. */
  readonly weights?: readonly Own[] | undefined;
}

/**
 * Runs one expert on some of the rows: [.., features] → [.., out], with as many axes as the rows of the mixture have. `own`
 * are its weights. It may be given the rows of several experts, and weights that are another expert's in each row.
 */
export type Expert<Own = undefined> = (rows: Tensor, index: number, own: Own) => Tensor;

/**
 * A mixture of experts: Σ share · expert(row) over the `top` experts with the largest shares of each row (Shazeer et al.
 * 2017, equation 1); of equal shares the first count. rows [.., features], shares [.., experts] → [.., out].
 *
 * In inference only chosen experts run, and the weights of others are not read. On wasm and WebGPU the choice stays where the
 * shares are; where an expert reads its weights in another way than in linear layers, wasm and cpu read the choice, and on WebGPU every expert
 * runs on all rows. So it does for a gradient and for `explain`.
 *
 * @throws TfmError TFM5404 where the shares are not one for each row and expert, or `top` is more than there are.
 */
export function experts<Own = undefined>(
  rows: Tensor,
  shares: Tensor,
  expert: Expert<Own>,
  { top, weights }: ExpertsOptions<Own>,
  scope?: OperatorScope,
): Tensor {
  const count = size(shares, -1);
  const fits = shares.rank === rows.rank && shares.shape.slice(0, -1).every((n, axis) => n === rows.shape[axis]);
  if (!fits || !Number.isSafeInteger(top) || top < 1 || top > count)
    throw misfit('experts', `${top} experts of each row of ${describe(rows)} by shares ${describe(shares)}`);
  const run: RunExpert = (some, index) => expert(some, index, weights?.[index] as Own);
  const everywhere = tf.engine().isTapeOn() || scope?.training || scope?.recording || rows.size === 0;
  return tf.tidy(() => {
    if (everywhere) return allExperts(rows, shares, run, top);
    const routed = weights?.length === count && routedExperts(rows, shares, expert, weights, top);
    if (routed) return routed;
    return (tf.getBackend() === 'webgpu' ? allExperts : chosenExperts)(rows, shares, run, top);
  });
}

type RunExpert = (rows: Tensor, index: number) => Tensor;

/** Weights of mixtures whose experts cannot run all at once. */
const readElsewhere = new WeakSet<object>();

/** All experts at once on the rows that chose them, each row with the weights of its expert; `undefined` where that cannot be. */
function routedExperts<Own>(
  rows: Tensor,
  shares: Tensor,
  expert: Expert<Own>,
  weights: readonly Own[],
  top: number,
): Tensor | undefined {
  if (!routesRows() || rows.dtype !== 'float32' || readElsewhere.has(weights)) return undefined;
  try {
    return tf.tidy(() => {
      const given = matrix(rows);
      const routing = route(shares, top);
      const slots = takeChosenRows(given, routing, [
        ...Array<number>(rows.rank - 2).fill(1),
        ...[routing.pairs, size(rows, -1)],
      ]);
      const results = matrix(expert(slots, 0, chosenWeights(weights, routing)));
      return mixture(results, routing, [...rows.shape.slice(0, -1), size(results, -1)]);
    });
  } catch (error) {
    if (!(error instanceof ReadsChosenWeight)) throw error;
    readElsewhere.add(weights);
    return undefined;
  }
}

/** Every expert on every row; the shares of those that a row did not choose are 0. */
function allExperts(rows: Tensor, shares: Tensor, expert: RunExpert, top: number): Tensor {
  const count = size(shares, -1);
  const chosen = top === count ? shares : tf.where(inTop(shares, { count: top }), shares, tf.zerosLike(shares));
  const columns = tf.split(chosen, count, -1);
  return columns.reduce<Tensor | undefined>((sum, share, index) => {
    const part = tf.mul(expert(rows, index), share);
    return sum ? tf.add(sum, part) : part;
  }, undefined)!;
}

/** Each expert on the rows that chose it, put together row by row afterwards. */
function chosenExperts(rows: Tensor, shares: Tensor, expert: RunExpert, top: number): Tensor {
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
