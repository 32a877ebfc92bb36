// Measures the memory of its process.
// @vitest-environment-options { "process": "memory of quantised weights" }
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../../../runtime/src/device/index.js';
import type { ModelDefinition } from '../../../runtime/src/model/definition.js';
import { loadModel } from '../../../runtime/src/model/initialize.js';
import { constant } from '../../../runtime/src/model/initializers.js';
import { times, weight } from '../../../runtime/src/model/weight.js';
import { openCheckpoint } from '../../../runtime/src/weights/checkpoint.js';
import type { ByteSource } from '../../../runtime/src/weights/source.js';
import { importedModel } from '../../support/imported.js';
import { errorOf, fixture } from './kit.js';

// What the decoded numbers are is compared with transformers in test/import/golden.test.ts.

beforeAll(() => useBackend('wasm'));

const countOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

type Tensors = Record<string, readonly [dtype: string, shape: readonly number[], bytes?: Uint8Array]>;

const WIDTH: Readonly<Record<string, number>> = { F32: 4, U8: 1, F8_E4M3: 1, F8_E8M0: 1 };

/** A file with these tensors, whose bytes are made when they are asked for, and what was read of it. */
function synthetic(tensors: Tensors): { source: ByteSource; reads: [begin: number, end: number][] } {
  let size = 0;
  const header: Record<string, object> = {};
  const parts: [begin: number, bytes: Uint8Array | undefined][] = [];
  for (const [name, [dtype, shape, bytes]] of Object.entries(tensors)) {
    const begin = size;
    size += (WIDTH[dtype] ?? 1) * countOf(shape);
    header[name] = { dtype, shape, data_offsets: [begin, size] };
    parts.push([begin, bytes]);
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const head = new Uint8Array(8 + text.length);
  new DataView(head.buffer).setUint32(0, text.length, true);
  head.set(text, 8);
  const reads: [number, number][] = [];
  const source: ByteSource = {
    name: 'synthetic',
    size: head.length + size,
    read: (begin, end, _, into = new Uint8Array(end - begin)) => {
      if (begin < head.length) return Promise.resolve(head.subarray(begin, end));
      reads.push([begin - head.length, end - head.length]);
      for (let i = 0; i < into.length; i++) {
        const at = begin - head.length + i;
        const [from, bytes] = parts.findLast(([first]) => first <= at) ?? [0, undefined];
        if (bytes === undefined) return Promise.resolve(into.fill(0x7e));
        into[i] = bytes[at - from] ?? 0;
      }
      return Promise.resolve(into);
    },
  };
  return { source, reads };
}

describe('numbers', () => {
  test('E4M3 has no infinities; E8M0 is a power of two', async () => {
    const codes = Uint8Array.of(0x00, 0x01, 0x07, 0x08, 0x38, 0x7e, 0x7f, 0x80, 0xb9, 0xff);
    const powers = Uint8Array.of(0, 126, 127, 128, 254, 255);
    const { source } = synthetic({
      a: ['F8_E4M3', [10], codes],
      a_scale_inv: ['F8_E8M0', [1], Uint8Array.of(128)],
      power: ['F8_E8M0', [6], powers],
    });
    const file = await openCheckpoint(source);
    const plain = [0, 2 ** -9, 7 * 2 ** -9, 2 ** -6, 1, 448, Number.NaN, -0, -1.125, Number.NaN];
    expect([...(await file.readFloat32('a'))]).toEqual(plain.map((value) => 2 * value));
    expect([...(await file.readFloat32('power'))]).toEqual([2 ** -127, 0.5, 1, 2, 2 ** 127, Number.NaN]);
  });

  test('every form of scales: for rows, for blocks that do not divide, for stacks, for all', async () => {
    const ones = (n: number): Uint8Array => new Uint8Array(n).fill(0x38);
    const floats = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);
    const { source } = synthetic({
      rows: ['F8_E4M3', [3, 2], ones(6)],
      rows_scale_inv: ['F32', [3, 1], floats(1, 2, 3)],
      blocks: ['F8_E4M3', [3, 5], ones(15)],
      blocks_scale_inv: ['F32', [2, 2], floats(1, 2, 3, 4)],
      stack: ['F8_E4M3', [2, 2, 2], ones(8)],
      stack_scale_inv: ['F32', [2, 1, 2], floats(1, 2, 3, 4)],
      all: ['F8_E4M3', [2, 2], ones(4)],
      all_scale_inv: ['F32', [], floats(5)],
    });
    const file = await openCheckpoint(source);
    expect(file.names()).toEqual(['rows', 'blocks', 'stack', 'all']);
    expect([...(await file.readFloat32('rows'))]).toEqual([1, 1, 2, 2, 3, 3]);
    expect([...(await file.readFloat32('blocks'))]).toEqual([1, 1, 1, 1, 2, 1, 1, 1, 1, 2, 3, 3, 3, 3, 4]);
    expect([...(await file.readFloat32('stack'))]).toEqual([1, 2, 1, 2, 3, 4, 3, 4]);
    expect([...(await file.readFloat32('all'))]).toEqual([5, 5, 5, 5]);
  });

  test.each(['gpt_oss_mxfp4', 'deepseek_v3_fp8'])(
    '%s: any part of a tensor is that part of the whole',
    async (name) => {
      const file = await openCheckpoint(fixture(`hf-families/${name}`));
      const tensor = file.names().find((each) => file.entry(each).dtype !== 'F32')!;
      const values: number[] = [];
      const all = countOf(file.entry(tensor).shape);
      for await (const piece of file.pieces([{ tensor }])) values.push(...piece.values);
      const cuts = [0, 1, 15, 16, 37, 64, 101, 500, all];
      const spans = cuts.slice(1).map((end, i) => ({ tensor, begin: cuts[i]!, end }));
      const found = new Float32Array(all).fill(Number.NaN);
      for await (const piece of file.pieces(spans)) found.set(piece.values, spans[piece.span]!.begin + piece.at);
      expect([...found]).toEqual(values);
      await file.close();
    },
  );
});

