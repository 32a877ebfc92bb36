// @ts-check
// npm run bench:threads -- [THREADS…]: what the wasm kernels gain by threads, by the clock: CPU time does not fall. Says how busy
// the machine is, because threads that wait for a core gain nothing.
import os from 'node:os';
import * as tf from '@tensorflow/tfjs';
import { attend, causal, layerNorm, linear, useBackend } from '@tfm-lang/runtime';
import { median } from './lib/statistics.mjs';

const counts = process.argv.slice(2).map(Number);
const threads = [1, ...(counts.length > 0 ? counts : [2]).filter((count) => count !== 1)];
const [rounds, runs] = [8, 10];

await useBackend('wasm', { threads: Math.max(...threads) }); // on memory that can be shared
const random = (/** @type {number[]} */ ...shape) => tf.randomNormal(shape, 0, 1, 'float32', 1);
const [up, vocabulary] = [random(3072, 768), random(50257, 768)];
const [prompt, token] = [random(128, 768), random(1, 768)];
const many = /** @type {import('@tensorflow/tfjs').Tensor4D} */ (random(1, 512, 12, 64));
const [past, one] = [random(1, 1024, 12, 64), random(1, 1, 12, 64)];

/** @type {Record<string, () => import('@tensorflow/tfjs').Tensor>} shapes of GPT-2 small */
const cases = {
  'linear 768 → 3072, 128 rows': () => linear(prompt, { weight: up }),
  'linear 768 → 3072, one row': () => linear(token, { weight: up }),
  'linear 768 → 50257, one row': () => linear(token, { weight: vocabulary }),
  'attention, 512 tokens, causal': () => attend(many, many, many, { mask: causal }),
  'attention, 1 query, 1024 keys': () => attend(one, past, past),
  'layer norm, 512 rows': () => layerNorm(many),
};

/** @type {Map<string, Map<number, number[]>>} milliseconds of each run */
const times = new Map(Object.keys(cases).map((name) => [name, new Map(threads.map((count) => [count, []]))]));
for (let round = 0; round < rounds; round++)
  for (const count of threads) {
    await useBackend('wasm', { threads: count });
    for (const [name, run] of Object.entries(cases)) {
      run().dispose(); // wakes the threads, and takes memory
      for (let i = 0; i < runs; i++) {
        const started = performance.now();
        const y = run();
        times
          .get(name)
          ?.get(count)
          ?.push(performance.now() - started);
        y.dispose();
      }
    }
  }

const [{ model }] = /** @type {[os.CpuInfo]} */ (os.cpus());
const load = os.loadavg()[0] ?? 0;
console.log(
  `${os.cpus().length} cores (${model.trim()}), ${load.toFixed(1)} processes that want one, Node ${process.version}`,
);
console.log(
  `milliseconds by the clock, the fastest and the median of ${rounds * runs} runs; in brackets how many times as fast\n`,
);
console.log(`| kernel | ${threads.map((count) => `${count} thread${count > 1 ? 's' : ''}`).join(' | ')} |`);
console.log(`|---|${threads.map(() => '---:').join('|')}|`);
for (const [name, byCount] of times) {
  const found = [...byCount.values()].map((all) => ({ least: Math.min(...all), middle: median(all) }));
  const [first] = found;
  if (!first) continue;
  const cells = found.map(({ least, middle }, i) => {
    const gain = i > 0 ? ` (${(first.least / least).toFixed(2)}, ${(first.middle / middle).toFixed(2)})` : '';
    return `${least.toFixed(3)} / ${middle.toFixed(3)}${gain}`;
  });
  console.log(`| ${name} | ${cells.join(' | ')} |`);
}
