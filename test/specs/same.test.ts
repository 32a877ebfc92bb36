import * as tf from '@tensorflow/tfjs';
import { expect, test } from 'vitest';
import { useBackend } from '../../runtime/src/index.js';
import { perturbed } from '../support/specs.js';

test.each(['cpu', 'wasm'] as const)(
  'on %s, an output may be an input: its values, its type, its own tensor',
  async (backend) => {
    await useBackend(backend);
    const model = await perturbed('test/fixtures/specs/same.tfm', 'Same');
    const before = tf.memory().numTensors;
    const inputs = {
      x: tf.tensor2d([[1, 2, 3, 4]]),
      ids: tf.tensor2d([[4, 0]], undefined, 'int32'),
      flags: tf.tensor2d([[true, false]], undefined, 'bool'),
    };
    const outputs = model.forward(inputs) as Record<string, tf.Tensor>;
    const found = Object.entries(outputs).map(([name, t]) => [name, t.dtype, [...t.dataSync()].map(Number)]);
    expect(found).toEqual([
      ['a', 'float32', [1, 2, 3, 4]],
      ['b', 'int32', [4, 0]],
      ['c', 'bool', [1, 0]],
      ['d', 'float32', [1, 2, 3, 4]],
    ]);
    tf.dispose(outputs);
    expect([...inputs.x.dataSync()]).toEqual([1, 2, 3, 4]); // the caller's own is untouched
    tf.dispose(inputs);
    expect(tf.memory().numTensors).toBe(before);
    model.dispose();
  },
);
