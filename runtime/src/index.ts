export { type RuntimeErrorCode, runtimeErrors, TfmError } from './errors.js';
export * from './formula/index.js';
export * from './ops/index.js';
