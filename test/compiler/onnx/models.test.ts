import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../../../runtime/src/index.js';
import { disagreement } from '../../support/differential/compare.js';
import { forward, generatedModel, weightsOf } from '../../support/differential/generated.js';
import { chooseSizes, type Inputs, randomInputs } from '../../support/differential/inputs.js';
import { subjectOfText } from '../../support/differential/subject.js';
import { feedsOf, OnnxEntry, resultOf } from './engine.js';
import { modelCases } from './model-cases.js';
import { steps } from './steps.js';

beforeAll(async () => {
  await useBackend('cpu');
});

const subjectOf = ({ text, settings = {} }: (typeof modelCases)[number]) =>
  subjectOfText({ text, model: 'Test', settings, shortest: {} });

describe.each([17, 20, 23, 24])('opset %i', (opset) => {
  test.each(modelCases)('$name', async (of) => {
    const subject = await subjectOf(of);
    const model = generatedModel(subject, 1);
    const entry = await OnnxEntry.open(subject, 'forward', opset, await weightsOf(model));
    const problems: string[] = [];
    for (const [seed, length] of [4, 1, 7].entries()) {
      const inputs = randomInputs(subject, chooseSizes(subject, Math.max(length, of.shortest ?? 1), seed), seed);
      const expected = await forward(model, inputs);
      const found = await entry.run(feedsOf(inputs));
      for (const [name, result] of expected) {
        const problem = disagreement(resultOf(found[name]!), result);
        if (problem !== undefined) problems.push(`${name} ${problem}`);
      }
    }
    expect(problems).toEqual([]);
    await entry.close();
    model.dispose();
  });

  test.each(modelCases.filter(({ generates }) => generates))('$name, prefill and steps', async (of) => {
    const subject = await subjectOf(of);
    const model = generatedModel(subject, 1);
    const sizes = chooseSizes(subject, 7, 3);
    const inputs: Inputs = randomInputs(subject, sizes, 5);
    const whole = await forward(model, inputs);
    const weights = await weightsOf(model);
    expect(await steps(subject, { opset, weights, inputs, whole })).toEqual([]);
    model.dispose();
  });
});
