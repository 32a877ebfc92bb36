import type { Scalar, Variable } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { crossEntropy, read } from '../../runtime/src/index.js';
import { readJson } from './golden.js';
import { type SpecModel, specClass } from './specs.js';

/** What test/fixtures/training/gpt.py wrote. */
interface Run {
  readonly config: Readonly<Record<string, number>>;
  readonly rate: number;
  /** Shapes by name, in the order of names. */
  readonly weights: Readonly<Record<string, readonly number[]>>;
  /** The batch of each step. */
  readonly tokens: readonly (readonly (readonly number[])[])[];
  /** Of PyTorch. */
  readonly losses: readonly number[];
}

export const golden = readJson<Run>('test/fixtures/training/gpt.json');

/** The losses of the same steps here, on the active backend: forward, loss, gradients, Adam. */
export async function lossesHere(): Promise<number[]> {
  const Gpt2 = await specClass('specs/models/gpt2.tfm', 'Gpt2');
  const model = Gpt2.init({ config: golden.config });
  setWeights(model.trainable());
  const adam = tf.train.adam(golden.rate, 0.9, 0.999, 1e-8);
  const losses: number[] = [];
  for (const tokens of golden.tokens) {
    const loss = adam.minimize(() => lossOf(model, tokens), true, [...model.trainable().values()])!;
    losses.push((await read(loss))[0]!);
    loss.dispose();
  }
  adam.dispose();
  model.dispose();
  return losses;
}

function lossOf(model: SpecModel, tokens: readonly (readonly number[])[]): Scalar {
  const inputs = { tokens: tokens.map((row) => row.slice(0, -1)) };
  const { logits } = model.forward(inputs, { outputs: ['logits'] });
  return crossEntropy(logits!, {
    values: tf.tensor2d(
      tokens.map((row) => row.slice(1)),
      undefined,
      'int32',
    ),
  });
}

/** Element i of weight number n is 0.1 sin(1.3 i + n), norms' weights 1 more: as in the script. */
function setWeights(all: ReadonlyMap<string, Variable>): void {
  const names = [...all.keys()].sort();
  if (names.join() !== Object.keys(golden.weights).join())
    throw new Error(`other weights than the script's: ${names.join()}`);
  names.forEach((name, n) => {
    const variable = all.get(name)!;
    const one = /(^|\.)ln_\w+\.weight$/.test(name) ? 1 : 0;
    const values = Float32Array.from({ length: variable.size }, (_, i) => 0.1 * Math.sin(1.3 * i + n) + one);
    tf.tidy(() => variable.assign(tf.tensor(values, variable.shape)));
  });
}
