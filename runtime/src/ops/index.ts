/** The operators of the graph, each under its name in camel case. */
export * from './activations.js';
export * from './arithmetic.js';
export { type AttendOptions, attend } from './attend/attend.js';
export type { Disposable, OperatorScope, Position, StateCache } from './context.js';
export { type DropoutOptions, dropout } from './dropout.js';
export { type EmbeddingOptions, embedding } from './embedding.js';
export { type Expert, type ExpertsOptions, experts } from './experts.js';
export { type LinearOptions, type LinearWeights, linear, unembed } from './linear.js';
export { and, equal, greater, greaterEqual, less, lessEqual, not, notEqual, or, where, zero } from './logic.js';
export { matmul, reshape, transpose } from './matrices.js';
export { layerNorm, type NormOptions, type NormWeights, rmsNorm, softmax, unit } from './normalize.js';
export {
  axialPositions,
  type LearnedOptions,
  learnedPositions,
  type SinusoidalOptions,
  sinusoidalPositions,
} from './positions.js';
export { gru, gruCell, lstm, lstmCell, type RecurrentOptions, type RecurrentWeights } from './recurrent.js';
export * from './reduce.js';
export { type Interpolation, type ResizeOptions, resize } from './resize.js';
export { type RotaryOptions, rotary } from './rotary.js';
export { type Scanned, type ScanOptions, type ScanStep, scan } from './scan.js';
export { scoredRows } from './scored-rows.js';
export * from './sequence.js';
export { checkId, type TokenCheck, type TokenIds, tokens } from './tokens.js';
export { inTop, type TopOptions, topValues } from './top.js';
