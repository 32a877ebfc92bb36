import type { Tensor } from '@tensorflow/tfjs';
import { TfmError } from '../errors.js';
import type { BatchOptions, Completion, Finished, GenerateOptions } from '../generate/options.js';
import type { Score, ScoreOptions } from '../generate/score.js';
import type { GenerationDefinition, InputDefinition } from '../model/definition.js';

/** What every generated model has. */
export interface TaskModel {
  readonly definition: { readonly name: string; readonly outputs: readonly string[] };
  readonly inputDefinitions: readonly InputDefinition[];
  readonly generation?: GenerationDefinition;
}

/** A generated model with an output of this name. */
export interface ModelWith<Name extends string> extends TaskModel {
  forward(inputs: never, options: { readonly outputs: readonly Name[] }): Readonly<Record<Name, Tensor>>;
}

/** A generated model whose spec declares `generate`. */
export interface TextModel extends TaskModel {
  readonly generation: GenerationDefinition;
  generate(inputs: never, options: GenerateOptions): AsyncGenerator<number, Finished, undefined>;
  generateBatch(inputs: never, options: BatchOptions): AsyncGenerator<(number | null)[], Finished[], undefined>;
  complete(inputs: never, options: BatchOptions): Promise<Completion[][]>;
  score(inputs: never, options: ScoreOptions): Promise<Score>;
}

/** The names of a model's outputs. */
export type OutputName<M> = M extends { forward(...args: never): infer Outputs } ? keyof Outputs & string : never;

/** The output to read: the one that is named, or the first of the usual ones that the model has. Throws TFM5602. */
export function outputOf(
  { definition: { name, outputs } }: TaskModel,
  named: string | undefined,
  usual: readonly string[],
): string {
  const found = named ?? usual.find((output) => outputs.includes(output));
  if (found !== undefined && outputs.includes(found)) return found;
  const wanted = named === undefined ? usual.join(' or ') : `'${named}'`;
  throw new TfmError('TFM5602', `${name} has no output ${wanted}`, `its outputs are ${outputs.join(', ')}`);
}

/** The only input that must be given for an output, of the type that the task feeds. Throws TFM5602. */
export function inputOf(model: TaskModel, output: string, type: 'token' | 'float'): InputDefinition {
  const needed = neededFor(model, output);
  const [only] = needed;
  if (only && needed.length === 1 && only.type === type) return only;
  const fed = type === 'token' ? 'one text' : 'one image';
  const names = needed.map(({ name }) => name).join(', ');
  throw new TfmError('TFM5602', `'${output}' of ${model.definition.name} reads ${names}, not ${fed}`);
}

/** The inputs without a default that an output needs. */
function neededFor({ inputDefinitions }: TaskModel, output: string): InputDefinition[] {
  return inputDefinitions.filter(
    ({ default: initial, for: outputs }) => initial === undefined && (outputs?.includes(output) ?? true),
  );
}

/** What a prompt is for `generate`. */
export interface PromptInputs {
  readonly inputs: never;
  /** Whether the model continues the prompt; else it is the source of an encoder–decoder. */
  readonly continues: boolean;
}

/**
 * The inputs of `generate` for one prompt as token ids; `start` begins the target of an encoder–decoder, unless the spec does.
 * Throws TFM5602 where the model needs more than a prompt.
 */
export function promptInputsOf(model: TextModel, prompt: readonly number[], start?: number): PromptInputs {
  const { input, continues } = promptInput(model);
  const target = start === undefined ? [] : [start];
  const inputs = continues ? { [input.name]: prompt } : { [input.name]: prompt, [model.generation.input]: target };
  return { inputs: inputs as never, continues };
}

/** Where a prompt goes. Throws TFM5602. */
export function promptInput(model: TextModel): { readonly input: InputDefinition; readonly continues: boolean } {
  const { input: growing, output } = model.generation;
  const others = neededFor(model, output).filter(({ name }) => name !== growing);
  const [source] = others;
  const own = model.inputDefinitions.find(({ name }) => name === growing);
  if (!source && own) return { input: own, continues: true };
  if (source && others.length === 1 && source.type === 'token') return { input: source, continues: false };
  const names = others.map(({ name }) => name).join(', ');
  const help = 'give generate all inputs, with the prompt as token ids';
  throw new TfmError('TFM5602', `a prompt is not enough: ${model.definition.name} also reads ${names}`, help);
}
