import type { GraphModel } from '../../graph/graph.js';
import { allNodes } from '../../graph/uses.js';
import { inputFailure } from '../exit.js';

type Values = Float32Array | Int32Array | Uint8Array;

/**
 * How many rows of padding stand in front of each sequence, for a model that reads no mask because its rows see none behind
 * them. Throws a failure where there is padding between real rows.
 */
export function frontPadding(
  mask: ArrayLike<number>,
  [batch = 0, rows = 0]: readonly number[],
  name: string,
): number[] {
  return Array.from({ length: batch }, (_, b) => {
    const isReal = Array.from({ length: rows }, (_row, t) => mask[b * rows + t] !== 0);
    const first = Math.max(0, isReal.indexOf(true));
    const last = isReal.lastIndexOf(true);
    if (!isReal.slice(first, last).includes(false)) return first;
    const help = 'the model reads no mask: leave such rows out, or put their padding in front or at the end';
    throw inputFailure(`'${name}' has padding between real tokens, in row ${b}`, help);
  });
}

/** Rows of [B, T, …] moved so many places to the front; those that fall off stand at the end. Negative numbers move them back. */
export function moveRows<V extends Values>(values: V, shape: readonly number[], shifts: readonly number[]): V {
  const [, rows = 1, ...others] = shape;
  const row = others.reduce((product, size) => product * size, 1);
  const moved = values.slice() as V;
  for (const [b, shift] of shifts.entries()) {
    const own = values.subarray(b * rows * row, (b + 1) * rows * row);
    const cut = ((shift + rows) % rows) * row;
    moved.set(own.subarray(cut), b * rows * row);
    moved.set(own.subarray(0, cut), (b + 1) * rows * row - cut);
  }
  return moved;
}

/** Whether the rows of an output are those of an input, one for one. */
export function hasRowsOf(model: GraphModel, input: string, output: string): boolean {
  const length = model.inputs.find(({ name }) => name === input)?.type.shape[1];
  const own = model.outputs.find(({ name }) => name === output)?.type.shape[1];
  const isDimension = typeof length === 'object' && length.kind === 'dimension';
  return isDimension && typeof own === 'object' && own.kind === 'dimension' && own.name === length.name;
}

/**
 * Whether a model adds something for where a row stands. Libraries differ in whether padding in front counts there; rotations and
 * distances are the same either way.
 */
export function addsPositions({ main, functions }: GraphModel): boolean {
  return [main, ...functions].some(({ body }) =>
    [...allNodes(body)].some((node) => node.kind === 'operator' && absolute.has(node.operator)),
  );
}

const absolute: ReadonlySet<string> = new Set(['sinusoidal_positions', 'learned_positions', 'axial_positions']);
