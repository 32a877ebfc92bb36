import type { Tensor } from '@tensorflow/tfjs';
import { TfmError } from '../errors.js';
import type { InputDefinition } from '../model/definition.js';
import { GenerationState, rowsOf } from '../scope/state.js';
import { cacheCapacity } from './chunks.js';
import type { Decodable, Tensors } from './decodable.js';

/** A state for a prompt of these rows [B, T]; without a capacity it grows by doubling. Throws TFM5307 and TFM5308. */
export function stateFor(
  { generation, growing, inputs, name }: Decodable,
  tensors: Tensors,
  prompt: Tensor,
  { capacity, owner }: { readonly capacity: number | undefined; readonly owner: object },
): GenerationState {
  const [batch = 1, rows = 1] = prompt.shape;
  const most = generation.capacity;
  const chosen = Math.min(capacity ?? cacheCapacity(rows + 1, most), most ?? Number.POSITIVE_INFINITY);
  if (!Number.isSafeInteger(chosen) || chosen < 1) {
    throw new TfmError('TFM5307', `the capacity is ${capacity}`, 'give the most tokens that the sequence can reach');
  }
  if (rows > chosen) throw contextFull(name, rows, chosen);
  const constants = Object.entries(tensors).filter(([input]) => input !== generation.input);
  const [axis] = growing.shape;
  const isShared = ({ shape: [first] }: InputDefinition): boolean =>
    !(first && axis && 'name' in first && 'name' in axis && first.name === axis.name);
  return new GenerationState({
    batch,
    capacity: chosen,
    grows: capacity === undefined,
    constants: Object.fromEntries(constants.map(([input, tensor]) => [input, rowsOf(tensor)])),
    shared: new Set(inputs.filter(isShared).map((input) => input.name)),
    owner,
  });
}

/** Makes room for so many rows in a state that may grow. Throws TFM5308. */
export function makeRoom({ name, generation }: Decodable, state: GenerationState, rows: number): void {
  if (rows <= state.capacity) return;
  const most = state.grows ? generation.capacity : state.capacity;
  if (most !== undefined && rows > most) throw contextFull(name, rows, most);
  state.reserve(cacheCapacity(rows, most));
}

function contextFull(model: string, rows: number, capacity: number): TfmError {
  return new TfmError(
    'TFM5308',
    `${rows} tokens do not fit into the context of this ${model}, which holds ${capacity}`,
  );
}