describe.each(['gpt_oss_mxfp4', 'deepseek_v3_fp8'])('%s', (name) => {
  test('is saved as a plain checkpoint of the same numbers', async () => {
    const model = await importedModel(`test/fixtures/hf-families/${name}`);
    const parts: Uint8Array[] = [];
    for await (const part of model.save({ checkpoint: 'huggingface' })) parts.push(part.slice());
    model.dispose();
    const saved = await openCheckpoint(new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer()));
    const file = await openCheckpoint(fixture(`hf-families/${name}`));
    expect([...saved.names()].sort()).toEqual([...file.names()].sort());
    for (const tensor of saved.names()) {
      const { shape } = file.entry(tensor);
      expect(saved.entry(tensor)).toEqual({ dtype: 'F32', shape, bytes: 4 * countOf(shape) });
      expect(await saved.readFloat32(tensor), tensor).toEqual(await file.readFloat32(tensor));
    }
    await file.close();
  });
});

interface Sizes {
  readonly count: number;
}

const [HIDDEN, WIDTH_IN] = [512, 512];

const experts: ModelDefinition<Sizes, { experts: Record<'gate' | 'up', tf.Variable>[] }> = {
  name: 'Experts',
  source: 'experts.tfm',
  configure: (given) => ({ count: 2, ...given }),
  weights: ({ count }) => {
    const of = () => weight([HIDDEN, WIDTH_IN], constant(0));
    return { experts: times(count, () => ({ gate: of(), up: of() })) };
  },
  inputs: () => [],
  outputs: [],
  checkpoints: () => {
    const parts = ['gate', 'up'].map((part) => ({ name: part, size: 1 }));
    const steps = [{ kind: 'transpose' }, { kind: 'unpack', outer: HIDDEN, parts, inner: 1 }] as const;
    return { theirs: { rules: [{ path: 'experts[*].{gate, up}', template: 'gate_up', steps }], ignore: [] } };
  },
};

