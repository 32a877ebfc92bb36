import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import * as ops from '../../../../runtime/src/index.js';
import { type DirectKernel, runDirectly, setDirectKernels } from '../../../../runtime/src/kernels/fused.js';
import { reshape } from '../../../../runtime/src/kernels/reshape.js';
import { heapOf } from '../../../../runtime/src/kernels/wasm/heap.js';
import type { WasmBackend } from '../../../../runtime/src/kernels/wasm/instance.js';
import { planOf, runLazily } from '../../../../runtime/src/lazy/tensor.js';
import { normal } from '../../../support/cases/case.js';
import { relativeError } from '../../../support/compare.js';
import { heap, tensor } from './kit.js';

beforeAll(async () => {
  await ops.useBackend('wasm');
});

const shapes = { x: [2, 9, 24], w: [40, 24], b: [24], heads: [2, 9, 3, 8] };

/** Every kernel once. */
function everything(x: Tensor, w: Tensor, b: Tensor, heads: Tensor): Tensor[] {
  return [
    ops.linear(x, { weight: w }),
    ops.layerNorm(x, { weight: b, bias: b }),
    ops.rmsNorm(x, { weight: b }),
    ops.softmax(x),
    ops.gelu(x),
    ops.rotary(heads),
    ops.attend(heads, heads, heads, { mask: ops.causal }),
  ];
}

function inputs(): [Tensor, Tensor, Tensor, Tensor] {
  const [x, w, b, heads] = Object.values(shapes).map((shape, seed) => tensor(normal(shape, seed + 1)));
  return [x!, w!, b!, heads!];
}

async function numbers(tensors: readonly Tensor[]): Promise<Float32Array[]> {
  const all: Float32Array[] = [];
  for (const each of tensors) all.push(Float32Array.from(await ops.read(each)));
  return all;
}

