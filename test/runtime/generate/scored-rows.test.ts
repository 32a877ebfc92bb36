import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { useBackend } from '../../../runtime/src/index.js';
import { scoringResult, scoringSpecs } from '../../support/scored-rows.js';
import { perturbed } from '../../support/specs.js';

beforeAll(async () => void (await useBackend('wasm')));

test.each(scoringSpecs)('a prefill scores one row of each sequence: $title', async (of) => {
  const { prefill, forward, difference, again } = await scoringResult(of);
  expect({ prefill, again: again.prefill }).toEqual({ prefill: 3, again: 3 });
  expect(forward).toBeGreaterThanOrEqual(10);
  expect(Math.max(difference, again.difference)).toBeLessThan(1e-5);
});

/** The part of tfjs's wasm backend through which numbers come and go. */
interface Passing {
  write(values: ArrayBufferView | null, shape: number[], dtype: string): object;
  readSync(dataId: object): ArrayBufferView;
}

test('of a prefill nothing but ids goes through JavaScript: neither caches, nor tables, nor scores', async () => {
  const config = { vocab: 97, context: 256, width: 16, depth: 2, heads: 2 };
  const model = await perturbed('specs/models/gpt2.tfm', 'Gpt2', config);
  const backend = tf.backend() as unknown as Passing;
  const { write, readSync } = backend;
  let bytes = 0;
  backend.write = (values, ...rest) => {
    bytes += values?.byteLength ?? 0;
    return write.call(backend, values, ...rest);
  };
  backend.readSync = (dataId) => {
    const values = readSync.call(backend, dataId);
    bytes += values.byteLength;
    return values;
  };
  try {
    const { logits, state } = model.prefill({ tokens: [[1, 9, 4, 4, 0, 12]] });
    tf.dispose(logits);
    state.dispose();
  } finally {
    Object.assign(backend, { write, readSync });
    model.dispose();
  }
  // Tokens, positions and the row that is scored, 4 bytes each; the table of positions alone has 16 KB.
  expect(bytes).toBe(4 * (6 + 6 + 1));
});
