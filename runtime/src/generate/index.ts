export { GenerativeModel, type Prefilled, type PrefillOptions } from './generative-model.js';
export type { BatchOptions, Finished, FinishReason, GenerateOptions, GenerateProgress } from './options.js';
export { Sampler, type SamplingOptions } from './sampling.js';
