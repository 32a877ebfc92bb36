import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test, vi } from 'vitest';
import { gelu, linear, read, useBackend } from '../../../runtime/src/index.js';
import type { GpuBackend } from '../../../runtime/src/kernels/webgpu/backend.js';
import { type Dispatch, dispatch } from '../../../runtime/src/kernels/webgpu/dispatch.js';
import { runLazily } from '../../../runtime/src/lazy/tensor.js';
import { workOf } from './kit.js';

beforeAll(async () => {
  expect(await useBackend('webgpu')).toBe('webgpu');
});

const body = (statement: string) => `
@compute @workgroup_size(1)
fn main(@builtin(workgroup_id) group: vec3u) { let i = group.x; ${statement} }`;

/** y = FACTOR · x + data[i] + uniforms.offset and z = −x, of as many numbers as x has. */
function run(x: tf.Tensor, { data, ...of }: Partial<Dispatch> & { data?: Int32Array<ArrayBuffer> }): tf.Tensor[] {
  const backend = tf.backend() as unknown as GpuBackend;
  const outputs = [backend.makeTensorInfo(x.shape, 'float32'), backend.makeTensorInfo(x.shape, 'float32')] as const;
  dispatch(backend, {
    name: 'a test',
    constants: { FACTOR: 2 },
    reads: { x: { of: x, as: 'f32' }, data: { of: data ?? new Int32Array(x.size), as: 'i32' } },
    writes: { y: { of: outputs[0], as: 'f32' }, z: { of: outputs[1], as: 'f32' } },
    integers: { offset: 0 },
    workgroups: [x.size, 1, 1],
    code: () => body('y[i] = FACTOR * x[i] + f32(data[i] + uniforms.offset); z[i] = -x[i];'),
    ...of,
  });
  return outputs.map((info) => tf.engine().makeTensorFromTensorInfo(info));
}

test('several outputs, between kernels of tfjs', async () => {
  const [y, z] = tf.tidy(() => run(tf.add(tf.tensor1d([1, 2]), 1), { integers: { offset: 10 } })) as [
    tf.Tensor,
    tf.Tensor,
  ];
  expect([...(await read(tf.mul(y, z)))]).toEqual([-28, -48]);
  tf.dispose([y, z]);
});

test('a pipeline for each set of constants, made once', async () => {
  const x = tf.tensor1d([1, 2, 3]);
  const { work, result } = await workOf(() =>
    [3, 5, 3, 5].map((factor) => run(x, { constants: { FACTOR: factor } })[0]!),
  );
  expect(work.pipelines).toBe(2);
  const found: number[][] = [];
  for (const y of result) found.push([...(await read(y))]);
  expect(found).toEqual([
    [3, 6, 9],
    [5, 10, 15],
    [3, 6, 9],
    [5, 10, 15],
  ]);
});

test.each([1, 200, 5000])('data of each dispatch, %i numbers, more than a buffer has room for', async (count) => {
  const x = tf.zeros([count]);
  const all = Array.from({ length: 40 }, (_, n) => run(x, { data: new Int32Array(count).fill(n) })[0]!);
  const sums = await read(tf.stack(all.map((y) => tf.mean(y))));
  expect([...sums].map(Math.round)).toEqual(all.map((_, n) => n));
});

test('small data stays in its place while an operand that was put off is computed and submitted', async () => {
  const batchSize = tf.env().getNumber('WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE');
  tf.env().set('WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE', 1);
  const [y] = runLazily(() => {
    const x = linear(tf.tensor2d([[1, 2]]), { weight: tf.eye(2) });
    return run(x, { reads: { data: { of: Int32Array.of(10, 20), as: 'i32' }, x: { of: x, as: 'f32' } } });
  });
  tf.env().set('WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE', batchSize);
  expect([...(await read(y!))]).toEqual([12, 24]);
});

test('an error of a shader is told by the next read, with its name', async () => {
  const [y] = run(tf.tensor1d([1]), { name: 'a broken one', code: () => body('y[i] = nobody;') });
  await expect(read(y!)).rejects.toMatchObject({ code: 'TFM5502', message: expect.stringContaining('a broken one') });
  // The pipeline and the commands that it was in are invalid, too, which the device says a little later; then all is well.
  await vi.waitFor(async () => expect([...(await read(tf.add(tf.tensor1d([1]), 1)))]).toEqual([2]));
});

test('tf.time and tf.profile see the kernels', async () => {
  const x = tf.ones([3, 4]);
  const { kernelNames } = await tf.profile(() => tf.tidy(() => gelu(linear(x, { weight: x }))));
  expect(kernelNames).toEqual(['TfmLinear', 'TfmActivation']);
  expect((await tf.time(() => tf.tidy(() => gelu(x)))).wallMs).toBeGreaterThan(0);
});
