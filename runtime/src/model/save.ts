import { TfmError } from '../errors.js';
import { type CheckpointMap, CheckpointMapError, type ModelWeight } from '../weights/map.js';
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

/** How the loaded weights are written. Throws {@link CheckpointMapError}. */
export function savePlan<Config extends object, Weights extends object>(
  definition: ModelDefinition<Config, Weights>,
  config: Config,
  checkpoint: string | undefined,
  isLoaded: (path: string) => boolean,
): SavePlan {
  const map = checkpointMap(definition, config, checkpoint);
  const weights = modelWeights(definition, config).filter(({ path }) => isLoaded(path));
  const { plan, problems } = planSave(map, weights);
  if (problems !== undefined) throw new CheckpointMapError(checkpoint ?? definition.name, problems);
  return plan;
}
