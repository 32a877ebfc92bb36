import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import type { Drawing, Drawn } from '../../../runtime/src/generate/logits.js';
import { logSumExp } from '../../../runtime/src/generate/processors/probabilities.js';
import { Sampler } from '../../../runtime/src/generate/sampling.js';
import { useBackend } from '../../../runtime/src/index.js';
import type { StockBackend } from '../../../runtime/src/replay/webgpu/backend.js';
import { DeviceSampler } from '../../../runtime/src/replay/webgpu/sampler.js';
import { normal } from '../../support/cases/case.js';

const classes = 300; // more than there are threads

beforeAll(async () => {
  expect(await useBackend('webgpu')).toBe('webgpu');
});

/** Draws from rows of logits on the device. */
async function onDevice(rows: readonly (readonly number[])[], drawings: readonly Drawing[]): Promise<Drawn[][]> {
  const backend = tf.backend() as unknown as StockBackend;
  const logits = tf.tidy(() =>
    tf.add(tf.tensor2d(rows.flat(), [rows.length, classes]), tf.zeros([rows.length, classes])),
  );
  backend.endComputePassEncoder();
  backend.submitQueue();
  const sampler = new DeviceSampler(backend, logits);
  const found: Drawn[][] = [];
  for (const drawing of drawings) found.push(await sampler.draw(drawing));
  sampler.drop();
  logits.dispose();
  return found;
}

const spread = Array.from(normal([classes], 1, 3).data);
const flat = Array<number>(classes).fill(0.5);
const forbidden = spread.map((logit, i) => (i % 3 === 0 ? logit : Number.NEGATIVE_INFINITY));
const twice = spread.map((_, i) => Math.fround(spread[i % 150]!));
const rows = [spread, flat, forbidden, twice];

const plain = { temperature: 1, topK: 0, topP: 1, minP: 0, scored: true };
const settings = [
  plain,
  { ...plain, temperature: 0 },
  { ...plain, topK: 1 },
  { ...plain, temperature: 0.4 },
  { ...plain, topK: 5 },
  { ...plain, topK: 1000 },
  { ...plain, topP: 0.5 },
  { ...plain, minP: 0.2 },
  { temperature: 1.7, topK: 40, topP: 0.8, minP: 0.02, scored: true },
];

test('the device draws what the CPU draws', async () => {
  const seeds = [0, 1, 2, 3, 4, 5];
  const all = settings.flatMap((setting) => seeds.map((seed) => ({ setting, seed })));
  const samplers = all.map(
    ({ setting: { topK, ...rest }, seed }) => new Sampler({ ...rest, ...(topK > 0 && { topK }), seed }),
  );
  const drawings = all.map(({ setting }, i) => ({ ...setting, randoms: rows.map((_, b) => samplers[i]!.random(b)) }));
  const found = await onDevice(rows, drawings);
  const expected = samplers.map((sampler) => rows.map((row, b) => sampler.sample(row, b)));
  expect(found.map((drawn) => drawn.map(({ token }) => token))).toEqual(expected);
  const normalizers = rows.map((row) => logSumExp(Float32Array.from(row)));
  for (const drawn of found)
    for (const [b, { token, logProbability, isBroken, isForbidden }] of drawn.entries()) {
      expect(logProbability).toBeCloseTo(rows[b]![token]! - normalizers[b]!, 4);
      expect([isBroken, isForbidden]).toEqual([false, false]);
    }
}, 120_000);

test('it says where logits are no numbers, and where no token is left', async () => {
  const broken = spread.with(123, Number.NaN);
  const none = Array<number>(classes).fill(Number.NEGATIVE_INFINITY);
  for (const drawn of await onDevice(
    [broken, none, spread],
    [settings[1]!, plain].map((of) => ({ ...of, randoms: [0.5, 0.5, 0.5] })),
  )) {
    expect(drawn.map(({ isBroken }) => isBroken)).toEqual([true, false, false]);
    expect(drawn.map(({ isForbidden }) => isForbidden)).toEqual([false, true, false]);
  }
});
