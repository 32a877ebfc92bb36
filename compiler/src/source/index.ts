/** Files, places in them, and what can be said about them. */
export { type Diagnostic, report, sortDiagnostics } from './diagnostic.js';
export { toGitHub, toJson } from './formats.js';
export { renderDiagnostic, renderDiagnostics } from './frame.js';
export { type Host, memoryHost, normalizePath } from './host.js';
export { type DiagnosticParameters, type MessageDefinition, messages } from './messages.js';
export { editDistance, suggestion } from './suggest.js';
export { lineAndColumn, lineText, offsetAt } from './text.js';
