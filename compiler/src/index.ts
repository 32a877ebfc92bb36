export { type CompileOptions, type CompileResult, compile } from './compile.js';
export type { Graph } from './graph/graph.js';
export type { Diagnostic } from './source/diagnostic.js';
export { type Host, memoryHost } from './source/host.js';
export { nodeHost } from './source/node-host.js';
