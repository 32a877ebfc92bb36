export { type ConfigurationReader, configuration, requireThat } from './configuration.js';
export { requireRuntime, runtimeContract } from './contract.js';
export {
  type Computed,
  dimension,
  type GenerationDefinition,
  type InputDefinition,
  type InputSize,
  type InputTensors,
  lazily,
  type ModelDefinition,
  size,
} from './definition.js';
export { type InitOptions, initialize, type LoadModelOptions, loadModel } from './initialize.js';
export {
  constant,
  type Initializer,
  normal,
  orthogonal,
  truncatedNormal,
  uniform,
  xavierNormal,
  xavierUniform,
} from './initializers.js';
export type {
  BooleanValues,
  BoolInput,
  FloatInput,
  IntInput,
  LabelInput,
  Packed,
  TokenInput,
  Values,
} from './input-types.js';
export { type ForwardOptions, type LossOptions, Model, type OutputTensors, type SaveModelOptions } from './model.js';
export { present } from './presence.js';
export { type Declared, renamed, times, type WeightOptions, WeightSpecification, weight } from './weight.js';
export { copyWeights, restoreWeights, type WeightCopies } from './weight-copies.js';
export {
  type CheckpointWeightsOptions,
  checkpointWeights,
  initialWeights,
  type WeightStream,
} from './weight-stream.js';
