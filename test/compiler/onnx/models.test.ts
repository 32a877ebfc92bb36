import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../../../runtime/src/index.js';
import { disagreement } from '../../support/differential/compare.js';
import { forward, generatedModel, type Results, weightsOf } from '../../support/differential/generated.js';
import { chooseSizes, randomInputs } from '../../support/differential/inputs.js';
import { type OnnxChoice, onnxForward, onnxSteps, rowsOf } from '../../support/differential/onnx.js';
import { smallModels } from '../../support/differential/small.js';
import { type Subject, subjectOfFile, subjectOfText } from '../../support/differential/subject.js';
import { type ModelCase, modelCases } from './model-cases.js';

beforeAll(async () => {
  await useBackend('cpu');
});

const subjectOf = ({ text, shortest = 1 }: ModelCase): Promise<Subject> =>
  subjectOfText({ text, model: 'Test', settings: {}, shortest: { T: shortest } });

/** Outputs of ONNX Runtime that are not those of the generated code, in words. */
async function differences(subject: Subject, choice: OnnxChoice): Promise<string[]> {
  const model = generatedModel(subject, 1);
  const passes = [4, 1, 7].map((length, seed) => randomInputs(subject, chooseSizes(subject, length, seed), seed));
  const found = await onnxForward(subject, await weightsOf(model), passes, choice);
  const problems: string[] = [];
  for (const [i, inputs] of passes.entries()) {
    const expected = await forward(model, inputs);
    for (const [name, result] of expected) {
      const problem = disagreement(found[i]!.get(name)!, result);
      if (problem !== undefined) problems.push(`${[...inputs.sizes].join(' ')}: ${name} ${problem}`);
    }
  }
  model.dispose();
  return problems;
}

/** The same of a prompt (an empty one where that can be) and what follows it, against one pass over everything. */
async function differencesOfSteps(subject: Subject, choice: OnnxChoice): Promise<string[]> {
  const { output, scores, dimension } = subject.model.generate!;
  const model = generatedModel(subject, 1);
  const inputs = randomInputs(subject, chooseSizes(subject, 7, 3), 5);
  const whole: Results = await forward(model, inputs);
  const prompt = scores === 'self' ? 0 : Math.ceil(inputs.sizes.get(dimension)! / 2);
  const found = await onnxSteps(subject, await weightsOf(model), inputs, choice, prompt, [1, 2]);
  model.dispose();
  return found.flatMap(({ from, to, result }) => {
    const problem = disagreement(result, rowsOf(whole.get(output)!, from, to));
    return problem === undefined ? [] : [`rows ${from} to ${to}: ${output} ${problem}`];
  });
}

describe.each([
  { opset: 17, optimized: false },
  { opset: 20, optimized: true },
  { opset: 23, optimized: false },
  { opset: 24, optimized: true },
])('opset $opset, optimised: $optimized', (choice) => {
  test.each(modelCases)('$name', async (of) => {
    expect(await differences(await subjectOf(of), choice)).toEqual([]);
  });

  test.each(modelCases.filter(({ generates }) => generates))('$name, prefill and steps', async (of) => {
    expect(await differencesOfSteps(await subjectOf(of), choice)).toEqual([]);
  });
});

const whole = smallModels.filter(({ spec }) => /\/models\/(bert|seq2seq|vit)\./.test(spec));

test.each(whole)('$spec $model', async ({ spec, model, settings }) => {
  const subject = await subjectOfFile(spec, model, settings);
  const choice = { opset: 18, optimized: true };
  expect(await differences(subject, choice)).toEqual([]);
  if (subject.model.generate) expect(await differencesOfSteps(subject, choice)).toEqual([]);
});
