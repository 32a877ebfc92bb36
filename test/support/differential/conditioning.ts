import * as tf from '@tensorflow/tfjs';
import { useBackend } from '../../../runtime/src/index.js';
import { normal } from '../cases/case.js';
import { variables } from '../specs.js';
import { distance } from './compare.js';
import { forward, generatedModel, type Results } from './generated.js';
import type { Inputs } from './inputs.js';
import type { Subject } from './subject.js';

/**
 * How far each output moves, in units of the tolerance, when every weight is moved in its last bits: by 2⁻²² of itself, as
 * a few roundings do. Some random models make so much of it (softmax of large products, norms of nearly nothing) that no
 * two correct engines can agree.
 */
export async function sensitivity(
  subject: Subject,
  seed: number,
  passes: readonly Inputs[],
  expected: readonly Results[],
): Promise<ReadonlyMap<string, number>> {
  await useBackend('cpu');
  const most = new Map<string, number>();
  for (let trial = 0; trial < 4; trial++) {
    const model = generatedModel(subject, seed);
    try {
      variables(model.weights).forEach((variable, i) => {
        const { data } = normal(variable.shape, 77 * trial + i, 2 ** -22);
        tf.tidy(() => variable.assign(tf.mul(variable, tf.add(1, tf.tensor(Float32Array.from(data), variable.shape)))));
      });
      for (const [i, inputs] of passes.entries()) {
        for (const [name, { data }] of await forward(model, inputs)) {
          const moved = distance(data, expected[i]!.get(name)!.data);
          most.set(name, Math.max(most.get(name) ?? 0, moved));
        }
      }
    } finally {
      model.dispose();
    }
  }
  return most;
}
