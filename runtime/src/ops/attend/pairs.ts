import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import type { FormulaContext } from '../../formula/context.js';
import { evaluate } from '../../formula/evaluate.js';
import { type Formula, isStatic } from '../../formula/formula.js';
import { float } from '../../formula/on-tensors.js';
import { staticKey, staticTable, tableShape } from '../../formula/static-tensor.js';
import type { PairVector } from '../../kernels/attributes.js';
import { guarded, stepTensor } from '../../replay/tracking.js';
import { once } from '../context.js';
import { distancesOf } from './distances.js';
import { decidesExactly, isExactly } from './exact.js';
import { type Atom, Atoms } from './separate.js';

/** A mask and what is added to scores, as expressions of atoms. */
export interface SeparatedPairs {
  readonly mask: Formula | undefined;
  readonly bias: Formula | undefined;
  readonly atoms: readonly Atom[];
}

/**
 * Formulas that a shader computes for each pair instead of reading a number for it: DALL·E's rows, columns and neighbours, prefixes,
 * the documents of a packed sequence. A shader cannot be trusted with the float32 of a division, a floor or a modulo, so
 * these stay inside of atoms, which are numbers that are made on the CPU in float64 or come from tensors. `undefined` where one of
 * the formulas needs more than that.
 */
export function separated(
  mask: Formula | undefined,
  bias: Formula | undefined,
  context: FormulaContext,
): SeparatedPairs | undefined {
  const atoms = new Atoms(context);
  const ownMask = mask && atoms.separate(mask);
  const ownBias = bias && atoms.separate(bias);
  if ((mask && !ownMask) || (bias && !ownBias)) return undefined;
  const isRight = () =>
    (!ownMask || isExactly(ownMask, atoms.all, context)) && (!ownBias || decidesExactly(ownBias, atoms.all, context));
  return guarded(isRight) ? { mask: ownMask, bias: ownBias, atoms: atoms.all } : undefined;
}

/** The numbers of all atoms as one tensor, made once in a pass for all layers that have the same formulas. */
export function pairVectors(
  atoms: readonly Atom[],
  context: FormulaContext,
): { readonly tensor: Tensor; readonly vectors: readonly PairVector[] } {
  const axes = (atom: Atom) => (atom.byDistance ? distancesOf(context) : context);
  const key = atoms.map((atom) => staticKey(atom.of, axes(atom))).join();
  let made: readonly PairVector[] | undefined;
  const tensor = once(context.scope, `pairs ${context.batch} ${key}`, () =>
    tf.tidy(() => {
      const found = joined(atoms, axes);
      made = found.vectors;
      return found.tensor;
    }),
  );
  const vectors = made ?? known.get(tensor)!;
  known.set(tensor, vectors);
  return { tensor, vectors };
}

const known = new WeakMap<Tensor, readonly PairVector[]>();

/** Those of positions alone first, as numbers that are made for each step of a generation; then what tensors say. */
function joined(atoms: readonly Atom[], axes: (of: Atom) => FormulaContext) {
  const fixed = atoms.filter(({ of }) => isStatic(of));
  const shapes = new Map(fixed.map((atom) => [atom, tableShape(atom.of, axes(atom))]));
  const tensors = new Map(atoms.flatMap((atom) => (shapes.has(atom) ? [] : [[atom, valuesOf(atom.of, axes(atom))]])));
  let from = 0;
  const places = new Map<Atom, number>();
  for (const atom of [...fixed, ...tensors.keys()]) {
    places.set(atom, from);
    from += sizeOf(shapes.get(atom) ?? tensors.get(atom)!.shape);
  }
  const numbers = fixed.reduce((sum, atom) => sum + sizeOf(shapes.get(atom)!), 0);
  const make = () => {
    const all = new Float32Array(numbers);
    for (const atom of fixed) all.set(staticTable(atom.of, axes(atom)).values, places.get(atom)!);
    return all;
  };
  const tables = numbers > 0 ? [stepTensor({ make, shape: [numbers], dtype: 'float32' })] : [];
  const parts = [...tables, ...[...tensors.values()].map((values) => tf.reshape(values, [values.size]))];
  const vectors = atoms.map((atom): PairVector => {
    const shape = (shapes.get(atom) ?? tensors.get(atom)!.shape) as PairVector['shape'];
    return { from: places.get(atom)!, shape, byDistance: atom.byDistance };
  });
  return { tensor: parts.length === 1 ? parts[0]! : tf.concat(parts), vectors };
}

/** A formula as a tensor of four axes, of size 1 where it does not depend on them. */
export function valuesOf(of: Formula, context: FormulaContext): Tensor {
  const value = evaluate(of, context);
  if (typeof value === 'number') return tf.fill([1, 1, 1, 1], value);
  return tf.reshape(float(value), [...Array<number>(4 - value.rank).fill(1), ...value.shape]);
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}
