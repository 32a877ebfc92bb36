import type { MessageDefinition } from '../messages.js';

/** TFM9…: mistakes of the compiler, not of the user. */
export const internalMessages = {
  internal: {
    code: 'TFM9001',
    severity: 'error',
    title: 'a mistake of the compiler',
    message: 'the compiler failed here: {problem}',
    help: 'this is a mistake of tfm; please report it with the spec',
  },
  graph_invalid: {
    code: 'TFM9002',
    severity: 'error',
    title: 'a graph does not follow its schema',
    message: '{path} {problem}',
    help: 'did you mean {suggestion}?',
  },
  graph_malformed: {
    code: 'TFM9004',
    severity: 'error',
    title: 'a graph is no JSON',
    message: '{path} is no JSON: {problem}',
  },
  graph_version: {
    code: 'TFM9003',
    severity: 'error',
    title: 'a graph of another version',
    message: 'this graph has version {found}; this compiler reads version {expected}',
  },
} as const satisfies Record<string, MessageDefinition>;
