import type { Tensor, Variable } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { silenceAdvice } from '../device/quiet.js';
import { openCheckpoint } from '../weights/checkpoint.js';
import { type LoadProgress, loadPieces, type WeightPiece } from '../weights/load.js';
import type { SourceLike } from '../weights/source.js';
import type { ModelDefinition } from './definition.js';
import { rememberOrigin } from './save.js';
import { type DeclaredWeight, declaredWeights, filledTree } from './weight.js';
import { requireRoom, type WeightRoom, weightRoom } from './weight-room.js';
import { checkpointPlan } from './weight-stream.js';

export interface InitOptions<Config> {
  /** What differs from the defaults. */
  readonly config?: Partial<Config>;
  /** Default 0. */
  readonly seed?: number;
}

export interface LoadModelOptions<Config> {
  readonly config?: Partial<Config>;
  /** A checkpoint map of the spec; without it the file has the spec's own names. */
  readonly checkpoint?: string;
  /** Only these outputs are wanted: weights that only others need may be missing. */
  readonly outputs?: readonly string[];
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: LoadProgress) => void;
}

/**
 * The configuration and fresh weights. Every weight's numbers come from the seed and its path alone, so they do not
 * depend on the backend or on the other weights.
 */
export function initialize<Config extends object, Weights extends object>(
  definition: ModelDefinition<Config, Weights>,
  { config: given = {}, seed = 0 }: InitOptions<Config>,
): [Config, Weights] {
  silenceAdvice();
  const config = definition.configure(given);
  const weights = filledTree<Weights>(definition.weights(config), (path, { shape, initializer, trained }) =>
    variableOf(tf.tensor(initializer(shape, seed, path), [...shape], 'float32'), trained),
  );
  return [config, weights];
}

/**
 * The configuration and the weights of a checkpoint. They go from the file into the memory of the active backend piece by piece,
 * and where that fails nothing stays there. Throws `SafetensorsError`, `CheckpointMapError`, and `TfmError` TFM5504.
 */
export async function loadModel<Config extends object, Weights extends object>(
  definition: ModelDefinition<Config, Weights>,
  from: SourceLike,
  { config: given = {}, checkpoint: name, outputs, signal, onProgress }: LoadModelOptions<Config>,
): Promise<[Config, Weights]> {
  silenceAdvice();
  const config = definition.configure(given);
  const declared = definition.weights(config);
  const checkpoint = await openCheckpoint(from, { signal });
  try {
    const plan = checkpointPlan(definition, config, checkpoint, { checkpoint: name, outputs });
    const absent = new Set(plan.absent);
    const wanted = [...declaredWeights(declared as object)].filter(({ path }) => !absent.has(path));
    const loaded = await fillWeights(loadPieces(checkpoint, plan, { signal, onProgress }), wanted);
    const weights = filledTree<Weights>(declared, (path) => loaded.get(path));
    const names = plan.reads.flatMap(({ file, ties }) => [file, ...ties]);
    const tensors = names.map((tensor) => ({ name: tensor, shape: checkpoint.entry(tensor).shape }));
    rememberOrigin(weights, { checkpoint: name, tensors });
    return [config, weights];
  } finally {
    await checkpoint.close();
  }
}

/** A variable for each of these weights. Where the pieces end early or fail, none. */
async function fillWeights(
  pieces: AsyncIterable<WeightPiece>,
  wanted: readonly DeclaredWeight[],
): Promise<Map<string, Variable>> {
  requireRoom(wanted.map(({ weight }) => weight.shape));
  const rooms = new Map<string, WeightRoom>();
  try {
    for await (const { path, shape, at, values } of pieces) {
      const room = rooms.get(path) ?? weightRoom(shape);
      rooms.set(path, room);
      room.put(at, values);
    }
  } catch (error) {
    for (const { tensor } of rooms.values()) tensor.dispose();
    throw error;
  }
  const tensors = [...rooms].map(([path, room]) => [path, room.tensor] as const);
  const trained = new Map(wanted.map(({ path, weight }) => [path, weight.trained]));
  return new Map(tensors.map(([path, tensor]) => [path, variableOf(tensor, trained.get(path) ?? true)]));
}

function variableOf(tensor: Tensor, trained: boolean): Variable {
  const variable = tf.variable(tensor, trained);
  tensor.dispose(); // the variable has the same data
  return variable;
}
