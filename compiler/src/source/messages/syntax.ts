import type { MessageDefinition } from '../messages.js';

/** TFM1…: what is not tfm at all. The parser says what it expected; `{problem}` is its message. */
export const syntaxMessages = {
  lexical: {
    code: 'TFM1001',
    severity: 'error',
    title: 'characters that are no part of the language',
    message: '{problem}',
  },
  syntax: {
    code: 'TFM1002',
    severity: 'error',
    title: 'the text does not follow the grammar',
    message: '{problem}',
  },
} as const satisfies Record<string, MessageDefinition>;
