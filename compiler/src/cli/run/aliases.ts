import type { CheckpointDeclaration, CheckpointInput, GraphModel } from '../../graph/graph.js';
import { usageFailure } from '../exit.js';

/** What the library that published the weights calls inputs and outputs, by the checkpoint map in use. */
export type Aliases = Pick<CheckpointDeclaration, 'inputs' | 'outputs'>;

/** The names of the map that is named, or of the only one of the spec. */
export function aliasesOf({ checkpoints }: GraphModel, named: string | undefined): Aliases {
  const map = named === undefined ? checkpoints : checkpoints.filter(({ name }) => name === named);
  const [only] = map;
  return map.length === 1 && only ? only : { inputs: [], outputs: [] };
}

/** The name of an input, or of its mask, in a file: the model's own, or else the other library's. */
export function nameInFile(
  own: readonly string[],
  { inputs }: Aliases,
  input: string,
  presence: boolean,
  names: { has(name: string): boolean },
): { readonly name: string; readonly alias?: CheckpointInput } | undefined {
  const written = own.find((name) => names.has(name));
  if (written !== undefined) return { name: written };
  const alias = inputs.find((a) => a.input === input && a.presence === presence && names.has(a.theirs));
  return alias && { name: alias.theirs, alias };
}

/**
 * The names that outputs are written under: the other library's where the inputs came with its names. Throws a failure
 * where two outputs would have the same.
 */
export function outputNamesInFile(outputs: readonly string[], aliases: Aliases, translate: boolean): string[] {
  if (!translate) return [...outputs];
  const names = outputs.map((own) => aliases.outputs.find(({ output }) => output === own)?.theirs ?? own);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice === undefined) return names;
  const same = outputs.filter((_, i) => names[i] === twice);
  throw usageFailure(`${same.join(' and ')} are both called '${twice}'`, `choose one: --output ${same[0]}`);
}
