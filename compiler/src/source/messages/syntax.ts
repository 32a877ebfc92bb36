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
  nested_too_deeply: {
    code: 'TFM1003',
    severity: 'error',
    title: 'expressions are nested too deeply',
    message: 'this is nested more than {most} levels deep',
    help: 'give inner parts a name with let or block',
  },
  unknown_escape: {
    code: 'TFM1004',
    severity: 'error',
    title: 'a string contains an unknown escape',
    message: 'the escape {escape} is not known',
    help: 'known escapes: \\" \\\\ \\n \\t',
  },
} as const satisfies Record<string, MessageDefinition>;
