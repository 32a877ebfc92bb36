// How wasm starts is said by the first call in a process.
// @vitest-environment-options { "process": "threads" }
import { execFileSync } from 'node:child_process';
import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import * as ops from '../../../../runtime/src/index.js';
import { threadsOf, type WasmBackend } from '../../../../runtime/src/kernels/wasm/instance.js';
import { normal } from '../../../support/cases/case.js';
import { taken, tokensOf } from '../../../support/specs.js';
import { storyModel, storyRuns } from '../../../support/stories.js';
import { heap, poison, tensor } from './kit.js';

afterEach(() => vi.unstubAllGlobals());

const pool = () => threadsOf(tf.backend() as unknown as WasmBackend)!;
const { f } = ops;
const random = (shape: readonly number[], seed: number) => tensor(normal([...shape], seed));

/** The numbers of a computation by one thread and by two, in memory that held others before. */
async function byOneAndTwo(run: () => Tensor[]): Promise<[Float32Array[], Float32Array[]]> {
  const found: Float32Array[][] = [];
  for (const threads of [1, 2]) {
    await ops.useBackend('wasm', { threads });
    const given = tf.tidy(run);
    for (const { size } of given) poison(size, 1);
    tf.dispose(given);
    const made = tf.tidy(run);
    const numbers: Float32Array[] = [];
    for (const each of made) numbers.push(Float32Array.from(await ops.read(each)));
    found.push(numbers);
    tf.dispose(made);
  }
  return found as [Float32Array[], Float32Array[]];
}

test.each([0, -1, 1.5, Number.NaN, 65])('%d threads are refused', async (threads) => {
  const refused = await ops.useBackend('wasm', { threads }).catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: 'TFM5307', message: expect.stringContaining('threads') });
});

test('where memory cannot be shared, the error says what is missing', async () => {
  vi.stubGlobal('crossOriginIsolated', false);
  const refused = await ops.useBackend('wasm', { threads: 2 }).catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: 'TFM5505', help: expect.stringContaining('Cross-Origin-Opener-Policy') });
});

