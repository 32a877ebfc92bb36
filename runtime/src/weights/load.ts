import { applyBranch, type LoadedWeight, type RowOf } from './branch.js';
import type { Checkpoint } from './checkpoint.js';
import { type CheckpointMap, CheckpointMapError, type ModelWeight } from './map.js';
import { type LoadPlan, type ResolveOptions, resolveMap } from './resolve.js';
import { type Segment, segmentsOf } from './segments.js';
import { elements, lastTwoSwapped } from './steps.js';

/** How far a load has come; `tensor` is the one being read. */
export interface LoadProgress {
  readonly loadedBytes: number;
  readonly totalBytes: number;
  readonly tensor: string;
}

export interface LoadOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: LoadProgress) => void) | undefined;
}

/** {@link resolveMap} for an open checkpoint. Throws {@link CheckpointMapError} with all problems. */
export function planLoad(
  checkpoint: Checkpoint,
  map: CheckpointMap | undefined,
  weights: readonly ModelWeight[],
  options: ResolveOptions = {},
): LoadPlan {
  const files = checkpoint.names().map((name) => {
    const { shape, transposed } = checkpoint.entry(name);
    return { name, shape, transposed };
  });
  const { plan, problems } = resolveMap(map, weights, files, options);
  if (problems !== undefined) throw new CheckpointMapError(checkpoint.name, problems);
  return plan;
}

/** Some values of a weight. All those of one weight come, in order, before those of the next. */
export interface WeightPiece {
  readonly path: string;
  readonly shape: readonly number[];
  /** Position of the first value in the weight. */
  readonly at: number;
  /** A view of memory that the next piece may use again. */
  readonly values: Float32Array;
}

/**
 * The weights of a plan in the order of the file, piece by piece. Every byte is read once; a tensor that a step turns around is
 * held while that is done, as is a weight whose rows are tensors of their own; others never. Throws `SafetensorsError` when reading fails, {@link CheckpointMapError}
 * TFM5204 when tied copies differ, and the signal's reason when aborted.
 */
export async function* loadPieces(
  checkpoint: Checkpoint,
  plan: LoadPlan,
  options: LoadOptions = {},
): AsyncGenerator<WeightPiece> {
  const gathered = new Map<string, { readonly data: Float32Array; missing: number }>();
  for await (const { row, ...piece } of tensorPieces(checkpoint, plan, options)) {
    if (row === undefined) {
      yield piece;
      continue;
    }
    const { path, shape, at, values } = piece;
    const size = elements(shape);
    const whole = gathered.get(path) ?? { data: new Float32Array(row.count * size), missing: row.count * size };
    whole.data.set(values, row.index * size + at);
    whole.missing -= values.length;
    gathered.set(path, whole);
    if (whole.missing > 0) continue;
    gathered.delete(path);
    yield { path, shape: [row.count, ...shape], at: 0, values: whole.data };
  }
}

/** Pieces of weights, and of rows of weights, as they stand in the file. */
async function* tensorPieces(
  checkpoint: Checkpoint,
  plan: LoadPlan,
  { signal, onProgress }: LoadOptions,
): AsyncGenerator<WeightPiece & { readonly row?: RowOf }> {
  for (const { path, shape, value } of plan.constants) yield* constantPieces(path, shape, value);
  const segments = segmentsIn(checkpoint, plan);
  const totalBytes = Math.round(segments.reduce((total, segment) => total + bytesOf(checkpoint, segment), 0));
  let loadedBytes = 0;
  let held = new Float32Array(0);
  const spans = segments.map(({ file, begin, end }) => ({ tensor: file, begin, end }));
  for await (const { span, at, values, bytes } of checkpoint.pieces(spans, { signal })) {
    signal?.throwIfAborted();
    const segment = segments[span]!;
    const { file, ties, begin, end, shape, branches, direct } = segment;
    for (const tie of ties) loadedBytes += await compareTie(checkpoint, segment, tie, begin + at, values, signal);
    loadedBytes += bytes;
    // Bytes of scales are counted with the numbers that they scale.
    onProgress?.({ loadedBytes: Math.round(loadedBytes), totalBytes, tensor: file });
    if (direct !== undefined) {
      const { path, shape: own, row } = direct;
      yield { path, shape: own, at, values, ...(row && { row }) };
      continue;
    }
    // Pieces are views that the next may use again: so may tensors that are held.
    if (held.length < end - begin) held = new Float32Array(end - begin);
    const whole = held.subarray(0, end - begin);
    whole.set(values, at);
    if (at + values.length < whole.length) continue;
    for (const branch of branches) {
      for (const { path, data, shape: own, row } of applyBranch(branch, whole, shape)) {
        yield { path, shape: own, at: 0, values: data, ...(row && { row }) };
      }
    }
  }
}

