import type { ProcessingOptions } from '../options.js';
import { allowOnly, banRepeatedNgrams, banTokens, banWords, force } from './bans.js';
import type { Choices } from './choices.js';
import { penalizeCounts, penalizeRepetition } from './penalties.js';
import { keepMinP, keepTopK, keepTopP, keepTypical, warm } from './truncation.js';

/** Where in a generation a processor is asked. */
export interface LogitsContext {
  /** The sequence so far: the prompt and what was generated. It grows in place: copy it to keep it. */
  readonly tokens: readonly number[];
  /** How many of them are the prompt's. */
  readonly promptTokens: number;
  /** Which sequence of the batch it is. */
  readonly sequence: number;
}

/** Changes logits [vocab] in place, or gives others. −∞ forbids a token. In a beam search they are log-probabilities. */
// biome-ignore lint/suspicious/noConfusingVoidType: a function that changes them in place returns nothing
export type LogitsProcessor = (logits: Float32Array, context: LogitsContext) => Float32Array | void;

/** What options ask for, in the order of Hugging Face's `generate`; the caller's own processors come last. */
export function processorsFor(
  options: ProcessingOptions & { readonly maxNewTokens?: number },
  stops: ReadonlySet<number>,
  choices: Choices | undefined,
): LogitsProcessor[] {
  const { logitBias, repetitionPenalty = 1, noRepeatNgramSize = 0, badWords = [], minNewTokens = 0 } = options;
  const { frequencyPenalty: frequency = 0, presencePenalty: presence = 0 } = options;
  const all: LogitsProcessor[] = [];
  if (logitBias) {
    const biases = Object.entries(logitBias).map(([token, bias]) => [Number(token), bias] as const);
    all.push((logits) => {
      for (const [token, bias] of biases) if (token < logits.length) logits[token]! += bias;
    });
  }
  if (repetitionPenalty !== 1) all.push((logits, { tokens }) => penalizeRepetition(logits, tokens, repetitionPenalty));
  if (frequency !== 0 || presence !== 0) {
    all.push((logits, at) => penalizeCounts(logits, newTokens(at), { frequency, presence }));
  }
  if (noRepeatNgramSize > 0) all.push((logits, { tokens }) => banRepeatedNgrams(logits, tokens, noRepeatNgramSize));
  if (badWords.length > 0) all.push((logits, { tokens }) => banWords(logits, tokens, badWords));
  if (minNewTokens > 0) {
    all.push((logits, { tokens, promptTokens }) => {
      if (tokens.length - promptTokens < minNewTokens) banTokens(logits, stops);
    });
  }
  if (choices) all.push((logits, at) => allowOnly(logits, choices.allowed(newTokens(at))));
  return [...all, ...forcingProcessors(options), ...(options.logitsProcessors ?? [])];
}

/** Tokens that must or must not stand at the beginning or the end. */
function forcingProcessors(options: Parameters<typeof processorsFor>[0]): LogitsProcessor[] {
  const { forcedBos, forcedEos, maxNewTokens, suppressTokens = [], beginSuppressTokens = [] } = options;
  const all: LogitsProcessor[] = [];
  if (forcedBos !== undefined) {
    all.push((logits, { tokens }) => {
      if (tokens.length === 1) force(logits, forcedBos);
    });
  }
  if (forcedEos !== undefined && maxNewTokens !== undefined) {
    all.push((logits, { tokens, promptTokens }) => {
      if (tokens.length === promptTokens + maxNewTokens - 1) force(logits, forcedEos);
    });
  }
  if (suppressTokens.length > 0) all.push((logits) => banTokens(logits, suppressTokens));
  if (beginSuppressTokens.length > 0) {
    all.push((logits, { tokens, promptTokens }) => {
      const first = forcedBos !== undefined && promptTokens === 1 ? 2 : promptTokens;
      if (tokens.length === first) banTokens(logits, beginSuppressTokens);
    });
  }
  return all;
}

/** What sampling makes of the logits before it draws, in Hugging Face's order. */
export function truncate(
  logits: Float32Array,
  { temperature = 1, topK, topP = 1, minP = 0, typicalP = 1 }: ProcessingOptions,
): void {
  if (temperature !== 1) warm(logits, temperature);
  if (topK !== undefined) keepTopK(logits, topK);
  if (topP < 1) keepTopP(logits, topP);
  if (minP > 0) keepMinP(logits, minP);
  if (typicalP < 1) keepTypical(logits, typicalP);
}

/** The logits after all processors, one after the other. */
export function processed(
  logits: Float32Array,
  processors: readonly LogitsProcessor[],
  context: LogitsContext,
): Float32Array {
  return processors.reduce((current, process) => process(current, context) ?? current, logits);
}

const newTokens = ({ tokens, promptTokens }: LogitsContext): readonly number[] => tokens.slice(promptTokens);
