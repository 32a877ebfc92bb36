import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { checkLater } from '../device/gpu-errors.js';
import { activeDevice } from '../device/webgpu.js';
import { TfmError } from '../errors.js';
import { checkId } from '../ops/tokens.js';
import { nearest } from '../weights/nearest.js';
import type { InputDefinition, InputSize } from './definition.js';
import type { BooleanValues, Packed } from './input-types.js';
import { DTYPES, type Flat, flatten, isPacked, listLengths } from './numbers.js';
import { setPresence } from './presence.js';

/** Sizes by the names of the dimensions, and where each was bound. */
type Sizes = Map<string, { readonly value: number; readonly by: string }>;

export interface ReadOptions {
  /** The outputs that are wanted: what only others need may be missing. */
  readonly outputs?: readonly string[];
  /** An input that may be missing or empty, or lists of different lengths: the prompt of a generation. */
  readonly growing?: string;
}

/**
 * What the user gave as tensors, checked against the declarations: types, shapes, dimensions that several inputs share,
 * token ids. New tensors are made in the caller's `tf.tidy`. Throws TFM5303, TFM5304, TFM5401.
 */
export function readInputs(
  model: string,
  definitions: readonly InputDefinition[],
  given: object,
  { outputs, growing }: ReadOptions = {},
): Record<string, Tensor> {
  refuseUnknown(model, definitions, given);
  const sizes: Sizes = new Map();
  const tensors: Record<string, Tensor> = {};
  const values = new Map<string, unknown>(Object.entries(given));
  for (const input of definitions) {
    const value = values.get(input.name);
    if (value !== undefined) tensors[input.name] = readInput(input, value, sizes, input.name === growing);
  }
  for (const input of definitions) {
    if (tensors[input.name] !== undefined || input.name === growing) continue;
    if (input.default !== undefined) tensors[input.name] = filled(input, input.default, sizes);
    else if (isNeeded(input, outputs)) throw missing(model, input);
  }
  checkDerived(definitions, tensors, sizes);
  return tensors;
}

/** Sizes that depend on dimensions which later inputs bound. */
function checkDerived(definitions: readonly InputDefinition[], tensors: Record<string, Tensor>, sizes: Sizes): void {
  for (const input of definitions) {
    const shape = tensors[input.name]?.shape;
    if (shape === undefined) continue;
    input.shape.forEach((size, axis) => {
      bindAxis(input, size, shape[axis] ?? 0, `${input.type}[${shape.join(', ')}]`, sizes);
    });
  }
}

const isNeeded = (input: InputDefinition, outputs: readonly string[] | undefined): boolean =>
  input.for === undefined || outputs === undefined || input.for.some((output) => outputs.includes(output));

/** `tokens: token[B, T ≤ context = 1024]`. */
export function declaration({ name, type, shape }: InputDefinition): string {
  const sizes = shape.map((size) => {
    if ('name' in size)
      return size.most === undefined ? size.name : `${size.name} ≤ ${named(size.mostText, size.most)}`;
    return typeof size.value === 'number' ? named(size.text, size.value) : size.text;
  });
  return `${name}: ${type}[${sizes.join(', ')}]`;
}

const named = (text: string | undefined, value: number): string =>
  text === undefined || text === String(value) ? String(value) : `${text} = ${value}`;

function readInput(input: InputDefinition, given: unknown, sizes: Sizes, grows: boolean): Tensor {
  const packed: Packed<BooleanValues> = isPacked(given) ? given : { values: given as BooleanValues };
  const { values } = packed;
  const tensor = values instanceof tf.Tensor ? fromTensor(input, values) : fromNumbers(input, packed, grows);
  const batched = withBatch(input, tensor);
  bind(input, batched.shape, sizes);
  attachPresence(input, batched, packed);
  return batched;
}

function fromTensor(input: InputDefinition, tensor: Tensor): Tensor {
  const wanted = DTYPES[input.type];
  const fits = tensor.dtype === wanted || (wanted !== 'int32' && tensor.dtype !== 'string');
  if (!fits) throw misfit(input, `a tensor of dtype ${tensor.dtype}`, `make it with dtype '${wanted}'`);
  if (tensor.isDisposed) throw misfit(input, 'a tensor that was disposed');
  if (input.of !== undefined) checkTensorIds(input, tensor, input.of);
  return tensor.dtype === wanted ? tf.clone(tensor) : tf.cast(tensor, wanted);
}

/** Ids that lie on a GPU can only be read asynchronously: what is wrong with them, the next `read` tells. */
function checkTensorIds(input: InputDefinition, tensor: Tensor, vocabulary: number): void {
  const device = activeDevice();
  if (device) checkLater(device, checkIdsOnGpu(input, tf.keep(tf.clone(tensor)), vocabulary));
  else checkIds(input, { shape: tensor.shape, data: tensor.dataSync<'int32'>() }, vocabulary);
}

async function checkIdsOnGpu(input: InputDefinition, own: Tensor, vocabulary: number): Promise<void> {
  try {
    checkIds(input, { shape: own.shape, data: await own.data<'int32'>() }, vocabulary);
  } finally {
    own.dispose();
  }
}

function fromNumbers(input: InputDefinition, packed: Packed<BooleanValues>, grows: boolean): Tensor {
  const { values, shape } = packed;
  if (typeof values !== 'object' || values === null || values instanceof tf.Tensor) throw misfit(input, String(values));
  const ragged = grows || input.presence === true || packed.lengths !== undefined;
  const flat = flatten(values, input.type, shape, ragged ? (input.pad ?? 0) : undefined);
  if ('problem' in flat) throw misfit(input, flat.problem);
  if (input.of !== undefined) checkIds(input, flat, input.of);
  return tf.tensor(flat.data, [...flat.shape], DTYPES[input.type]);
}

