import { TfmError } from '../errors.js';
import { type ModelWith, type OutputName, outputOf } from './model.js';
import { largest, softmax } from './scores.js';
import { textRows } from './text-rows.js';
import type { Tokenizer } from './tokenizer.js';

export interface ClassifyOptions<Output extends string = string> {
  /** The names of the classes, by index: `labelsOf(files)`. Default `LABEL_0`, `LABEL_1` … */
  readonly labels?: readonly string[] | undefined;
  /** How many classes. Default all. */
  readonly topK?: number;
  /** Each class is there or not, whatever the others are: sigmoid in the place of softmax. Default: where there is one class. */
  readonly multiLabel?: boolean;
  /** The output with the scores of the classes. Default `class_logits`, or else `logits`. */
  readonly output?: Output;
}

/** A class with its probability. */
export interface Classification {
  readonly label: string;
  readonly score: number;
}

/** A generated model with an output of class scores, [B, classes]. */
export type ClassifierModel = ModelWith<'class_logits'> | ModelWith<'logits'>;

/** The classes of each text with their probabilities, the most likely first. Rejects with TFM5602. */
export async function classifyText<M extends ClassifierModel>(
  model: M,
  tokenizer: Tokenizer,
  texts: readonly string[],
  options: ClassifyOptions<OutputName<M>> = {},
): Promise<Classification[][]> {
  const output = outputOf(model, options.output, ['class_logits', 'logits']);
  const results = await textRows<string>(model as ModelWith<string>, tokenizer, texts, output);
  return results.map(({ rows: [scores], perToken }) => {
    if (scores && !perToken) return classified(scores, options);
    throw notClasses(model.definition.name, output);
  });
}

export function classified(scores: Float32Array, { labels, topK, multiLabel }: ClassifyOptions): Classification[] {
  const sigmoid = multiLabel ?? scores.length === 1;
  const probabilities = sigmoid ? Array.from(scores, (score) => 1 / (1 + Math.exp(-score))) : softmax(scores);
  return largest(probabilities, topK ?? scores.length).map(({ score, index }) => ({
    label: labels?.[index] ?? `LABEL_${index}`,
    score,
  }));
}

export function notClasses(model: string, output: string): TfmError {
  return new TfmError(
    'TFM5602',
    `'${output}' of ${model} does not score classes`,
    'class scores have one row per example',
  );
}
