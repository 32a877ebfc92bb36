import type { TensorInfo } from '@tensorflow/tfjs';
import { unwatched } from '../../replay/tracking.js';
import { beforeDisposal, bufferOf, encoderOf, type GpuBackend, type GpuData } from './backend.js';
import { countOf } from './kernel.js';

/** The numbers of several weights of one shape behind each other in one buffer. */
export interface Stack {
  readonly tensor: TensorInfo;
  /** The first weight that is in it, by its place in the list, and the first that is not. */
  readonly first: number;
  readonly end: number;
}

/** A stack, and the weights whose only numbers it has. */
interface Owner {
  readonly stack: Stack;
  /** The data of the stack; others once it is found no more, so that a recorded step which reads it is seen to be old. */
  data: TensorInfo;
  readonly sources: readonly object[];
  readonly needing: Set<object>;
}

const known = new WeakMap<object, Owner>();
const owners = new WeakMap<object, Owner>();

/**
 * A list of weights, such as those of all experts, as one buffer or few, so that a shader can choose among them: bindings it cannot. Weights
 * stay in memory once: their own buffers are given back, and where something else reads such a weight, it gets a buffer again. A stack goes with
 * the weights in it (a variable that is assigned has new data).
 *
 * @param mostBytes Of a stack: what a shader may bind.
 */
export function stacksOf(backend: GpuBackend, weights: readonly TensorInfo[], mostBytes: number): readonly Stack[] {
  const bytes = 4 * countOf(weights[0]!.shape);
  const most = Math.max(1, Math.floor(mostBytes / bytes));
  const count = Math.ceil(weights.length / most);
  return Array.from({ length: count }, (_, i) => {
    const first = i * most;
    return stackOf(backend, weights.slice(first, first + most), first);
  });
}

function stackOf(backend: GpuBackend, weights: readonly TensorInfo[], first: number): Stack {
  const sources = weights.map(({ dataId }) => dataId);
  const found = known.get(sources[0]!);
  const isSame = found?.sources.length === sources.length && found.sources.every((source, i) => source === sources[i]);
  if (found && isSame) {
    for (const [place, weight] of weights.entries()) evict(backend, weight, found, place);
    return found.stack;
  }
  if (found) retire(backend, found);
  const owner = makeStack(backend, weights, sources, first);
  for (const [place, weight] of weights.entries()) evict(backend, weight, owner, place);
  backend.submitQueue(); // no more memory is taken than for one stack, until the weights' own is given back
  return owner.stack;
}

function makeStack(
  backend: GpuBackend,
  weights: readonly TensorInfo[],
  sources: readonly object[],
  first: number,
): Owner {
  const numbers = countOf(weights[0]!.shape);
  // It belongs to the weights, not to the step of a generation that needs it first.
  const tensor = unwatched(() => backend.makeTensorInfo([weights.length * numbers], 'float32'));
  const to = bufferOf(backend, tensor);
  for (const [place, weight] of weights.entries()) {
    const from = bufferOf(backend, weight);
    encoderOf(backend).copyBufferToBuffer(from, 0, to, 4 * numbers * place, 4 * numbers);
    for (const id of [weight.dataId, tensor.dataId]) backend.commandQueueOwnedIds.add(id);
  }
  const stack = { tensor, first, end: first + weights.length };
  const owner: Owner = { stack, data: tensor, sources, needing: new Set() };
  known.set(sources[0]!, owner);
  beforeDisposal(backend, forget);
  return owner;
}

/** Gives back the buffer of a weight that is in a stack. */
function evict(backend: GpuBackend, { dataId, shape }: TensorInfo, owner: Owner, place: number): void {
  if (owner.needing.has(dataId)) return;
  const data = backend.tensorMap.get(dataId);
  const bytes = 4 * countOf(shape);
  // When what was asked for so far is done, and not to the pool, which would keep the memory.
  if (data.resource) backend.stagingPendingDisposal.push(data.resource);
  data.values = null;
  owner.needing.add(dataId);
  owners.set(dataId, owner);
  Object.defineProperty(data, 'resource', {
    configurable: true,
    enumerable: true,
    get: () => restore(backend, dataId, data, { owner, from: place * bytes, bytes }),
    set: (resource: GPUBuffer | undefined) => release(backend, dataId, data, resource),
  });
}

interface Place {
  readonly owner: Owner;
  readonly from: number;
  readonly bytes: number;
}

/** A buffer of its own for a weight that something else reads. */
function restore(backend: GpuBackend, dataId: object, data: GpuData, { owner, from, bytes }: Place): GPUBuffer {
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
  const buffer = backend.bufferManager.acquireBuffer(bytes, usage);
  const stack = bufferOf(backend, owner.data);
  encoderOf(backend).copyBufferToBuffer(stack, from, buffer, 0, bytes);
  for (const id of [dataId, owner.data.dataId]) backend.commandQueueOwnedIds.add(id);
  release(backend, dataId, data, buffer);
  return buffer;
}

/** A weight that needs its stack no longer: it has a buffer, or it is gone. */
function release(backend: GpuBackend, dataId: object, data: GpuData, resource: GPUBuffer | undefined): void {
  Object.defineProperty(data, 'resource', { configurable: true, enumerable: true, writable: true, value: resource });
  const owner = owners.get(dataId);
  owners.delete(dataId);
  owner?.needing.delete(dataId);
  if (owner?.needing.size === 0 && known.get(owner.sources[0]!) !== owner) backend.disposeData(owner.data.dataId);
}

function forget(backend: GpuBackend, dataId: object): void {
  const owner = owners.get(dataId) ?? known.get(dataId);
  if (!owner) return;
  retire(backend, owner);
  if (owner.needing.has(dataId)) release(backend, dataId, backend.tensorMap.get(dataId), undefined);
}

/** A stack with a weight that is gone is found no more; it goes with the last weight whose numbers it has. */
function retire(backend: GpuBackend, owner: Owner): void {
  if (known.get(owner.sources[0]!) !== owner) return;
  known.delete(owner.sources[0]!);
  const { data } = owner;
  if (owner.needing.size > 0) {
    owner.data = unwatched(() => backend.makeTensorInfo(data.shape, 'float32'));
    backend.tensorMap.get(owner.data.dataId).resource = bufferOf(backend, data);
    backend.tensorMap.get(data.dataId).resource = undefined;
  }
  backend.disposeData(data.dataId);
}
