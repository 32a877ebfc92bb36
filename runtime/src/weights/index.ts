export type { LoadedWeight } from './branch.js';
export { cacheStore, opfsStore } from './browser-stores.js';
export { type Checkpoint, openCheckpoint, type ReadOptions } from './checkpoint.js';
export type { TypedArray } from './decode.js';
export type { Dtype } from './dtypes.js';
export { type TensorToWrite, toSafetensors, type WritableDtype, writeSafetensors } from './encode.js';
export { type HubOptions, hub } from './hub.js';
export { type LoadOptions, type LoadProgress, loadWeights, planLoad } from './load.js';
export {
  type AddStep,
  type AxesStep,
  type CheckpointMap,
  CheckpointMapError,
  type FileTensor,
  type IgnoreRule,
  type MapProblem,
  type MapRule,
  type MapStep,
  type ModelWeight,
  type ReshapeStep,
  type RowsStep,
  type SpecPlace,
  type TransposeStep,
  type UnpackStep,
} from './map.js';
export { fileForm } from './path-pattern.js';
export { rearranged, rearrangedShape } from './rearrange.js';
export { type LoadPlan, type Resolved, type ResolveOptions, resolveMap, type TensorRead } from './resolve.js';
export { SafetensorsError } from './safetensors-error.js';
export { type PlanSaveOptions, planSave, type SaveOptions, type SavePlan, saveCheckpoint } from './save.js';
export {
  type ByteSource,
  type FileLike,
  type OpenOptions,
  openSource,
  type SourceFolder,
  type SourceLike,
} from './source.js';
export { type StoredOptions, stored, type WeightStore } from './store.js';