function segmentsIn(checkpoint: Checkpoint, { reads }: LoadPlan): readonly Segment[] {
  return reads.flatMap((read) => segmentsOf(read, shapeInFile(checkpoint, read.file)));
}

/** The paths of a plan's weights in the order in which {@link loadWeights} gives them: by where they lie in the file. */
export function loadOrder(checkpoint: Checkpoint, plan: LoadPlan): readonly string[] {
  const read = segmentsIn(checkpoint, plan).flatMap(({ branches }) => branches.flatMap(({ uses }) => uses));
  const inOrder = [...plan.constants, ...read].map(({ path }) => path);
  // A weight whose rows are tensors of their own is complete with the last of them.
  return inOrder.filter((path, i) => inOrder.lastIndexOf(path) === i);
}

/** The weights of a plan, one after the other as they become complete. See {@link loadPieces}. */
export async function* loadWeights(
  checkpoint: Checkpoint,
  plan: LoadPlan,
  options: LoadOptions = {},
): AsyncGenerator<LoadedWeight> {
  let data = new Float32Array(0);
  for await (const { path, shape, at, values } of loadPieces(checkpoint, plan, options)) {
    if (at === 0) data = new Float32Array(elements(shape));
    data.set(values, at);
    if (at + values.length === data.length) yield { path, data, shape };
  }
}

/** Values that are made at a time. */
const CONSTANT_BLOCK = 2 ** 17;

function* constantPieces(path: string, shape: readonly number[], value: number): Generator<WeightPiece> {
  const count = elements(shape);
  const values = new Float32Array(Math.min(count, CONSTANT_BLOCK)).fill(value);
  let at = 0;
  do {
    yield { path, shape, at, values: values.subarray(0, count - at) };
    at += values.length;
  } while (at < count);
}

function shapeInFile(checkpoint: Checkpoint, file: string): readonly number[] {
  const { shape, transposed } = checkpoint.entry(file);
  return transposed ? lastTwoSwapped(shape) : shape;
}

function bytesOf(checkpoint: Checkpoint, { file, ties, begin, end, shape }: Segment): number {
  const names = elements(shape) === 0 ? [] : [file, ...ties];
  return names.reduce((total, name) => {
    const { bytes, shape: whole } = checkpoint.entry(name);
    return total + (bytes / elements(whole)) * (end - begin);
  }, 0);
}

/** Compares the tied copy with elements of the tensor from `begin` on, and says how many bytes it read. */
async function compareTie(
  checkpoint: Checkpoint,
  { file, branches }: Segment,
  tie: string,
  begin: number,
  values: Float32Array,
  signal: AbortSignal | undefined,
): Promise<number> {
  let read = 0;
  const end = begin + values.length;
  for await (const { at, values: others, bytes } of checkpoint.pieces([{ tensor: tie, begin, end }], { signal })) {
    read += bytes;
    const i = others.findIndex((b, k) => {
      const a = values[at + k]!;
      return a !== b && !(Number.isNaN(a) && Number.isNaN(b));
    });
    if (i === -1) continue;
    const paths = branches.flatMap(({ uses }) => uses.map(({ path }) => path)).join(', ');
    const difference = `element ${begin + at + i} is ${values[at + i]} and ${others[i]}`;
    throw new CheckpointMapError(checkpoint.name, [
      {
        code: 'TFM5204',
        message: `'${file}' and '${tie}' both fill ${paths}, but they differ: ${difference}`,
        help: 'the model ties these weights; a model with two separate weights needs its own spec',
      },
    ]);
  }
  return read;
}