describe('memory', () => {
  test('results do not depend on what was in recycled memory and in the scratch', async () => {
    const given = inputs();
    const clean = await numbers(tf.tidy(() => everything(...given)));
    const spoiled = Object.values(shapes).map((shape) => tf.fill(shape, Number.NaN)) as typeof given;
    for (let round = 0; round < 3; round++) {
      tf.dispose(everything(...spoiled));
      expect(await numbers(everything(...given))).toEqual(clean);
    }
  });

  test('of a reshape is that of what it was made of, until both are given back', async () => {
    const before = tf.memory();
    const x = tensor(normal([4, 6], 1));
    const expected = [...(await ops.read(x))];
    const y = reshape(x, [2, 12]);
    expect([y.shape, y.dtype, tf.memory().numDataBuffers]).toEqual([[2, 12], 'float32', before.numDataBuffers + 1]);
    x.dispose();
    const z = tf.tidy(() => reshape(reshape(y, [24]), [3, 2, 4]));
    y.dispose();
    expect([...(await ops.read(z))]).toEqual(expected);
    expect(() => reshape(z, [5, 5])).toThrow(/product of shape 5,5/);
    const { grad, value } = tf.valueAndGrad((of) => reshape(of, [24]).square().sum())(z);
    expect([...(await ops.read(grad))]).toEqual(expected.map((number) => Math.fround(2 * number)));
    tf.dispose([z, grad, value]);
    expect(tf.memory()).toMatchObject({ numTensors: before.numTensors, numDataBuffers: before.numDataBuffers });
  });

  test('that grows in the middle is followed', async () => {
    const given = inputs();
    const before = await numbers(everything(...given));
    const { memory } = heap().wasm.asm;
    const bytes = memory.buffer.byteLength;
    const big: Tensor[] = [];
    for (let i = 0; memory.buffer.byteLength === bytes && i < 100; i++) big.push(tf.zeros([1 << 22]));
    expect(memory.buffer.byteLength).toBeGreaterThan(bytes);
    expect(await numbers(everything(...given))).toEqual(before);
    // And where the output or the scratch of the kernel itself makes it grow.
    const wide = tensor(normal([8, 4], 5));
    const table = tf.ones([1 << 20, 4]);
    const grown = memory.buffer.byteLength;
    const outputs: Tensor[] = [];
    for (let i = 0; memory.buffer.byteLength === grown && i < 40; i++)
      outputs.push(ops.linear(wide, { weight: table }));
    expect(memory.buffer.byteLength).toBeGreaterThan(grown);
    const row = await ops.read(tf.slice(outputs.at(-1)!, [0, (1 << 20) - 2], [8, 2]));
    const sums = await ops.read(tf.sum(wide, 1));
    expect(
      relativeError(
        row,
        Float32Array.from({ length: 16 }, (_, i) => sums[i >> 1]!),
      ),
    ).toBeLessThan(1e-6);
    tf.dispose([...big, ...outputs, table]);
  });

  test('at addresses that are no multiple of 16 is read and written', async () => {
    const offset = (x: Tensor) => heap().dataIdMap.get(x.dataId).memoryOffset % 16;
    const given = inputs();
    expect(new Set(given.map(offset))).toContain(8);
    const expected = await numbers(everything(...given));
    const parity = new Set<number>();
    // Small blocks in between move the next ones by 8 bytes.
    for (let shift = 1; shift <= 6; shift++) {
      const between = tf.zeros([shift]);
      const moved = inputs();
      for (const each of moved) parity.add(offset(each));
      expect(await numbers(everything(...moved))).toEqual(expected);
      tf.dispose([between, ...moved]);
    }
    expect(parity.size).toBeGreaterThan(0);
  });

  test('is the same after each round, forward and backward', () => {
    const given = inputs();
    const round = () => {
      tf.dispose(everything(...given));
      const [x, w, b, heads] = given;
      tf.tidy(() => {
        const loss = (...all: Tensor[]) =>
          tf.addN(everything(all[0]!, all[1]!, all[2]!, all[3]!).map((y) => tf.sum(tf.square(y))));
        tf.grads(loss)([x, w, b, heads]);
      });
      const { numTensors, numBytes } = tf.memory();
      return { numTensors, numBytes, dataIds: tf.engine().backend.numDataIds() };
    };
    const first = round();
    for (let i = 0; i < 3; i++) expect(round()).toEqual(first);
  });

  test('is held by one kernel at a time: operands that were put off are computed before one runs directly', async () => {
    const backend = tf.backend() as unknown as WasmBackend;
    const waits: boolean[] = [];
    const copy: DirectKernel = ([x]) => {
      waits.push(planOf(x!) !== undefined);
      const [own, y] = [heapOf(backend), heapOf(backend).output(x!.shape)];
      own.floats(own.pointer(y), x!.size).set(own.floats(own.pointer(x!), x!.size));
      return y;
    };
    setDirectKernels('wasm', new Map([['Copy', copy]]));
    const [y] = runLazily(() => {
      const x = ops.linear(tf.tensor2d([[1, 2]]), { weight: tf.tensor2d([[3, 4]]) });
      waits.push(planOf(x) !== undefined);
      return runDirectly('Copy', [x], {})!;
    });
    await ops.useBackend('wasm'); // whose own kernels run directly again
    expect(waits).toEqual([true, false]);
    expect([...(await ops.read(y!))]).toEqual([11]);
  });

  test('of other backends is brought here', async () => {
    await ops.useBackend('cpu');
    const given = inputs();
    const expected = await numbers(everything(...given));
    await ops.useBackend('wasm');
    const found = await numbers(everything(...given));
    expect(found.map((y, i) => relativeError(y, expected[i]!) < 1e-5)).toEqual(expected.map(() => true));
  });

  test('integers and empty tensors are left to tfjs', async () => {
    expect(await ops.read(ops.relu(tf.tensor1d([-1, 2], 'int32')))).toEqual(Int32Array.of(0, 2));
    expect(ops.softmax(tf.zeros([2, 0])).shape).toEqual([2, 0]);
  });
});
