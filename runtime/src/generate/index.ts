export type { Prefilled, PrefillOptions } from './decoder.js';
export { GenerativeModel } from './generative-model.js';
export type {
  BatchOptions,
  BeamOptions,
  Completion,
  Finished,
  FinishReason,
  GenerateOptions,
  GenerateProgress,
  ProcessingOptions,
  SamplingOptions,
} from './options.js';
export type { LogitsContext, LogitsProcessor } from './processors/processors.js';
export { Sampler } from './sampling.js';
export type { Score, ScoreOptions } from './score.js';
