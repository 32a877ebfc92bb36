import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../../../runtime/src/index.js';
import { disagreement } from '../../support/differential/compare.js';
import { forward, generatedModel, weightsOf } from '../../support/differential/generated.js';
import { chooseSizes, randomInputs } from '../../support/differential/inputs.js';
import { smallModels } from '../../support/differential/small.js';
import { type Subject, subjectOfFile, subjectOfText } from '../../support/differential/subject.js';
import { feedsOf, OnnxEntry, resultOf } from './engine.js';
import { modelCases } from './model-cases.js';
import { steps } from './steps.js';

beforeAll(async () => {
  await useBackend('cpu');
});

const subjectOf = ({ text, settings = {} }: (typeof modelCases)[number]) =>
  subjectOfText({ text, model: 'Test', settings, shortest: {} });

/** Outputs of ONNX Runtime that are not those of the generated code, in words. */
async function differences(subject: Subject, opset: number, shortest = 1): Promise<string[]> {
  const model = generatedModel(subject, 1);
  const entry = await OnnxEntry.open(subject, 'forward', opset, await weightsOf(model));
  const problems: string[] = [];
  for (const [seed, length] of [4, 1, 7].entries()) {
    const inputs = randomInputs(subject, chooseSizes(subject, Math.max(length, shortest), seed), seed);
    const expected = await forward(model, inputs);
    const found = await entry.run(feedsOf(inputs));
    for (const [name, result] of expected) {
      const problem = disagreement(resultOf(found[name]!), result);
      if (problem !== undefined) problems.push(`${[...inputs.sizes].join(' ')}: ${name} ${problem}`);
    }
  }
  await entry.close();
  model.dispose();
  return problems;
}

/** The same of a prompt and what follows it, against one pass over everything. */
async function differencesOfSteps(subject: Subject, opset: number): Promise<string[]> {
  const model = generatedModel(subject, 1);
  const inputs = randomInputs(subject, chooseSizes(subject, 7, 3), 5);
  const [whole, weights] = [await forward(model, inputs), await weightsOf(model)];
  const problems = await steps(subject, { opset, weights, inputs, whole });
  model.dispose();
  return problems;
}

describe.each([17, 20, 23, 24])('opset %i', (opset) => {
  test.each(modelCases)('$name', async (of) => {
    expect(await differences(await subjectOf(of), opset, of.shortest)).toEqual([]);
  });

  test.each(modelCases.filter(({ generates }) => generates))('$name, prefill and steps', async (of) => {
    expect(await differencesOfSteps(await subjectOf(of), opset)).toEqual([]);
  });
});

const whole = smallModels.filter(({ spec }) => /\/models\/(bert|seq2seq|vit)\./.test(spec));

describe.each([17, 24])('whole models, opset %i', (opset) => {
  test.each(whole)('$spec $model', async ({ spec, model, settings }) => {
    const subject = await subjectOfFile(spec, model, settings);
    expect(await differences(subject, opset)).toEqual([]);
    if (subject.model.generate) expect(await differencesOfSteps(subject, opset)).toEqual([]);
  });
});
