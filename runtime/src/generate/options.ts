import type { SamplingOptions } from './sampling.js';

/** Over all sequences. */
export interface GenerateProgress {
  /** Tokens of the prompt that were processed. */
  readonly promptTokens: number;
  /** New tokens so far. */
  readonly newTokens: number;
}

export interface GenerateOptions extends SamplingOptions {
  /** Default: until the context is full. A model without a limit of its own needs it. */
  readonly maxNewTokens?: number;
  /** Generation ends with one of these, which is not yielded. Default: the input's `stop`, where the spec has one. */
  readonly stopTokens?: readonly number[];
  /** Aborting rejects with the signal's reason and gives all memory back. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: GenerateProgress) => void;
}

export interface BatchOptions extends Omit<GenerateOptions, 'seed'> {
  /** One for all sequences, each of which then gives what it gives alone, or one for each. Default 0. */
  readonly seed?: number | readonly number[];
}

/** Why a generation ended: a stop token, `maxNewTokens`, or a full context. */
export type FinishReason = 'stop' | 'length' | 'context';

/** What a generation returns when it is done. */
export interface Finished {
  readonly reason: FinishReason;
  readonly promptTokens: number;
  readonly newTokens: number;
}
