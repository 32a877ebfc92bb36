// @ts-check
// npm run bench:attention: attention of 256 tokens under a causal mask on WebGPU, our kernel against the stock operators of
// tfjs on the same adapter. SwiftShader, from the project's packages, where the machine has no GPU.
import { installWebGPU } from '@tfm-lang/runtime/node';
import { loadSwiftShader, usesSwiftShader } from '../scripts/swiftshader.mjs';
import { median, ratio } from './lib/statistics.mjs';

loadSwiftShader();
if (!(await installWebGPU())) throw new Error('no WebGPU adapter was found');
const tf = await import('@tensorflow/tfjs');
const { attend, causal, useBackend } = await import('@tfm-lang/runtime');
await useBackend('webgpu');

const [tokens, heads, width, rounds] = [256, 4, 64, 7];
const [q, k, v] =
  /** @type {[import('@tensorflow/tfjs').Tensor, import('@tensorflow/tfjs').Tensor, import('@tensorflow/tfjs').Tensor]} */ (
    [1, 2, 3].map((seed) => tf.randomNormal([1, tokens, heads, width], 0, 1, 'float32', seed))
  );
const mask = tf.mul(tf.sub(1, tf.linalg.bandPart(tf.ones([tokens, tokens]), -1, 0)), -1e9);

function stock() {
  const [query, key, value] = [q, k, v].map((x) => tf.transpose(x, [0, 2, 1, 3]));
  if (!query || !key || !value) throw new Error('there are three inputs');
  const scores = tf.add(tf.mul(tf.matMul(query, key, false, true), width ** -0.5), mask);
  return tf.transpose(tf.matMul(tf.softmax(scores), value), [0, 2, 1, 3]);
}
const own = () => attend(q, k, v, { mask: causal });

const difference = (await tf.max(tf.abs(tf.sub(stock(), own()))).data())[0] ?? Number.NaN;
if (!(difference < 1e-4)) throw new Error(`the two differ by ${difference}`);

/** @type {Record<'stock' | 'own', number[]>} */
const times = { stock: [], own: [] };
for (let round = 0; round < rounds; round++) {
  for (const [name, run] of /** @type {const} */ ([
    ['stock', stock],
    ['own', own],
  ])) {
    const [clock, cpu] = [performance.now(), process.cpuUsage()];
    const y = tf.tidy(run);
    await y.data();
    y.dispose();
    const { user, system } = process.cpuUsage(cpu);
    // SwiftShader computes on the CPU, where a busy machine does not change the CPU time much.
    times[name].push(usesSwiftShader() ? (user + system) / 1000 : performance.now() - clock);
  }
}
const [theirs, ours] = [median(times.stock), median(times.own)];
const kind = usesSwiftShader() ? 'CPU time, SwiftShader' : 'time';
console.log(`attention, ${tokens} tokens, ${heads} heads of ${width}, causal (${kind}, medians of ${rounds}):`);
console.log(
  `stock tfjs ${theirs.toFixed(1)} ms, ours ${ours.toFixed(1)} ms: ${ratio(times.stock, times.own).toFixed(1)} times as fast`,
);
process.exit(); // Dawn's device would keep the process
