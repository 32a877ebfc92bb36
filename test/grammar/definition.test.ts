import { expect, test } from 'vitest';
import { TfmParser } from '../../grammar/src/parser.js';
import { makeLexer } from '../../grammar/src/tokens.js';

// Chevrotain's checks of its own input cost time at each start: they run here and nowhere else.

test('no two alternatives of the grammar begin alike', () => {
  expect(() => new TfmParser({ validate: true })).not.toThrow();
});

test('every token can be read', () => {
  expect(makeLexer(true).lexerDefinitionErrors).toEqual([]);
});
