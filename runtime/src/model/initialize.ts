import type { Variable } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { silenceAdvice } from '../device/quiet.js';
import { openCheckpoint } from '../weights/checkpoint.js';
import type { LoadProgress } from '../weights/load.js';
import type { SourceLike } from '../weights/source.js';
import type { ModelDefinition } from './definition.js';
import { declaredWeights, filledTree } from './weight.js';
import { checkpointWeights } from './weight-stream.js';

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
    variable(initializer(shape, seed, path), shape, trained),
  );
  return [config, weights];
}

/** The configuration and the weights of a checkpoint. Throws `SafetensorsError` and `CheckpointMapError`. */
export async function loadModel<Config extends object, Weights extends object>(
  definition: ModelDefinition<Config, Weights>,
  from: SourceLike,
  { config: given = {}, checkpoint: name, outputs, signal, onProgress }: LoadModelOptions<Config>,
): Promise<[Config, Weights]> {
  silenceAdvice();
  const config = definition.configure(given);
  const declared = definition.weights(config);
  const specifications = new Map(
    [...declaredWeights(declared as object)].map(({ path, weight }) => [path, weight] as const),
  );
  const checkpoint = await openCheckpoint(from, { signal });
  const loaded = new Map<string, Variable>();
  try {
    const weights = checkpointWeights(definition, config, checkpoint, { checkpoint: name, outputs });
    for await (const { path, shape, data } of weights.read({ signal, onProgress })) {
      loaded.set(path, variable(data, shape, specifications.get(path)?.trained ?? true));
    }
  } catch (error) {
    tf.dispose([...loaded.values()]);
    throw error;
  } finally {
    await checkpoint.close();
  }
  return [config, filledTree<Weights>(declared, (path) => loaded.get(path))];
}

function variable(data: Float32Array, shape: readonly number[], trained: boolean): Variable {
  return tf.tidy(() => tf.variable(tf.tensor(data, [...shape], 'float32'), trained));
}
