/** Models as files: ONNX protobuf, with weights streamed in. */
export { type NamedModel, type PlannedFile, planFiles } from './plan.js';
export { opsets } from './schema.js';
export { comparingSink, FileError, fileSink, memorySink } from './sinks.js';
export { type WeightSource, writeFiles } from './write.js';