describe('two threads give what one gives, bit for bit', () => {
  beforeAll(async () => {
    await ops.useBackend('wasm', { threads: 2 });
  });

  test.each([3, 70])('linear layers of %i rows', async (rows) => {
    const [x, weight, bias] = [random([rows, 301], 1), random([1003, 301], 2), random([1003], 3)];
    const run = () => [
      ops.linear(x, { weight, bias }),
      ops.gelu(ops.linear(x, { weight })),
      ops.matmul(x, tf.transpose(weight)),
      ops.linear(x, { weight: tf.slice(weight, [0, 0], [9, 301]) }),
    ];
    const [one, two] = await byOneAndTwo(run);
    expect(two).toEqual(one);
  });

  test('the second thread does a part', async () => {
    const [x, weight] = [random([70, 301], 1), random([1003, 301], 2)];
    await ops.useBackend('wasm', { threads: 2 });
    // On a busy machine it comes late.
    for (let round = 0; round < 5000 && pool().taken[1] === 0; round++) ops.linear(x, { weight }).dispose();
    expect(pool().taken.map((pieces) => pieces > 0)).toEqual([true, true]);
  });

  test('what is done row by row', async () => {
    const [x, weight] = [random([67, 515], 1), random([515], 2)];
    const heads = random([2, 67, 6, 80], 3);
    const run = () => [
      ops.layerNorm(x, { weight, bias: weight }),
      ops.rmsNorm(x, { weight }),
      ops.softmax(x),
      ops.silu(x),
      ops.rotary(heads),
    ];
    const [one, two] = await byOneAndTwo(run);
    expect(two).toEqual(one);
  });

  test('a formula, of operands that repeat, too', async () => {
    const [x, row, column] = [random([67, 515], 1), random([515], 2), random([67, 1], 3)];
    const swish = f.multiply(f.element(0), f.sigmoid(f.multiply(1.702, f.element(0))));
    const [one, two] = await byOneAndTwo(() => [
      ops.apply(swish, x),
      ops.apply(f.multiply(f.tanh(f.add(swish, f.element(1))), f.element(2)), x, row, column),
    ]);
    expect(two).toEqual(one);
  });

  test('attention of one query and many keys', async () => {
    const [q, k, v] = [random([1, 1, 6, 36], 1), random([1, 4200, 3, 36], 2), random([1, 4200, 3, 20], 3)];
    const [one, two] = await byOneAndTwo(() => [ops.attend(q, k, v)]);
    expect(two).toEqual(one);
  });

  test('attention of many queries, and its gradients', async () => {
    const [q, k, v] = [random([2, 70, 6, 36], 1), random([2, 210, 3, 36], 2), random([2, 210, 3, 20], 3)];
    const [sinks, bias] = [random([6], 4), random([6, 70, 210], 5)];
    const biased = (b: Tensor) => f.score(({ s, head, q: i, k: j }) => f.add(s, f.lookup(b, [head, i, j])));
    const loss = (...of: Tensor[]) => {
      const [query, key, value, added] = of as [Tensor, Tensor, Tensor, Tensor];
      return tf.sum(tf.square(ops.attend(query, key, value, { score: biased(added), mask: ops.causal })));
    };
    const [one, two] = await byOneAndTwo(() => [
      ops.attend(q, k, v, { mask: ops.causal, sinks }),
      ...tf.grads((query, key, value) => loss(query!, key!, value!, bias))([q, k, v]),
      ...tf.grads(loss)([q, k, v, bias]),
    ]);
    expect(two).toEqual(one);
  });

  test('a model, in one pass and token by token', async () => {
    const model = await storyModel();
    const { inputTokens, argmax } = storyRuns[0]!;
    const logits: Float32Array[] = [];
    for (const threads of [1, 2]) {
      await ops.useBackend('wasm', { threads });
      logits.push(Float32Array.from(await taken(model.forward({ tokens: inputTokens }).logits!)));
      const generation = model.generate({ tokens: [] }, { temperature: 0, maxNewTokens: 24 });
      expect(await tokensOf(generation)).toEqual(argmax.slice(0, 24));
    }
    expect(logits[1]).toEqual(logits[0]);
    model.dispose();
  });

  test('on memory that has grown', async () => {
    const [x, weight] = [random([40, 400], 1), random([800, 400], 2)];
    const run = () => [ops.linear(x, { weight })];
    const [before] = await byOneAndTwo(run);
    const { memory } = heap().wasm.asm;
    const bytes = memory.buffer.byteLength;
    const big: Tensor[] = [];
    while (memory.buffer.byteLength === bytes) big.push(tf.zeros([1 << 22]));
    // The operands of the next one lie where no memory was.
    const [moved, movedWeight] = [tf.clone(random([40, 400], 1)), random([800, 400], 2)];
    const [one, two] = await byOneAndTwo(() => [ops.linear(moved, { weight: movedWeight })]);
    expect(one).toEqual(before);
    expect(two).toEqual(before);
    tf.dispose(big);
  });
});

test('threads end with the backend, and do not keep a process', async () => {
  await ops.useBackend('wasm', { threads: 3 });
  const threads = pool();
  expect(threads.size).toBe(3);
  tf.removeBackend('wasm');
  expect(threads.size).toBe(1);
  const { inputTokens, argmax } = storyRuns[0]!;
  const model = [
    'specs/models/llama.tfm',
    '--preset',
    'Stories260K',
    '--weights',
    'examples/stories260K/model.safetensors',
  ];
  const how = ['--prompt-tokens', `${inputTokens[0]}`, '--temperature', '0', '-n', '8', '--threads', '2'];
  const program = ['compiler/bin/tfm.js', 'run', ...model, ...how];
  const printed = execFileSync(process.execPath, program, { encoding: 'utf8', stdio: 'pipe', timeout: 50_000 });
  expect(printed.trimEnd()).toBe([inputTokens[0], ...argmax.slice(0, 8)].join(','));
});