function checkIds({ name }: InputDefinition, { shape, data }: Flat, vocabulary: number): void {
  for (let i = 0; i < data.length; i++) {
    const id = data[i] ?? 0;
    if (id < 0 || id >= vocabulary) checkId(id, vocabulary, `${name}${indices(i, shape)}`);
  }
}

function indices(flat: number, shape: readonly number[]): string {
  let rest = flat;
  const found: number[] = [];
  for (const size of [...shape].reverse()) {
    found.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return found.map((index) => `[${index}]`).join('');
}

/** One example where a batch is declared becomes a batch of one. */
function withBatch({ shape }: InputDefinition, tensor: Tensor): Tensor {
  const [first] = shape;
  const batched = first !== undefined && 'name' in first && tensor.rank === shape.length - 1;
  return batched ? tf.expandDims(tensor, 0) : tensor;
}

function bind(input: InputDefinition, shape: readonly number[], sizes: Sizes): void {
  const given = `${input.type}[${shape.join(', ')}]`;
  if (shape.length !== input.shape.length) throw misfit(input, given);
  input.shape.forEach((size, axis) => {
    bindAxis(input, size, shape[axis] ?? 0, given, sizes);
  });
}

function bindAxis(input: InputDefinition, size: InputSize, value: number, given: string, sizes: Sizes): void {
  if (!('name' in size)) {
    const expected = sizeOf(size, sizes);
    if (expected !== undefined && expected !== value)
      throw misfit(input, `${given}: ${named(size.text, expected)}, not ${value}`);
    return;
  }
  const bound = sizes.get(size.name);
  if (bound && bound.value !== value) {
    throw misfit(input, `${given}: ${size.name} = ${value}, but ${bound.by} has ${size.name} = ${bound.value}`);
  }
  if (size.most !== undefined && value > size.most) {
    throw misfit(input, `${given}: ${size.name} = ${value} is more than ${named(size.mostText, size.most)}`);
  }
  if (value === 0) throw misfit(input, `${given}: ${size.name} = 0`);
  if (!bound) sizes.set(size.name, { value, by: input.name });
}

function sizeOf(size: InputSize, sizes: Sizes): number | undefined {
  if ('name' in size) return sizes.get(size.name)?.value;
  if (typeof size.value === 'number') return size.value;
  const value = size.value(Object.fromEntries([...sizes].map(([name, bound]) => [name, bound.value])));
  // A dimension that a later input binds: NaN until then.
  return Number.isNaN(value) ? undefined : value;
}

function attachPresence(
  input: InputDefinition,
  tensor: Tensor,
  { lengths, present, values }: Packed<BooleanValues>,
): void {
  const counts = lengths ?? (input.presence === true ? listLengths(values) : undefined);
  if (counts === undefined && present === undefined) return;
  const [batch = 0, length = 0] = tensor.shape;
  if (present !== undefined) {
    const mask = fromAny(input, present);
    if (mask.shape[0] !== batch || mask.shape[1] !== length || mask.rank !== 2) {
      throw misfit(input, `a presence of shape [${mask.shape.join(', ')}] for values of [${tensor.shape.join(', ')}]`);
    }
    setPresence(tensor, mask);
    return;
  }
  const wrong = counts?.find((count) => !Number.isInteger(count) || count < 0 || count > length);
  if (counts?.length !== batch || wrong !== undefined) {
    throw misfit(input, `lengths [${counts?.join(', ')}] for ${batch} sequences of ${length} rows`);
  }
  const rows = counts.flatMap((count) => Array.from({ length }, (_, t) => t < count));
  setPresence(tensor, tf.tensor2d(rows, [batch, length], 'bool'));
}

function fromAny(input: InputDefinition, given: BooleanValues): Tensor {
  if (given instanceof tf.Tensor) return tf.cast(given, 'bool');
  const flat = flatten(given, 'bool', undefined, undefined);
  if ('problem' in flat) throw misfit(input, `a presence where ${flat.problem}`);
  const mask = tf.tensor(flat.data, [...flat.shape], 'bool');
  return mask.rank === 1 ? tf.expandDims(mask, 0) : mask;
}

function filled(input: InputDefinition, value: number | boolean, sizes: Sizes): Tensor {
  const shape = input.shape.map((size) => {
    const known = sizeOf(size, sizes);
    if (known === undefined)
      throw misfit(input, `no value, and nothing else tells its size '${'name' in size ? size.name : size.text}'`);
    return known;
  });
  return tf.cast(tf.fill(shape, Number(value)), DTYPES[input.type]);
}

function refuseUnknown(model: string, definitions: readonly InputDefinition[], given: object): void {
  for (const name of Object.keys(given)) {
    if (definitions.some((input) => input.name === name)) continue;
    const near = nearest(name, definitions, (input) => input.name);
    const all = definitions.map(declaration).join(', ');
    throw new TfmError(
      'TFM5304',
      `${model} has no input '${name}'`,
      near ? `did you mean '${near.name}'?` : `its inputs are ${all}`,
    );
  }
}

function missing(model: string, input: InputDefinition): TfmError {
  return new TfmError('TFM5304', `${model} needs the input ${declaration(input)}`);
}

function misfit(input: InputDefinition, given: string, help?: string): TfmError {
  return new TfmError('TFM5303', `${declaration(input)} was given ${given}`, help);
}
