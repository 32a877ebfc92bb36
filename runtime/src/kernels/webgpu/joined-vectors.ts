import type { TensorInfo } from '@tensorflow/tfjs';
import { unwatched } from '../../replay/tracking.js';
import { beforeDisposal, bufferOf, encoderOf, type GpuBackend } from './backend.js';
import { countOf } from './kernel.js';

/** Vectors behind each other in one tensor. */
export interface JoinedVectors {
  readonly tensor: TensorInfo;
  /** Where each begins, in numbers. */
  readonly starts: readonly number[];
}

interface Kept extends JoinedVectors {
  readonly sources: readonly object[];
}

/** By the data of each vector that is in it. */
const joined = new WeakMap<object, Set<Kept>>();

/**
 * Copies of gains, offsets and biases as one tensor: a shader may bind eight arrays on every device, and on many no more than ten.
 * Made once, and given back with the first of the vectors that is disposed (a variable that is assigned has new data).
 */
export function joinVectors(backend: GpuBackend, vectors: readonly TensorInfo[]): JoinedVectors {
  const sources = vectors.map(({ dataId }) => dataId);
  for (const known of joined.get(sources[0]!) ?? [])
    if (known.sources.length === sources.length && known.sources.every((source, i) => source === sources[i]))
      return known;
  // It belongs to the weights, not to the step of a generation that needs it first.
  const made: Kept = { ...unwatched(() => copyOf(backend, vectors)), sources };
  beforeDisposal(backend, forget);
  for (const source of sources) joined.set(source, (joined.get(source) ?? new Set()).add(made));
  return made;
}

function copyOf(backend: GpuBackend, vectors: readonly TensorInfo[]): JoinedVectors {
  let numbers = 0;
  const starts = vectors.map(({ shape }) => {
    numbers += countOf(shape);
    return numbers - countOf(shape);
  });
  const tensor = backend.makeTensorInfo([numbers], 'float32');
  const to = bufferOf(backend, tensor);
  for (const [i, vector] of vectors.entries()) {
    const bytes = 4 * countOf(vector.shape);
    encoderOf(backend).copyBufferToBuffer(bufferOf(backend, vector), 0, to, 4 * starts[i]!, bytes);
    backend.commandQueueOwnedIds.add(vector.dataId);
  }
  return { tensor, starts };
}

/** What has a part of this data in it is old. */
function forget(backend: GpuBackend, source: object): void {
  for (const known of joined.get(source) ?? []) {
    for (const each of known.sources) joined.get(each)?.delete(known);
    backend.disposeData(known.tensor.dataId);
  }
}
