import { listWeights } from '../../explain/weights.js';
import { inputFailure, usageFailure } from '../exit.js';
import type { ChosenModel } from '../spec.js';

/**
 * The checkpoint map to read a file with: the one that is named, none where the file has the model's own names for its weights,
 * or else the only one of the spec. `fileForm` is the runtime's: how it writes the path of a weight in a file.
 */
export function checkpointName(
  { model, configuration }: ChosenModel,
  named: string | undefined,
  fileNames: readonly string[],
  fileForm: (path: string) => string,
): string | undefined {
  const maps = model.checkpoints.map(({ name }) => name);
  if (named !== undefined) {
    if (maps.includes(named)) return named;
    const known =
      maps.length > 0 ? `it has ${maps.join(', ')}` : 'it has none: files have its own names for the weights';
    throw inputFailure(`${model.name} has no checkpoint map '${named}'`, known);
  }
  const file = new Set(fileNames);
  const ownNames = listWeights(model, configuration).every(({ path }) => file.has(fileForm(path)));
  if (ownNames || maps.length === 0) return undefined;
  if (maps.length === 1) return maps[0];
  const choices = maps.map((name) => `--checkpoint ${name}`).join(' or ');
  throw usageFailure(`${model.name} has several checkpoint maps`, `name one: ${choices}`);
}
