import * as tf from '@tensorflow/tfjs';
import { type GenerativeModel, type Tensor, toSafetensors } from '@tfm-lang/runtime';
import { beforeAll, expect, test } from 'vitest';
import { translator } from '../../compiler/emit/fixtures/translator.js';
import { generated } from '../../compiler/emit/generated.js';

type Instance = GenerativeModel<object, object, Record<string, unknown>, Record<'logits' | 'sentiment', Tensor>>;
interface Translator {
  readonly defaults: object;
  init(options?: { config?: object; seed?: number }): Instance;
  load(from: Uint8Array, options?: object): Promise<Instance>;
}

let Translator: Translator;

beforeAll(async () => {
  await tf.setBackend('cpu');
  ({ Translator } = await generated<{ Translator: Translator }>(translator));
});

/** The model's weights as a file, under names that `rename` makes of the spec's. */
async function saved(model: Instance, rename: (path: string) => string | undefined): Promise<Uint8Array> {
  const weights = await Promise.all(
    [...model.trainable()].map(async ([path, variable]) => {
      const data = await variable.data<'float32'>();
      return {
        name: rename(path.replace(/\[(\d+)\]/g, '.$1')),
        dtype: 'F32' as const,
        shape: variable.shape,
        data: () => data,
      };
    }),
  );
  return toSafetensors(weights.flatMap(({ name, ...rest }) => (name === undefined ? [] : [{ name, ...rest }])));
}

const sentiment = async (model: Instance): Promise<number[]> => {
  const { sentiment: scores } = model.forward({ source: [[3, 4]] }, { outputs: ['sentiment'] });
  return [...(await scores.data())];
};

test('the defaults are the configuration of the spec', () => {
  expect(Translator.defaults).toEqual({ vocab: 100, width: 8, depth: 2, heads: 2, gated: true });
});

test('a checkpoint from before a label was renamed still loads', async () => {
  const model = Translator.init({ seed: 4 });
  const old = await saved(model, (path) => path.replace(/^head\./, 'classifier.'));
  const loaded = await Translator.load(old);
  expect(await sentiment(loaded)).toEqual(await sentiment(model));
});

test('weights that only absent outputs need may be missing, and say so when they are read', async () => {
  const model = Translator.init({ seed: 4 });
  const part = await saved(model, (path) => (path.startsWith('decoder.') ? undefined : path));
  await expect(Translator.load(part)).rejects.toMatchObject({ code: 'TFM5201' });
  const loaded = await Translator.load(part, { outputs: ['sentiment'] });
  expect(await sentiment(loaded)).toEqual(await sentiment(model));
  expect(() => loaded.forward({ source: [[3, 4]], target: [[1]] })).toThrow(
    expect.objectContaining({ code: 'TFM5309' }),
  );
});

test('weights that the configuration leaves out are not there', () => {
  const [gated, plain] = [Translator.init(), Translator.init({ config: { gated: false } })];
  expect(gated.parameterCount - plain.parameterCount).toBe(2 * (8 * 8 + 8));
  expect([...plain.trainable().keys()].filter((path) => path.includes('gate'))).toEqual([]);
  const { logits, sentiment: scores } = plain.forward({ source: [[3, 4]], target: [[1, 5]] });
  expect([logits.shape, scores.shape]).toEqual([
    [1, 2, 100],
    [1, 3],
  ]);
});

test('dimensions that inputs share must agree', () => {
  const model = Translator.init();
  expect(() => model.forward({ source: [[3, 4]], target: [[1], [1]] })).toThrow(
    expect.objectContaining({
      code: 'TFM5303',
      message: 'target: token[B, T ≤ 32] was given token[2, 1]: B = 2, but source has B = 1',
    }),
  );
});

test('lists of different lengths are padded, with their lengths as presence', async () => {
  const model = Translator.init({ seed: 4 });
  const target = [[1], [1]];
  const ragged = model.forward({ source: [[3, 4, 5], [6]], target });
  const given = model.forward({
    source: {
      values: [
        [3, 4, 5],
        [6, 0, 0],
      ],
      lengths: [3, 1],
    },
    target,
  });
  expect([...(await ragged.logits.data())]).toEqual([...(await given.logits.data())]);
});

test.each([
  [{ values: [[3, 4]], lengths: [3] }, 'lengths [3] for 1 sequences of 2 rows'],
  [{ values: [[3, 4]], present: [[true]] }, 'a presence of shape [1, 1] for values of [1, 2]'],
])('%j is refused', (source, message) => {
  const model = Translator.init();
  expect(() => model.forward({ source, target: [[1]] })).toThrow(`source: token[B, S] was given ${message}`);
});
