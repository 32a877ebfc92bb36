import { beforeAll, describe, expect, test } from 'vitest';
import type { Entry } from '../../compiler/src/emit/onnx/index.js';
import { useBackend } from '../../runtime/src/index.js';
import { generatedModel, weightsOf } from '../support/differential/generated.js';
import { onnxModel } from '../support/differential/onnx.js';
import { specsOf } from '../support/differential/random-specs.js';
import { inferredShapes } from '../support/differential/shapes.js';
import { smallModels } from '../support/differential/small.js';
import { type Subject, subjectOfFile, subjectOfText } from '../support/differential/subject.js';

beforeAll(async () => {
  await useBackend('cpu');
});

/** Values between the nodes whose shape ONNX Runtime does not know, or knows under a name that the spec does not have. */
async function unknownShapes(subject: Subject, opset: number): Promise<string[]> {
  const model = generatedModel(subject, 1);
  const weights = await weightsOf(model);
  model.dispose();
  const entries: readonly Entry[] = subject.model.generate ? ['forward', 'prefill', 'decode'] : ['forward'];
  const problems: string[] = [];
  for (const entry of entries) {
    const onnx = onnxModel(subject, entry, opset);
    const found = await inferredShapes(onnx, weights);
    const nodeOutputs = new Set(onnx.graph.nodes.flatMap(({ outputs }) => outputs.filter((name) => name !== '')));
    expect(new Set([...nodeOutputs].filter((name) => !found.some((value) => value.name === name)))).toEqual(new Set());
    // An empty shape is that of a number, or none at all: then the model must say that it is a number.
    const numbers = new Set(onnx.graph.values.flatMap(({ name, shape }) => (shape.length === 0 ? [name] : [])));
    const names = new Set([...subject.model.dimensions.map(({ name }) => name), 'past']);
    for (const { name, shape } of found) {
      const isKnown = shape.length > 0 ? shape.every((size) => isSize(size, names)) : numbers.has(name);
      if (!isKnown) problems.push(`${entry}, opset ${opset}: ${name} [${shape.join(', ')}]`);
    }
  }
  return problems;
}

/** A number, or arithmetic of the spec's own dimensions: `past + T`. */
function isSize(size: number | string, dimensions: ReadonlySet<string>): boolean {
  if (typeof size === 'number') return Number.isSafeInteger(size) && size >= 0;
  const words = size.match(/[A-Za-z_]\w*/g) ?? [];
  return words.length > 0 && words.every((word) => dimensions.has(word));
}

describe.each([23, 17])('opset %d: ONNX Runtime knows the shape of every value', (opset) => {
  test.each(smallModels)('$spec $model $settings', async ({ spec, model, settings }) => {
    expect(await unknownShapes(await subjectOfFile(spec, model, settings), opset)).toEqual([]);
  });
});

test('not without what the model says of them: positions come from data', async () => {
  const subject = await subjectOfFile('specs/models/gpt2.tfm', 'Gpt2', {
    vocab: 7,
    context: 9,
    width: 4,
    depth: 1,
    heads: 1,
  });
  const model = generatedModel(subject, 1);
  const onnx = onnxModel(subject, 'forward', 23);
  const silent = { ...onnx, graph: { ...onnx.graph, values: [] } };
  const found = await inferredShapes(silent, await weightsOf(model));
  model.dispose();
  expect(found.filter(({ shape }) => !shape.every((size) => isSize(size, new Set(['B', 'T'])))).length).toBeGreaterThan(
    3,
  );
});

test('and of random specs', { timeout: 300_000 }, async () => {
  for (const [i, { spec }] of specsOf({ seed: 3, count: 40 }).entries()) {
    expect(await unknownShapes(await subjectOfText(spec), i % 2 === 0 ? 23 : 17), spec.text).toEqual([]);
  }
});
