import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { read } from '../device/read.js';
import { TfmError } from '../errors.js';
import type { InputDefinition } from '../model/definition.js';
import type { BooleanValues, Packed } from '../model/input-types.js';
import { flatten, isPacked, listLengths } from '../model/numbers.js';

type TypedNumbers = Int32Array | Float32Array | Uint8Array;

export interface PromptSize {
  /** Sequences, where the prompt tells: an empty one does not. */
  readonly batch: number | undefined;
  /** Tokens of each sequence; for an empty prompt the one of `start`, if any. */
  readonly lengths: readonly number[];
}

/**
 * The sizes of a prompt as given, without making a tensor: what is on a GPU cannot be read now.
 *
 * @throws TfmError TFM5303 for an empty sequence among others, and for padding that is not at the end.
 */
export function promptSize(inputs: object, growing: InputDefinition): PromptSize {
  const given = givenFor(inputs, growing.name);
  const [batch, rows] = sizes(given);
  if (rows === 0) {
    return { batch: isEmptyBatch(given) ? batch : undefined, lengths: [growing.start === undefined ? 0 : 1] };
  }
  const lengths = realRows(given, batch, rows, growing) ?? Array<number>(batch).fill(rows);
  const empty = lengths.indexOf(0);
  if (empty >= 0) {
    const help = growing.start === undefined ? 'give every sequence a token' : `begin it with ${growing.start}`;
    throw new TfmError('TFM5303', `sequence ${empty} of ${growing.name} is empty, others are not`, help);
  }
  return { batch, lengths };
}

/** The inputs, with a prompt that lies on a GPU read back: processors and states ask for its tokens. */
export async function readablePrompt<Inputs extends object>(inputs: Inputs, growing: InputDefinition): Promise<Inputs> {
  const given = givenFor(inputs, growing.name);
  const values = isPacked(given) ? given.values : given;
  if (!(values instanceof tf.Tensor) || tf.getBackend() !== 'webgpu') return inputs;
  const numbers = { values: (await read(values)) as Int32Array, shape: values.shape };
  return { ...inputs, [growing.name]: isPacked(given) ? { ...given, ...numbers } : numbers };
}

/** The real tokens of each sequence of a prompt; `undefined` where they are a tensor on a GPU, which cannot be read in time. */
export function promptTokens(inputs: object, growing: InputDefinition, batch: number): number[][] | undefined {
  const given = givenFor(inputs, growing.name);
  const [, rows] = sizes(given);
  const { lengths } = promptSize(inputs, growing);
  if (rows === 0) return Array.from({ length: batch }, () => (growing.start === undefined ? [] : [growing.start]));
  const values = isPacked(given) ? given.values : given;
  const flat = values instanceof tf.Tensor ? tensorTokens(values) : listTokens(given, growing);
  return flat && lengths.map((length, b) => Array.from(flat.subarray(b * rows, b * rows + length)));
}

function tensorTokens(values: Tensor): TypedNumbers | undefined {
  return tf.getBackend() === 'webgpu' ? undefined : values.dataSync();
}

function listTokens(given: unknown, growing: InputDefinition): TypedNumbers | undefined {
  const { values, shape }: Packed<BooleanValues> = isPacked(given) ? given : { values: given as BooleanValues };
  if (values instanceof tf.Tensor) return undefined;
  const flat = flatten(values, growing.type, shape, growing.pad ?? 0);
  return 'problem' in flat ? undefined : flat.data;
}

/** The inputs, without the growing one where it is empty. */
export function withoutEmptyPrompt<Inputs extends object>(inputs: Inputs, growing: InputDefinition): Inputs {
  if (sizes(givenFor(inputs, growing.name))[1] > 0) return inputs;
  return Object.fromEntries(Object.entries(inputs).filter(([name]) => name !== growing.name)) as Inputs;
}

function givenFor(inputs: object, name: string): unknown {
  return new Map<string, unknown>(Object.entries(inputs)).get(name);
}

/** `[[], []]` */
const isEmptyBatch = (given: unknown): boolean => Array.isArray(given) && given.length > 0;

function sizes(given: unknown): [batch: number, rows: number] {
  if (given === undefined) return [1, 0];
  if (isPacked(given)) return given.shape ? ofShape(given.shape) : sizes(given.values);
  if (given instanceof tf.Tensor) return ofShape(given.shape);
  if (ArrayBuffer.isView(given)) return [1, (given as Int32Array).length];
  if (!Array.isArray(given)) return [1, 1];
  const lists = (given as unknown[]).filter((row) => Array.isArray(row));
  return lists.length === 0 ? [1, given.length] : [given.length, Math.max(...lists.map((row) => row.length))];
}

function ofShape(shape: readonly number[]): [batch: number, rows: number] {
  return shape.length === 1 ? [1, shape[0] ?? 0] : [shape[0] ?? 1, shape[1] ?? 0];
}

/** The lengths of the sequences, where something says so; what does not fit the values is told when they are read. */
function realRows(
  given: unknown,
  batch: number,
  rows: number,
  growing: InputDefinition,
): readonly number[] | undefined {
  if (!isPacked(given)) return listLengths(given);
  if (given.lengths) {
    const fits = given.lengths.length === batch && given.lengths.every((length) => length >= 0 && length <= rows);
    return fits ? given.lengths : undefined;
  }
  if (given.present === undefined) return listLengths(given.values);
  const present = numbersOf(given.present, growing);
  if (present?.length !== batch * rows) return undefined;
  return Array.from({ length: batch }, (_, b) => lengthOf(present.subarray(b * rows, (b + 1) * rows), b, growing));
}

function numbersOf(present: NonNullable<Packed<BooleanValues>['present']>, { name }: InputDefinition) {
  if (present instanceof tf.Tensor) return tensorNumbers(present, name);
  const flat = flatten(present, 'bool', undefined, undefined);
  return 'problem' in flat ? undefined : flat.data;
}

function tensorNumbers(present: Tensor, name: string) {
  if (tf.getBackend() !== 'webgpu') return present.dataSync();
  const help = `give ${name} with lengths, or with a presence that is no tensor`;
  throw new TfmError('TFM5303', `the presence of ${name} is on the GPU, where it cannot be read in time`, help);
}

/** The number of real rows, which must come first: new tokens follow the last of them. */
function lengthOf(present: ArrayLike<number>, sequence: number, { name }: InputDefinition): number {
  const flags = Array.from(present, (flag) => flag !== 0);
  const length = flags.lastIndexOf(true) + 1;
  if (flags.indexOf(false) >= length || !flags.includes(false)) return length;
  const help = 'pad at the end of each sequence';
  throw new TfmError('TFM5303', `sequence ${sequence} of ${name} has padding in front of its tokens`, help);
}
