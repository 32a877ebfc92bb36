import type { GenerationState } from '../scope/state.js';
import type { LogitsContext, LogitsProcessor } from './processors/processors.js';

/** How one token is drawn from logits. */
export interface SamplingOptions {
  /** Divides the logits; 0 takes the most likely token. Default 1. */
  readonly temperature?: number;
  /** Only the k most likely tokens (Fan et al. 2018). Default all. */
  readonly topK?: number;
  /** Only the most likely tokens that together have this probability (nucleus sampling, Holtzman et al. 2020). Default 1. */
  readonly topP?: number;
  /** Only tokens with at least this share of the probability of the most likely one (Nguyen et al. 2024). Default 0. */
  readonly minP?: number;
  /** Only the most typical tokens that together have this probability (Meister et al. 2023). Default 1. */
  readonly typicalP?: number;
  /** The same seed gives the same tokens. Default 0. */
  readonly seed?: number;
}

/** What is done to the logits before a token is drawn; also in a beam search. */
export interface ProcessingOptions extends Omit<SamplingOptions, 'seed'> {
  /** Divides positive logits of tokens in the sequence, multiplies negative ones (Keskar et al. 2019). Default 1. */
  readonly repetitionPenalty?: number;
  /** Subtracted from the logit of a generated token, as often as it was generated. Default 0. */
  readonly frequencyPenalty?: number;
  /** Subtracted once from the logit of every generated token. Default 0. */
  readonly presencePenalty?: number;
  /** No sequence of so many tokens occurs twice (Paulus et al. 2018). Default 0: they may. */
  readonly noRepeatNgramSize?: number;
  /** Added to the logits of tokens, by id; −Infinity forbids one. */
  readonly logitBias?: Readonly<Record<number, number>>;
  /** Token sequences that must not occur. */
  readonly badWords?: readonly (readonly number[])[];
  /** Tokens that must not occur. */
  readonly suppressTokens?: readonly number[];
  /** Tokens that the new ones must not begin with; behind `forcedBos`, where that is set. */
  readonly beginSuppressTokens?: readonly number[];
  /** The token behind a start token: the first new one, where the prompt is one token (`forced_bos_token_id`). */
  readonly forcedBos?: number;
  /** The last new token of a sequence that `maxNewTokens` ends (`forced_eos_token_id`). */
  readonly forcedEos?: number;
  /** No stop token before so many new tokens. Default 0. */
  readonly minNewTokens?: number;
  /** The new tokens are one of these sequences, and nothing else. */
  readonly choices?: readonly (readonly number[])[];
  /** Functions that change the logits after all of these, and before temperature and truncation. */
  readonly logitsProcessors?: readonly LogitsProcessor[];
}

/** Over all sequences. */
export interface GenerateProgress {
  /** Tokens of the prompt that were processed. */
  readonly promptTokens: number;
  /** New tokens so far. */
  readonly newTokens: number;
}

export interface BeamOptions {
  /** Beams of a beam search; 1 draws tokens one by one. Default 1. */
  readonly beams?: number;
  /** Sequences are ranked by log-probability / length^lengthPenalty: above 0 prefers long ones. Default 1. */
  readonly lengthPenalty?: number;
  /**
   * When a beam search ends. true: as soon as there are as many finished sequences as beams. false: when the best running
   * beam, ranked at its length now, is no better than the worst of them. 'never': when no running beam can become better.
   * Default false.
   */
  readonly earlyStopping?: boolean | 'never';
}

export interface GenerateOptions extends ProcessingOptions, BeamOptions {
  readonly seed?: number;
  /** Default: until the context is full. A model without a limit of its own needs it, or stop tokens. */
  readonly maxNewTokens?: number;
  /** Generation ends with one of these, which is not yielded. Default: the input's `stop`, where the spec has one. */
  readonly stopTokens?: readonly number[];
  /** Asked after each token, which stays: true ends the sequence. */
  readonly stopWhen?: (context: LogitsContext) => boolean;
  /**
   * A state to begin in and to leave for the next call: what of the prompt it has already seen is not computed again. It
   * stays the caller's. With several samples or beams it holds the prompt afterwards, and no new tokens.
   */
  readonly state?: GenerationState;
  /** Aborting rejects with the signal's reason and gives all memory back. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: GenerateProgress) => void;
  /** Called for every new token; `sequence` counts through the batch. A beam search calls it when it is over. */
  readonly onToken?: (token: number, sequence: number) => void;
}

export interface BatchOptions extends Omit<GenerateOptions, 'seed'> {
  /** One for all prompts, each of which then gives what it gives alone, or one for each. Default 0. */
  readonly seed?: number | readonly number[];
  /**
   * Sequences for each prompt, which are neighbours in the result: drawn independently, the first as without `samples`; of a beam
   * search the best, best first. Default 1.
   */
  readonly samples?: number;
}

/** Why a generation ended: a stop token, a condition or a complete choice; `maxNewTokens`; or a full context. */
export type FinishReason = 'stop' | 'length' | 'context';

/** What a generation returns when it is done. */
export interface Finished {
  readonly reason: FinishReason;
  readonly promptTokens: number;
  readonly newTokens: number;
}

/** One generated sequence. */
export interface Completion extends Finished {
  /** Without the prompt and the stop token. */
  readonly tokens: readonly number[];
  /**
   * Sum of log p(token) over the new tokens and the stop token: by the model's own probabilities; in a beam search by those that
   * the processors left.
   */
  readonly logProbability: number;
  /** What it is ranked by: log-probability / length^lengthPenalty in a beam search, else the log-probability. */
  readonly score: number;
}
