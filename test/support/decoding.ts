import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { type AttendOptions, attend } from '../../runtime/src/index.js';
import { normal } from './cases/case.js';
import { TestScope } from './cases/scope.js';
import { relativeError } from './compare.js';
import type { Nd } from './reference/array.js';

export interface DecodingSizes {
  readonly batch: number;
  readonly heads: number;
  readonly keyHeads: number;
  readonly width: number;
  readonly valueWidth: number;
  readonly capacity: number;
  /** Rows of each pass; all together the whole sequence. */
  readonly passes: readonly number[];
}

export const decodings: Readonly<Record<string, DecodingSizes>> = {
  'a prefill, then one token at a time': {
    batch: 2,
    heads: 4,
    keyHeads: 2,
    width: 4,
    valueWidth: 3,
    capacity: 16,
    passes: [3, 1, 1, 1, 1],
  },
  'token by token from nothing': {
    batch: 1,
    heads: 2,
    keyHeads: 2,
    width: 4,
    valueWidth: 4,
    capacity: 7,
    passes: [1, 1, 1, 1, 1, 1, 1],
  },
  'a prefill in chunks': { batch: 2, heads: 2, keyHeads: 2, width: 5, valueWidth: 2, capacity: 12, passes: [4, 3, 5] },
  // XNNPACK caches a packed right operand of single-matrix products: a stale one would show here.
  'one sequence, one key head': {
    batch: 1,
    heads: 3,
    keyHeads: 1,
    width: 4,
    valueWidth: 4,
    capacity: 8,
    passes: [2, 1, 1, 1, 1],
  },
  'a view shorter than the capacity': {
    batch: 2,
    heads: 2,
    keyHeads: 1,
    width: 4,
    valueWidth: 4,
    capacity: 64,
    passes: [2, 1, 1, 9, 1],
  },
};

/** The relative error of the passes, one after the other over a KV cache, against one pass over everything. */
export async function decodingError(sizes: DecodingSizes, options: AttendOptions): Promise<number> {
  const { batch, heads, keyHeads, width, valueWidth, passes } = sizes;
  const length = passes.reduce((sum, rows) => sum + rows, 0);
  const [q, k, v] = [
    tensor(normal([batch, length, heads, width], 1)),
    tensor(normal([batch, length, keyHeads, width], 2)),
    tensor(normal([batch, length, keyHeads, valueWidth], 3)),
  ];
  const whole = attend(q, k, v, options);
  const scope = new TestScope();
  scope.hasState = true;
  scope.capacity = sizes.capacity;
  const parts: Tensor[] = [];
  let from = 0;
  for (const rows of passes) {
    const part = (x: Tensor) => tf.slice(x, [0, from], [batch, rows]);
    parts.push(tf.tidy(() => attend(part(q), part(k), part(v), { ...options, grows: true }, scope)));
    scope.advance(rows);
    from += rows;
  }
  const together = tf.concat(parts, 1);
  const error = relativeError(await together.data(), await whole.data());
  scope.dispose();
  tf.dispose([q, k, v, whole, together, ...parts]);
  return error;
}

/** Bytes and tensors after each of `steps` steps of one token, the cache being warm. */
export async function memoryPerStep(steps: number): Promise<{ readonly tensors: number; readonly bytes: number }[]> {
  const scope = new TestScope();
  scope.hasState = true;
  scope.capacity = 128;
  const row = tensor(normal([1, 1, 2, 4], 1));
  const seen: { tensors: number; bytes: number }[] = [];
  for (let step = 0; step < steps; step++) {
    const y = tf.tidy(() => attend(row, row, row, { grows: true }, scope));
    await y.data();
    y.dispose();
    scope.advance(1);
    const memory = tf.memory() as tf.MemoryInfo & { readonly numBytesAllocatedInGPU?: number };
    seen.push({ tensors: memory.numTensors, bytes: memory.numBytesAllocatedInGPU ?? memory.numBytes });
  }
  scope.dispose();
  row.dispose();
  return seen;
}

function tensor({ shape, data }: Nd): Tensor {
  return tf.tensor(Float32Array.from(data), [...shape]);
}
