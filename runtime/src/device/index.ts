export { activeBackend, type BackendName, type BackendOptions, useBackend } from './backend.js';
export { read, type TensorData } from './read.js';
export type { WasmOptions, WasmPaths } from './wasm.js';
export type { WebGpuOptions } from './webgpu.js';
