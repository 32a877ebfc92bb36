import { applyBranch, type LoadedWeight } from './branch.js';
import type { Checkpoint } from './checkpoint.js';
import { type CheckpointMap, CheckpointMapError, type ModelWeight } from './map.js';
import { type LoadPlan, type ResolveOptions, resolveMap, type TensorRead } from './resolve.js';

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
  const files = checkpoint.names().map((name) => ({ name, shape: checkpoint.entry(name).shape }));
  const { plan, problems } = resolveMap(map, weights, files, options);
  if (problems !== undefined) throw new CheckpointMapError(checkpoint.name, problems);
  return plan;
}

/**
 * The weights of a plan, in the order of the file. Every tensor of the file is read once, and at most one is held (a
 * tied copy beside its original). Throws `SafetensorsError` when reading fails, {@link CheckpointMapError} TFM5204
 * when tied copies differ, and the signal's reason when aborted.
 */
export async function* loadWeights(
  checkpoint: Checkpoint,
  plan: LoadPlan,
  options: LoadOptions = {},
): AsyncGenerator<LoadedWeight> {
  const { signal } = options;
  const names = plan.reads.flatMap(({ file, ties }) => [file, ...ties]);
  const totalBytes = names.reduce((total, name) => total + checkpoint.entry(name).bytes, 0);
  let loadedBytes = 0;
  const read = (tensor: string): Promise<Float32Array> => {
    const onBytes = (bytes: number): void => {
      loadedBytes += bytes;
      options.onProgress?.({ loadedBytes, totalBytes, tensor });
    };
    return checkpoint.readFloat32(tensor, { signal, onBytes });
  };
  for (const { path, shape, value } of plan.constants) {
    yield { path, shape, data: new Float32Array(shape.reduce((product, size) => product * size, 1)).fill(value) };
  }
  for (const tensor of plan.reads) {
    signal?.throwIfAborted();
    const data = await read(tensor.file);
    for (const tie of tensor.ties) checkTie(checkpoint, tensor, data, tie, await read(tie));
    for (const branch of tensor.branches) yield* applyBranch(branch, data, checkpoint.entry(tensor.file).shape);
  }
}

function checkTie(
  checkpoint: Checkpoint,
  { file, branches }: TensorRead,
  a: Float32Array,
  tie: string,
  b: Float32Array,
): void {
  let i = 0;
  while (i < a.length && (a[i] === b[i] || (Number.isNaN(a[i]) && Number.isNaN(b[i])))) i++;
  if (i === a.length) return;
  const paths = branches.flatMap(({ uses }) => uses.map(({ path }) => path)).join(', ');
  throw new CheckpointMapError(checkpoint.name, [
    {
      code: 'TFM5204',
      message: `'${file}' and '${tie}' both fill ${paths}, but they differ: element ${i} is ${a[i]} and ${b[i]}`,
      help: 'the model ties these weights; a model with two separate weights needs its own spec',
    },
  ]);
}
