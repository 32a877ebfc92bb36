export { type CompileOptions, type CompileResult, compile } from './compile.js';
export type { Graph } from './graph/graph.js';
export type { Diagnostic } from './source/diagnostic.js';
export { type Explanation, explanations } from './source/explanations/index.js';
export { type FrameOptions, renderDiagnostic, renderDiagnostics } from './source/frame.js';
export { type Host, memoryHost } from './source/host.js';
export { type MessageDefinition, messages } from './source/messages.js';
export { nodeHost } from './source/node-host.js';
