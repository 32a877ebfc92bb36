import v8 from 'node:v8';
import { describe, expect, test } from 'vitest';
import type { Kernels } from '../../../../runtime/src/kernels/wasm/instance.js';
import { kernels as relaxed } from '../../../../runtime/src/kernels/wasm/modules/relaxed.gen.js';
import { kernels as relaxedShared } from '../../../../runtime/src/kernels/wasm/modules/relaxed-shared.gen.js';
import { kernels as simd } from '../../../../runtime/src/kernels/wasm/modules/simd.gen.js';
import { kernels as simdShared } from '../../../../runtime/src/kernels/wasm/modules/simd-shared.gen.js';
import { normal } from '../../../support/cases/case.js';
import { relativeError } from '../../../support/compare.js';
import type { Nd } from '../../../support/reference/array.js';
import { attention } from '../../../support/reference/attention.js';
import * as layers from '../../../support/reference/layers.js';

// Node 20 has relaxed SIMD behind a flag, later ones have it.
if (process.versions.node.startsWith('20.')) v8.setFlagsFromString('--experimental-wasm-relaxed-simd');

const builds = [
  { name: 'simd', base64: simd, shared: false },
  { name: 'relaxed', base64: relaxed, shared: false },
  { name: 'simd-shared', base64: simdShared, shared: true },
  { name: 'relaxed-shared', base64: relaxedShared, shared: true },
];

/** The kernels on a memory of their own, and a way to put numbers into it. */
function start(base64: string, shared: boolean) {
  const module = new WebAssembly.Module(Buffer.from(base64, 'base64'));
  const memory = new WebAssembly.Memory({ initial: 16, maximum: 16, shared });
  const kernels = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Kernels;
  let free = 1024;
  const room = (count: number) => {
    const at = free;
    free += Math.ceil(count / 4) * 16;
    return { at, numbers: new Float32Array(memory.buffer, at, count) };
  };
  const put = ({ data }: Nd) => {
    const { at, numbers } = room(data.length);
    numbers.set(data);
    return at;
  };
  return { module, kernels, memory, room, put };
}

describe.each(builds)('the build $name', ({ base64, shared }) => {
  test('needs a memory and nothing else', () => {
    const { module } = start(base64, shared);
    expect(WebAssembly.Module.imports(module)).toEqual([{ module: 'env', name: 'memory', kind: 'memory' }]);
    expect(base64.length).toBeLessThan(48_000);
  });

  test('computes linear and layer_norm', () => {
    const { kernels, room, put } = start(base64, shared);
    const [x, w, b] = [normal([6, 17], 1), normal([11, 17], 2), normal([11], 3)];
    const y = room(66);
    const scratch = room(kernels.linearScratch() / 4);
    kernels.linear(put(x), put(w), put(b), 0, y.at, 6, 11, 17, 0, scratch.at, 0, 11);
    expect(relativeError(y.numbers, layers.linear(x, w, b).data)).toBeLessThan(2e-6);
    const z = room(6 * 17);
    kernels.layerNorm(put(x), 0, 0, z.at, 6, 17, 1e-5);
    expect(relativeError(z.numbers, layers.layerNorm(x, undefined, undefined, 1e-5).data)).toBeLessThan(2e-6);
  });

  test('computes attention', () => {
    const { kernels, memory, room, put } = start(base64, shared);
    const [q, k, v] = [normal([1, 9, 1, 12], 1), normal([1, 9, 1, 12], 2), normal([1, 9, 1, 12], 3)];
    const y = room(9 * 12);
    const [firsts, ends] = [room(9).at, room(9).at];
    new Int32Array(memory.buffer, ends, 9).set([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const scratchBytes = kernels.attentionScratch(9, 9, 12, 12);
    const scratch = room(scratchBytes / 4);
    const task = [put(q), 48, 48, put(k), 48, put(v), 48, y.at, 48, 48, 1, 9, 9, 12, 12, 0, 0, firsts, ends];
    new Int32Array(memory.buffer, 0, 45).set(task);
    new Float32Array(memory.buffer, 60, 2).set([12 ** -0.5, 0]);
    kernels.attention(0, 1, scratch.at, scratchBytes, 9 * 9 * 24);
    const expected = attention(q, k, v, { mask: ({ q: query, k: key }) => key <= query });
    expect(relativeError(y.numbers, expected.data)).toBeLessThan(2e-6);
  });
});
