export { activeBackend, type BackendName, useBackend } from './backend.js';
export { read, type TensorData } from './read.js';
export type { WasmOptions, WasmPaths } from './wasm.js';
