import { mkdirSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { emitTypeScript } from '../../../compiler/src/emit/typescript/index.js';
import { gpt2 } from './fixtures/gpt2.js';

const options = { toolVersion: '0.1.0' };

test('the same graph gives the same text', async () => {
  const { text } = await emitTypeScript(gpt2, options);
  mkdirSync('/tmp/tfm/model', { recursive: true });
  writeFileSync('/tmp/tfm/model/gpt2.ts', text);
  expect((await emitTypeScript(gpt2, options)).text).toBe(text);
});
