import type { DataType, Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import type { InputDefinition } from './definition.js';
import type { BooleanValues, Packed } from './input-types.js';

/** Values in one flat list, with their shape. */
export interface Flat {
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array | Uint8Array;
}

export const isPacked = (given: unknown): given is Packed<BooleanValues> =>
  typeof given === 'object' &&
  given !== null &&
  !(given instanceof tf.Tensor) &&
  'values' in given &&
  !Array.isArray(given) &&
  !ArrayBuffer.isView(given);

const ARRAYS = { token: Int32Array, int: Int32Array, float: Float32Array, bool: Uint8Array } as const;

/** The dtype of tfjs for a type of the language. */
export const DTYPES = { token: 'int32', int: 'int32', float: 'float32', bool: 'bool' } as const satisfies Record<
  InputDefinition['type'],
  DataType
>;

/**
 * Nested lists or a typed array as one flat list. `problem` where the lists do not form a box (padding makes them one
 * where `pad` is given) or hold something else than numbers.
 */
export function flatten(
  given: Exclude<BooleanValues, Tensor>,
  type: InputDefinition['type'],
  shape: readonly number[] | undefined,
  pad: number | undefined,
): Flat | { readonly problem: string } {
  if (ArrayBuffer.isView(given)) {
    const data = ARRAYS[type].from(Array.from(given as unknown as ArrayLike<number | bigint>, Number));
    return withShape(data, shape ?? [data.length]);
  }
  const box = boxOf(given);
  const numbers: number[] = [];
  const problem = collect(given, box, 0, pad, numbers, '');
  if (problem !== undefined) return { problem };
  const wrong = type === 'float' ? undefined : numbers.findIndex((value) => !Number.isInteger(value));
  if (wrong !== undefined && wrong >= 0)
    return { problem: `element ${wrong} is ${numbers[wrong]}, which is not a whole number` };
  return withShape(ARRAYS[type].from(numbers), shape ?? box);
}

function withShape(data: Flat['data'], shape: readonly number[]): Flat | { readonly problem: string } {
  const size = shape.reduce((product, n) => product * n, 1);
  return size === data.length
    ? { shape, data }
    : { problem: `${data.length} values do not fill the shape [${shape.join(', ')}]` };
}

type List = readonly unknown[];

/** The sizes of the smallest box around nested lists. */
function boxOf(list: List): number[] {
  const inner = list.filter((item): item is List => Array.isArray(item)).map(boxOf);
  const [first] = inner;
  if (!first) return [list.length];
  return [list.length, ...first.map((_, axis) => Math.max(...inner.map((sizes) => sizes[axis] ?? 0)))];
}

function collect(
  list: List,
  box: readonly number[],
  axis: number,
  pad: number | undefined,
  to: number[],
  path: string,
): string | undefined {
  const length = box[axis] ?? 0;
  const last = axis === box.length - 1;
  if (list.length !== length && (pad === undefined || !last)) {
    return `the list${path && ` ${path}`} has ${list.length} items, others have ${length}`;
  }
  for (const [index, item] of list.entries()) {
    const at = `${path}[${index}]`;
    if (last) {
      if (typeof item !== 'number' && typeof item !== 'boolean')
        return `${at} is ${Array.isArray(item) ? 'a list' : String(item)}, not a number`;
      to.push(Number(item));
    } else {
      if (!Array.isArray(item)) return `${at} is ${String(item)}, others there are lists`;
      const problem = collect(item as List, box, axis + 1, pad, to, at);
      if (problem !== undefined) return problem;
    }
  }
  for (let index = list.length; index < length; index++) to.push(pad ?? 0);
  return undefined;
}

/** The lengths of the innermost lists, where a padded input is given as lists of different lengths. */
export function listLengths(given: unknown): number[] | undefined {
  if (!Array.isArray(given) || given.length === 0 || !given.every((item) => Array.isArray(item))) return undefined;
  const lengths = given.map((item) => (item as List).length);
  return lengths.every((length) => length === lengths[0]) ? undefined : lengths;
}
