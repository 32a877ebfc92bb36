import fs from 'node:fs';
import { test } from 'vitest';
import { emitTypeScript } from '../../compiler/src/emit/typescript/index.js';
import { useBackend } from '../../runtime/src/index.js';
import { generatedModel } from '../support/differential/generated.js';
import { subjectOfText } from '../support/differential/subject.js';

test('t', async () => {
  const text = fs.readFileSync('/tmp/tfm/spec-generator/one.tfm', 'utf8');
  await useBackend('cpu');
  const subject = await subjectOfText({ text, model: 'Made', settings: {}, shortest: {} });
  fs.writeFileSync('/tmp/tfm/spec-generator/one.ts', (await emitTypeScript(subject.graph, { toolVersion: '0' })).text);
  fs.writeFileSync('/tmp/tfm/spec-generator/one.json', JSON.stringify(subject.graph, null, 1));
  const model = generatedModel(subject, 1);
  const f = model.forward({ tokens: [[1]] });
  console.log(Object.entries(f).map(([n, t]) => n + ' ' + t.shape));
  try {
    console.log(model.prefill({ tokens: [[1]] }, { capacity: 5 }).logits.shape);
  } catch (e) {
    console.log(e);
  }
});
