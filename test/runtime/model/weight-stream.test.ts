import * as tf from '@tensorflow/tfjs';
import {
  checkpointWeights,
  initialWeights,
  type Model,
  type ModelDefinition,
  openCheckpoint,
  toSafetensors,
  type WeightStream,
} from '@tfm-lang/runtime';
import { beforeAll, expect, test } from 'vitest';
import { gpt2 } from '../../compiler/emit/fixtures/gpt2.js';
import { generated } from '../../compiler/emit/generated.js';

interface Gpt2Class {
  new (config: object, weights: object): { readonly definition: ModelDefinition<object, object> };
  configure(given: object): object;
  init(options: { config: object; seed: number }): Model<object, object, object, object>;
}

let Gpt2: Gpt2Class;
let config: object;
let definition: ModelDefinition<object, object>;

beforeAll(async () => {
  await tf.setBackend('cpu');
  ({ Gpt2 } = await generated<{ Gpt2: Gpt2Class }>(gpt2));
  config = Gpt2.configure({ vocab: 11, context: 16, width: 8, depth: 2, heads: 2, drop: 0.5 });
  ({ definition } = new Gpt2(config, {}));
});

interface Values {
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

/** Everything that a stream gives, copied: it may use its arrays again. */
async function taken(stream: WeightStream): Promise<[string, Values][]> {
  const all: [string, Values][] = [];
  for await (const { path, shape, data } of stream.read()) all.push([path, { shape, values: [...data] }]);
  expect(stream.paths).toEqual(all.map(([path]) => path));
  return all;
}

async function weightsOf(seed: number): Promise<Map<string, Values>> {
  const model = Gpt2.init({ config, seed });
  const found = [...model.trainable()].map(([path, variable]): [string, Values] => [
    path,
    { shape: variable.shape, values: [...variable.dataSync()] },
  ]);
  model.dispose();
  return new Map(found);
}

test('fresh weights are those of init, whatever the seed', async () => {
  const before = tf.memory().numTensors;
  for (const seed of [0, 7])
    expect(new Map(await taken(initialWeights(definition, config, seed)))).toEqual(await weightsOf(seed));
  expect(tf.memory().numTensors).toBe(before);
});

test('a stream can be read again', async () => {
  const stream = initialWeights(definition, config, 3);
  expect(await taken(stream)).toEqual(await taken(stream));
});

test('those of a checkpoint come in the order of the file', async () => {
  const model = Gpt2.init({ config, seed: 5 });
  const parts: Uint8Array[] = [];
  for await (const part of model.save()) parts.push(part);
  model.dispose();
  const file = await openCheckpoint(new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer()));
  const weights = await taken(checkpointWeights(definition, config, file));
  expect(weights.map(([path]) => path.replace(/\[(\d+)\]/g, '.$1'))).toEqual(file.names());
  expect(new Map(weights)).toEqual(await weightsOf(5));
});

test('a checkpoint that does not fit is refused before anything is read', async () => {
  const file = await openCheckpoint(await toSafetensors([]));
  expect(() => checkpointWeights(definition, config, file)).toThrow(/nothing fills wte\.weight/);
  expect(() => checkpointWeights(definition, config, file, { checkpoint: 'hf' })).toThrow(/no checkpoint map 'hf'/);
});
