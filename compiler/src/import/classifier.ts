import type { ConfigReader } from './config.js';
import type { Departure, Family } from './family.js';

/** `pad_token_id` of the families whose configs may leave it out and mean one. */
const usualPad: Readonly<Record<string, number>> = {
  ...{ opt: 1, gemma: 0, gemma2: 0, gemma3_text: 0, phi3: 32000, olmo: 1, olmo2: 1, olmo3: 1, smollm3: 128004 },
};

/** The classes of classifiers on top of a decoder, with the output that each has. */
export function classifierClasses(prefix: string): Family['architectures'] {
  return {
    [`${prefix}ForSequenceClassification`]: ['class_logits'],
    [`${prefix}ForTokenClassification`]: ['tag_logits'],
    [`${prefix}ForQuestionAnswering`]: ['start_logits', 'end_logits'],
  };
}

/**
 * How a class that sorts texts or tokens departs from its family's decoder: scores of classes stand in the place of those of the
 * next token. A text is judged by its last token that is not padding, which alone has read all of it.
 */
export function classifierDepartures(config: ConfigReader, architecture: string): readonly Departure[] {
  const classes = labelCount(config);
  if (architecture.endsWith('ForTokenClassification')) {
    return headed('tag_logits', `float[B, T, ${classes}] = state -> linear(${classes}) as score`);
  }
  if (architecture.endsWith('ForQuestionAnswering')) return answering(architecture);
  if (!architecture.endsWith('ForSequenceClassification')) return [];
  const pad = config.optional('pad_token_id', usualPad[String(config.any('model_type'))] ?? null);
  const last = pad === null ? 'at(-1)' : `LastToken(tokens, pad: ${pad})`;
  const scores = `float[B, ${classes}] = state -> ${last} -> linear(${classes}, bias: false) as score`;
  if (pad === null) return headed('class_logits', scores);
  return [
    [/^/, 'import { LastToken } from "std/heads"\n'],
    [/(input tokens: token\[[^\]]*\] of vocab)/, `$1 pad ${pad}`],
    ...headed('class_logits', scores),
  ];
}

/** The scores, their name and their weights in the original library, in the place of those of the next token. */
function headed(output: string, scores: string): readonly Departure[] {
  return instead(`output ${output}: ${scores}`, `output ${output} = "logits"`, 'score = "score" or "classifier"');
}

/** Classes that call the decoder by another name than the others of their families do. */
const renamed = /^(Llama|Qwen2|Qwen3|Qwen3Moe|SmolLM3)ForQ/;

/** Where the answer to a question begins, and where it ends. */
function answering(architecture: string): readonly Departure[] {
  const outputs = `let (start, end) = state -> linear(2) as answer -> split(1, 1)
  output start_logits: float[B, T] = start -> sum
  output end_logits: float[B, T] = end -> sum`;
  const names = 'output start_logits = "start_logits"\n    output end_logits = "end_logits"';
  return [
    ...instead(outputs, names, 'answer = "qa_outputs"'),
    ...(renamed.test(architecture) ? [[/\(model\.\)\?/g, '(transformer.)?'] as const] : []),
  ];
}

/** Other outputs in the place of the scores of the next token, with their names and weights in the original library. */
function instead(outputs: string, names: string, weights: string): readonly Departure[] {
  return [
    [/(?:\n {2}\/\/\/[^\n]*)*\n {2}output logits:[\s\S]*?\n(?=\n)/, `\n  ${outputs}\n`],
    [/\n {2}generate tokens from logits\n/, ''],
    [/\n {4}[^\n]* for logits[^\n]*|$/, ''],
    ['output state = "last_hidden_state"', `input tokens.present = "attention_mask"\n    ${names}`],
    [/(\n {4}input tokens\.present [^\n]*\n[^\n]*)/, `$1\n    ${weights}`],
    [/\bcausal\b/g, 'causal and present(tokens)'],
    [/\n {2}output state: ([^=]*) =/, '\n  let state ='],
  ];
}

/** How many classes a classifier tells apart. */
export function labelCount(config: ConfigReader): number {
  const labels = config.any('id2label');
  const named = typeof labels === 'object' && labels !== null ? Object.keys(labels).length : 2;
  return config.number(['num_labels', '_num_labels'], named);
}
