import type { LoadedWeight } from '../weights/branch.js';
import type { Checkpoint } from '../weights/checkpoint.js';
import { type LoadOptions, loadOrder, loadWeights, planLoad } from '../weights/load.js';
import type { LoadPlan } from '../weights/resolve.js';
import type { ModelDefinition } from './definition.js';
import { checkpointMap, modelWeights } from './save.js';
import { declaredWeights } from './weight.js';

/** The weights of a model one after the other, in the order in which they come cheapest. No backend is needed. */
export interface WeightStream {
  /** The paths, in the order in which `read` gives the weights. */
  readonly paths: readonly string[];
  /** Gives every weight once. Can be called again. */
  read(options?: LoadOptions): AsyncIterable<LoadedWeight>;
}

/** Fresh weights: the same numbers as `Model.init` gives for this seed. */
export function initialWeights<Config extends object, Weights extends object>(
  definition: ModelDefinition<Config, Weights>,
  config: Config,
  seed: number,
): WeightStream {
  const declared = [...declaredWeights(definition.weights(config) as object)];
  return {
    paths: declared.map(({ path }) => path),
    async *read({ signal } = {}) {
      for (const { path, weight } of declared) {
        signal?.throwIfAborted();
        yield { path, shape: weight.shape, data: weight.initializer(weight.shape, seed, path) };
      }
    },
  };
}

export interface CheckpointWeightsOptions {
  /** A checkpoint map of the spec; without it the file has the spec's own names. */
  readonly checkpoint?: string | undefined;
  /** Only these outputs are wanted: weights that only others need may be missing. */
  readonly outputs?: readonly string[] | undefined;
}

/**
 * The weights of a model in an open checkpoint, each of whose bytes is read once. Throws {@link CheckpointMapError} where they
 * do not fit, `TfmError` TFM5309 for an unknown map; `read` rejects as {@link loadWeights} does.
 */
export function checkpointWeights<Config extends object, Weights extends object>(
  definition: ModelDefinition<Config, Weights>,
  config: Config,
  checkpoint: Checkpoint,
  options: CheckpointWeightsOptions = {},
): WeightStream {
  const plan = checkpointPlan(definition, config, checkpoint, options);
  return {
    paths: loadOrder(checkpoint, plan),
    read: (loadOptions) => loadWeights(checkpoint, plan, loadOptions),
  };
}

/** How an open checkpoint fills a model. Throws as {@link checkpointWeights} does. */
export function checkpointPlan<Config extends object, Weights extends object>(
  definition: ModelDefinition<Config, Weights>,
  config: Config,
  checkpoint: Checkpoint,
  { checkpoint: name, outputs }: CheckpointWeightsOptions,
): LoadPlan {
  const map = checkpointMap(definition, config, name);
  return planLoad(checkpoint, map, modelWeights(definition, config, outputs), outputs ? { outputs } : {});
}
