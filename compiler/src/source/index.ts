/** Files, places in them, and what can be said about them. */
export {
  type Diagnostic,
  hasErrors,
  type Label,
  type Report,
  report,
  sortDiagnostics,
} from './diagnostic.js';
export { type JsonReport, toGitHub, toJson } from './formats.js';
export { type FrameOptions, renderDiagnostic, renderDiagnostics } from './frame.js';
export { type Host, memoryHost, normalizePath } from './host.js';
export {
  type DiagnosticName,
  type DiagnosticParameters,
  type MessageDefinition,
  messages,
  type Severity,
} from './messages.js';
export { editDistance, suggestion } from './suggest.js';
export { type LineAndColumn, lineAndColumn, lineText, offsetAt } from './text.js';