test('a stack is decoded expert by expert: each byte is read once, and a tenth more than the weights is held at most', async () => {
  const count = 256;
  const rows = 2 * HIDDEN;
  const stack = (depth: number): Tensors => ({
    gate_up_blocks: ['U8', [depth, rows, WIDTH_IN / 32, 16]],
    gate_up_scales: ['U8', [depth, rows, WIDTH_IN / 32]],
  });
  const { source, reads } = synthetic(stack(count));
  // What the first load of all takes is not what its weights take.
  const [, small] = await loadModel(experts, synthetic(stack(2)).source, {
    config: { count: 2 },
    checkpoint: 'theirs',
  });
  tf.dispose(small.experts.flatMap((each) => Object.values(each)));
  let [peak, told, total] = [0, 0, 0];
  const before = process.memoryUsage.rss();
  const onProgress = ({ loadedBytes, totalBytes }: { loadedBytes: number; totalBytes: number }): void => {
    peak = Math.max(peak, process.memoryUsage.rss());
    [told, total] = [loadedBytes, totalBytes];
  };
  const [, weights] = await loadModel(experts, source, { config: { count }, checkpoint: 'theirs', onProgress });
  const { numBytes } = tf.memory();
  expect(numBytes).toBe(4 * count * rows * WIDTH_IN);
  expect((peak - before) / numBytes).toBeLessThan(1.1);
  const bytes = (count * rows * WIDTH_IN * 17) / 32;
  expect([told, total]).toEqual([bytes, bytes]);
  const ranges = reads.toSorted(([a], [b]) => a - b);
  expect(ranges.reduce((sum, [begin, end]) => sum + end - begin, 0)).toBe(bytes);
  expect(ranges.every(([begin], i) => begin === (ranges[i - 1]?.[1] ?? 0))).toBe(true);
  // Every byte is 0x7e: −4 and 6 in turn, times 2^(126 − 127).
  expect([...weights.experts[7]!.up.dataSync().subarray(5, 7)]).toEqual([3, -2]);
  tf.dispose(weights.experts.flatMap((each) => Object.values(each)));
});

describe('scales that are missing or not its own', () => {
  const blocks = ['U8', [2, 4, 1, 16], new Uint8Array(128)] as const;
  const few = ['F8_E4M3', [8, 20], new Uint8Array(160)] as const;
  test.each<[string, Tensors, RegExp]>([
    ['FP8 without', { w: few }, /synthetic: tensor 'w' is F8_E4M3 without scales: there is no 'w_scale_inv'/],
    [
      'FP8 with too few',
      { w: few, w_scale_inv: ['F32', [1, 4]] },
      /'w_scale_inv' \[1, 4\] has not the scales of 'w' \[8, 20\]: one for each block, whose sides are powers of two/,
    ],
    ['of another rank', { w: few, w_scale_inv: ['F32', [2]] }, /'w_scale_inv' \[2\] has not the scales of 'w'/],
    [
      'MXFP4 with too few',
      { x_blocks: blocks, x_scales: ['U8', [2, 3, 1]] },
      /'x_scales' \[2, 3, 1\] has not the scales of 'x_blocks', which are \[2, 4, 1\]/,
    ],
    [
      'MXFP4 of other blocks',
      { x_blocks: ['U8', [2, 4, 8]], x_scales: ['U8', [2, 4]] },
      /'x_blocks' \[2, 4, 8\] is not MXFP4: its last axis has 16 bytes/,
    ],
  ])('%s', async (_, tensors, message) => {
    const error = await errorOf(() => openCheckpoint(synthetic(tensors).source));
    expect(error.code).toBe('TFM5117');
    expect(error.message).toMatch(message);
  });

  test('bytes that only have such a name are a tensor like others', async () => {
    const file = await openCheckpoint(synthetic({ x_blocks: ['U8', [2], Uint8Array.of(3, 4)] }).source);
    expect([...(await file.readFloat32('x_blocks'))]).toEqual([3, 4]);
  });
});
