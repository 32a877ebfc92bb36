import { expect, test } from 'vitest';
import { cachedTokens, cases } from '../../bench/lib/cases.mjs';
import { engines } from '../../bench/lib/engines.mjs';
import { inputValues, tokenRows } from '../../bench/lib/inputs.mjs';
import { compile } from '../../compiler/src/compile.js';
import { instantiate, listWeights } from '../../compiler/src/explain/index.js';
import type { GraphModel } from '../../compiler/src/graph/graph.js';
import { selectOutputs } from '../../compiler/src/lower/select-outputs.js';
import { nodeHost } from '../../compiler/src/source/node-host.js';

const models = new Map<string, GraphModel>();

function modelOf(spec: string, name: string): GraphModel {
  const key = `${spec}#${name}`;
  const found =
    models.get(key) ??
    compile(nodeHost('specs/models'), `${spec}.tfm`).graph?.models.find((each) => each.name === name);
  if (!found) throw new Error(`specs/models/${spec}.tfm has no model ${name}`);
  models.set(key, found);
  return found;
}

test.each(cases)('$name is a model of its spec, with inputs and an output that this model has', (what) => {
  const model = modelOf(what.spec, what.model);
  const { configuration, problems } = instantiate(model, what.config, what.preset);
  expect(problems).toEqual([]);
  expect(what.inputs.map(({ name }) => name)).toEqual(model.inputs.map(({ name }) => name));
  expect(model.outputs.map(({ name }) => name)).toContain(what.output);
  expect(listWeights(model, configuration!).length).toBeGreaterThan(10);
  const context = configuration!.get('context');
  if (typeof context === 'number') expect(what.inputs[0]?.shape[1]).toBeLessThanOrEqual(context);
  expect(engines.map(({ name }) => name)).toEqual(expect.arrayContaining([...what.engines]));
  if (what.decode) expect(cachedTokens(what)).toBe(what.inputs[0]?.shape[1]);
});

test.each([
  ['gpt2-prefill-128', 124_439_808],
  ['minilm-1x128', 22_713_216 - 147_840], // without the pooler
  ['vit-tiny', 5_717_416],
  ['gpu-llama-prefill-512', 1_100_048_384],
])('%s has as many parameters as the published model', (name, parameters) => {
  const what = cases.find((each) => each.name === name)!;
  const model = selectOutputs(modelOf(what.spec, what.model), [what.output]);
  const { configuration } = instantiate(model, what.config, what.preset);
  const weights = listWeights(model, configuration!);
  expect(weights.reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0)).toBe(
    parameters,
  );
});

test('no two cases have one name', () => {
  expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length);
});

test('inputs are the same every time, and token ids are words, never padding', () => {
  const what = cases.find(({ name }) => name === 'test-bert')!;
  const [tokens, types] = inputValues(what);
  expect(inputValues(what)).toEqual([tokens, types]);
  expect(Math.min(...tokens!.values)).toBeGreaterThanOrEqual(1);
  expect(Math.max(...tokens!.values)).toBeLessThan(97);
  expect(new Set(types!.values)).toEqual(new Set([0, 1]));
  expect(tokenRows(tokens!)).toEqual([[...tokens!.values.subarray(0, 8)], [...tokens!.values.subarray(8)]]);
  expect(tokenRows(tokens!, 2, 4)[1]).toEqual([...tokens!.values.subarray(10, 12)]);
});
