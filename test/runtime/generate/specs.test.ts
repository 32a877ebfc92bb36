import { readdirSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import type { GenerativeModel, Tensor } from '@tfm-lang/runtime';
import { beforeAll, describe, expect, test } from 'vitest';
import { compile, nodeHost } from '../../../compiler/src/index.js';
import { generated } from '../../compiler/emit/generated.js';

type Instance = GenerativeModel<object, object, Record<string, unknown>, Record<string, Tensor>>;
interface ModelClass {
  init(options: { config: object; seed?: number }): Instance;
}

/** Small configurations: parameters that a model has and that decide its size. */
const sizes: Record<string, unknown> = {
  vocab: 13,
  context: 24,
  width: 8,
  depth: 2,
  heads: 2,
  kv_heads: 1,
  hidden: 12,
  text_vocab: 7,
  image_vocab: 13,
  text_length: 3,
  grid: 4,
  near: 3,
  embed: 6,
  align: 5,
  pool: 4,
  target_vocab: 13,
};

const sequence = [3, 1, 4, 1, 5, 9, 2, 6];
const others: Record<string, number[][]> = { source: [[7, 2, 5, 3]], text: [[1, 6, 2]] };

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const rowsOf = async (logits: Tensor): Promise<number[][]> => {
  const classes = logits.shape.at(-1) ?? 1;
  const values = [...(await logits.data())];
  logits.dispose();
  return Array.from({ length: values.length / classes }, (_, i) => values.slice(i * classes, (i + 1) * classes));
};

const difference = (a: readonly number[] = [], b: readonly number[] = []): number =>
  Math.max(...a.map((value, i) => Math.abs(value - (b[i] ?? Number.NaN))));

describe.each(readdirSync('specs/models'))('%s', (file) => {
  const { graph, diagnostics } = compile(nodeHost(), `specs/models/${file}`);
  const models = graph?.models.filter((model) => model.generate) ?? [];

  test('compiles', () => {
    expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  });

  for (const model of models) {
    test(`${model.name}: the incremental step equals the full forward`, async () => {
      if (!graph || !model.generate) throw new Error('there is no graph');
      const module = await generated<Record<string, ModelClass>>(graph);
      const parameters = model.parameters.filter(({ name }) => name in sizes).map(({ name }) => [name, sizes[name]]);
      const before = tf.memory().numTensors;
      const instance = module[model.name]!.init({ config: Object.fromEntries(parameters), seed: 1 });
      const { input, output, scores } = model.generate;
      const constants = Object.fromEntries(
        model.inputs.filter(({ name }) => name !== input).map(({ name }) => [name, others[name]]),
      );
      const whole = await rowsOf(
        instance.forward({ ...constants, [input]: [sequence] }, { outputs: [output] })[output]!,
      );
      const shift = scores === 'self' ? 0 : 1;
      for (const prompt of scores === 'self' ? [0, 1, 3] : [1, 3, 5]) {
        const { logits, state } = instance.prefill({ ...constants, [input]: [sequence.slice(0, prompt)] });
        const found = await rowsOf(logits);
        for (const token of sequence.slice(prompt)) found.push(...(await rowsOf(instance.step(token, state))));
        state.dispose();
        expect(found).toHaveLength(sequence.length - prompt + 1);
        for (const [i, row] of found.entries()) expect(difference(row, whole[prompt + i - shift])).toBeLessThan(2e-5);
      }
      instance.dispose();
      expect(tf.memory().numTensors).toBe(before);
    });
  }
});
