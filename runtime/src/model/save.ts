import { TfmError } from '../errors.js';
import { type CheckpointMap, CheckpointMapError, type FileTensor, type ModelWeight } from '../weights/map.js';
import { nearest } from '../weights/nearest.js';
import { planSave, type SavePlan } from '../weights/save.js';
import type { ModelDefinition } from './definition.js';
import { declaredWeights } from './weight.js';

/** The map that a spec declares under `name`; `undefined` for the spec's own names. Throws TFM5309 for an unknown one. */
export function checkpointMap<Config extends object, Weights extends object>(
  definition: ModelDefinition<Config, Weights>,
  config: Config,
  name: string | undefined,
): CheckpointMap | undefined {
  if (name === undefined) return undefined;
  const maps = definition.checkpoints?.(config) ?? {};
  const map = Object.hasOwn(maps, name) ? maps[name] : undefined;
  if (map) return map;
  const names = Object.keys(maps);
  const near = nearest(name, names, (each) => each);
  const help =
    names.length === 0 ? `${definition.source} declares no checkpoint` : `its checkpoints are ${names.join(', ')}`;
  throw new TfmError(
    'TFM5309',
    `${definition.name} has no checkpoint map '${name}'`,
    near === undefined ? help : `did you mean '${near}'?`,
  );
}

/** The weights of a model as the checkpoint maps see them. `outputs`: those that are wanted. */
export function modelWeights<Config extends object, Weights extends object>(
  definition: ModelDefinition<Config, Weights>,
  config: Config,
  outputs?: readonly string[],
): ModelWeight[] {
  return [...declaredWeights(definition.weights(config) as object)].map(({ path, weight: { shape }, was }) => {
    const [label = ''] = path.split(/[.[]/);
    const needing = definition.partial?.[label];
    const required = needing === undefined || outputs === undefined || needing.some((name) => outputs.includes(name));
    return { path, shape, required, ...(was === path ? {} : { was: [was] }) };
  });
}

/** The file that weights came from: its tensors under the names of a map. */
interface Origin {
  readonly checkpoint: string | undefined;
  readonly tensors: readonly FileTensor[];
}

const origins = new WeakMap<object, Origin>();

/** Remembers where a tree of weights was loaded from, to be written alike. */
export function rememberOrigin(weights: object, origin: Origin): void {
  origins.set(weights, origin);
}

/**
 * How the loaded weights are written: with the names that the file had which they came from, where the map leaves a choice.
 * Throws {@link CheckpointMapError}.
 */
export function savePlan<Config extends object, Weights extends object>(
  definition: ModelDefinition<Config, Weights>,
  config: Config,
  weightTree: Weights,
  checkpoint: string | undefined,
  isLoaded: (path: string) => boolean,
): SavePlan {
  const map = checkpointMap(definition, config, checkpoint);
  const weights = modelWeights(definition, config).filter(({ path }) => isLoaded(path));
  const origin = origins.get(weightTree);
  const like = origin?.checkpoint === checkpoint ? origin?.tensors : undefined;
  const { plan, problems } = planSave(map, weights, like ? { like } : {});
  if (problems !== undefined) throw new CheckpointMapError(checkpoint ?? definition.name, problems);
  return plan;
}
