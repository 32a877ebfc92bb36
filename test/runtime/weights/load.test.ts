// Measures the memory of its process.
// @vitest-environment-options { "process": "memory of loading" }
import fs from 'node:fs';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useBackend } from '../../../runtime/src/device/index.js';
import { TfmError } from '../../../runtime/src/errors.js';
import type { ModelDefinition } from '../../../runtime/src/model/definition.js';
import { type LoadModelOptions, loadModel } from '../../../runtime/src/model/initialize.js';
import { constant } from '../../../runtime/src/model/initializers.js';
import { times, weight } from '../../../runtime/src/model/weight.js';
import { type TensorToWrite, toSafetensors } from '../../../runtime/src/weights/encode.js';
import type { CheckpointMap } from '../../../runtime/src/weights/map.js';
import type { ByteSource, SourceFolder, SourceLike } from '../../../runtime/src/weights/source.js';
import { memorySource } from '../../../runtime/src/weights/source.js';
import { folderWith } from '../../compiler/cli/tool.js';

// Weights go from the file into the memory of the backend: what a load reads, holds, and leaves behind.

interface Sizes {
  readonly vocab: number;
  readonly width: number;
  readonly hidden: number;
  readonly depth: number;
}

type Weights = { embed: tf.Variable; layers: Record<'q' | 'k' | 'v' | 'out' | 'up', tf.Variable>[] };

const map: CheckpointMap = {
  rules: [
    { path: 'embed', template: 'embed', also: ['head'] },
    { path: 'layers[i].up', template: 'h.{i}.up' },
    { path: 'layers[i].out', template: 'h.{i}.out', steps: [{ kind: 'transpose' }] },
  ],
  ignore: [{ glob: '**.mask' }],
};

const definition: ModelDefinition<Sizes, Weights> = {
  name: 'Big',
  source: 'big.tfm',
  configure: (given) => ({ vocab: 8, width: 4, hidden: 6, depth: 2, ...given }),
  weights: ({ vocab, width, hidden, depth }) => {
    const of = (...shape: number[]) => weight(shape, constant(0));
    return {
      embed: of(vocab, width),
      layers: times(depth, () => ({
        q: of(width, width),
        k: of(width, width),
        v: of(width, width),
        out: of(width, width),
        up: of(hidden, width),
      })),
    };
  },
  inputs: () => [],
  outputs: [],
  checkpoints: ({ width }) => {
    const parts = ['q', 'k', 'v'].map((name) => ({ name, size: width }));
    const unpack = { kind: 'unpack', outer: 1, parts, inner: 1 } as const;
    const qkv = { path: 'layers[i].{q, k, v}', template: 'h.{i}.qkv', steps: [unpack] };
    return { theirs: { ...map, rules: [...map.rules, qkv] } };
  },
};

const load = (from: SourceLike, config: Partial<Sizes>, options: LoadModelOptions<Sizes> = {}) =>
  loadModel(definition, from, { config, checkpoint: 'theirs', ...options });

type Shapes = Record<string, readonly number[]>;

/** The tensors of the checkpoint, shard by shard. */
function shardsOf({ vocab, width, hidden, depth }: Sizes): Shapes[] {
  const layers = times(depth, (i) => ({
    [`h.${i}.mask`]: [width, 3],
    [`h.${i}.out`]: [width, width],
    [`h.${i}.qkv`]: [3 * width, width],
    [`h.${i}.up`]: [hidden, width],
  }));
  return [{ embed: [vocab, width], head: [vocab, width] }, ...layers];
}

const countOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

beforeAll(() => useBackend('wasm'));

describe('a checkpoint of 1 GB in shards', () => {
  const sizes = { vocab: 32_768, width: 1024, hidden: 10_240, depth: 16 };
  const shards = shardsOf(sizes);
  const nameOf = (shard: number): string => `model-${shard}.safetensors`;
  // Element i of a shard is the number i % period: bytes come from this block, and no file is needed.
  const period = 1_048_573;
  const block = new Uint8Array(Float32Array.from({ length: period }, (_, i) => i).buffer);
  let reads: Map<string, [begin: number, end: number][]>;
  let open = 0;
  let peak = 0;

  function shardSource(shard: number): ByteSource {
    let offset = 0;
    const header: Record<string, object> = {};
    const begins: [number, number][] = [];
    for (const [name, shape] of Object.entries(shards[shard] ?? {})) {
      // A tied copy has the same values.
      begins.push([offset, name === 'head' ? 0 : offset]);
      header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + 4 * countOf(shape)] };
      offset += 4 * countOf(shape);
    }
    const text = new TextEncoder().encode(JSON.stringify(header));
    const head = new Uint8Array(8 + text.length);
    new DataView(head.buffer).setUint32(0, text.length, true);
    head.set(text, 8);
    const name = nameOf(shard);
    open++;
    return {
      name,
      size: head.length + offset,
      read: (begin, end, _, into = new Uint8Array(end - begin)) => {
        reads.set(name, [...(reads.get(name) ?? []), [begin, end]]);
        peak = Math.max(peak, process.memoryUsage.rss());
        if (begin < head.length) return Promise.resolve(head.subarray(begin, end));
        const own = begin - head.length;
        const [from, base] = begins.findLast(([first]) => first <= own) ?? [0, 0];
        for (let at = 0, position = own - from + base; at < into.length; ) {
          const start = position % block.length;
          const some = block.subarray(start, start + into.length - at);
          into.set(some, at);
          at += some.length;
          position += some.length;
        }
        return Promise.resolve(into);
      },
      close: () => {
        open--;
        return Promise.resolve();
      },
    };
  }

  const weight_map = Object.fromEntries(
    shards.flatMap((tensors, shard) => Object.keys(tensors).map((name) => [name, nameOf(shard)])),
  );
  const folder: SourceFolder = {
    name: 'synthetic',
    open: async (file) => {
      const shard = /model-(\d+)/.exec(file)?.[1];
      if (shard !== undefined) return shardSource(Number(shard));
      return memorySource(new TextEncoder().encode(JSON.stringify({ weight_map })), file);
    },
  };

  it('is read once, and takes a tenth more than its weights at most', async () => {
    reads = new Map();
    const before = process.memoryUsage.rss();
    peak = before;
    let reported = 0;
    const onProgress = ({ loadedBytes }: { loadedBytes: number }): void => {
      reported = loadedBytes;
    };
    const [, weights] = await load(folder, sizes, { onProgress });
    peak = Math.max(peak, process.memoryUsage.rss());
    const bytes = tf.memory().numBytes;
    expect(bytes).toBe(2 ** 30);
    expect((peak - before) / bytes).toBeLessThan(1.1);
    expect(open).toBe(0);

    let total = 0;
    for (const [shard, tensors] of shards.entries()) {
      const ranges = (reads.get(nameOf(shard)) ?? []).toSorted(([a], [b]) => a - b);
      expect(ranges.every(([begin], i) => i === 0 || begin >= (ranges[i - 1]?.[1] ?? 0))).toBe(true);
      const own = Object.entries(tensors).filter(([name]) => !name.endsWith('.mask'));
      const header = ranges.filter(([begin]) => begin < 8).length + 1;
      total += own.reduce((sum, [, shape]) => sum + 4 * countOf(shape), 0);
      const data = ranges.slice(header).reduce((sum, [begin, end]) => sum + end - begin, 0);
      expect(data).toBe(own.reduce((sum, [, shape]) => sum + 4 * countOf(shape), 0));
    }
    expect(reported).toBe(total);

    // Where each value lies in its shard.
    const { width, hidden } = sizes;
    const square = width * width;
    const at = 3 * width;
    const { embed, layers } = weights;
    expectValues(embed, (i) => i);
    for (const { q, k, v, out, up } of [layers[0]!, layers[15]!]) {
      expectValues(q, (i) => at + square + i);
      expectValues(k, (i) => at + 2 * square + i);
      expectValues(v, (i) => at + 3 * square + i);
      expectValues(out, (i) => at + (i % width) * width + Math.floor(i / width));
      expectValues(up, (i) => at + 4 * square + i);
      expect(up.shape).toEqual([hidden, width]);
    }
    tf.dispose([embed, ...layers.flatMap((layer) => Object.values(layer))]);
    expect(tf.memory().numTensors).toBe(0);
  });

  function expectValues(variable: tf.Variable, position: (i: number) => number): void {
    const values = variable.dataSync();
    let wrong = 0;
    for (let i = 0; i < values.length; i += 1009) if (values[i] !== position(i) % period) wrong++;
    expect(wrong).toBe(0);
  }
});

describe('a checkpoint that cannot be loaded', () => {
  const sizes = { vocab: 8, width: 4, hidden: 6, depth: 2 };
  let good: Uint8Array<ArrayBuffer>;
  let folder: string;
  const tensorsOf = (change: (name: string, tensor: TensorToWrite) => TensorToWrite | undefined): TensorToWrite[] =>
    Object.entries(Object.assign({}, ...shardsOf(sizes)) as Shapes).flatMap(([name, shape], n) => {
      const data = Float32Array.from({ length: countOf(shape) }, (_, i) => (name === 'head' ? i : 1000 * n + i));
      return change(name, { name, dtype: 'F32', shape, data }) ?? [];
    });

  beforeAll(async () => {
    good = await toSafetensors(tensorsOf((_, tensor) => tensor));
    folder = folderWith({});
  });
  afterAll(() => fs.rmSync(folder, { recursive: true }));

  /** The file with another header. */
  const withHeader = (change: (text: string) => string): Uint8Array => {
    const length = new DataView(good.buffer).getUint32(0, true);
    const text = new TextEncoder().encode(change(new TextDecoder().decode(good.subarray(8, 8 + length))));
    const bytes = new Uint8Array(8 + text.length + good.length - 8 - length);
    new DataView(bytes.buffer).setUint32(0, text.length, true);
    bytes.set(text, 8);
    bytes.set(good.subarray(8 + length), 8 + text.length);
    return bytes;
  };
  const written = (change: Parameters<typeof tensorsOf>[0]) => toSafetensors(tensorsOf(change));

  it.each<[string, () => Uint8Array | Promise<Uint8Array>, string, RegExp]>([
    [
      'truncated',
      () => good.subarray(0, good.length - 400),
      'TFM5106',
      /m\.safetensors: tensor 'h\.1\.qkv' \(F32 \[12, 4\]\) is bytes \d+ to \d+ of the file, which ends at \d+; it and 2 more of 10 are not whole/,
    ],
    ['cut off in its header', () => good.subarray(0, 300), 'TFM5101', /m\.safetensors: the header claims \d+ bytes/],
    ['another kind of file', () => new TextEncoder().encode('<!doctype html><html>'), 'TFM5101', /the header claims/],
    [
      'overlapping',
      () =>
        withHeader((text) =>
          text.replace(/("h\.0\.qkv":\{[^}]*\[)(\d+),(\d+)/, (_, a, b, c) => `${a}${b - 4},${c - 4}`),
        ),
      'TFM5107',
      /tensor 'h\.0\.qkv' overlaps 'h\.0\.out'/,
    ],
    [
      'of another format than its bytes',
      () => withHeader((text) => text.replace('"h.0.up":{"dtype":"F32"', '"h.0.up":{"dtype":"F16"')),
      'TFM5106',
      /tensor 'h\.0\.up': F16 \[6, 4\] takes 48 bytes, but its data_offsets span 96/,
    ],
    [
      'of a format that no backend has',
      () => withHeader((text) => text.replace('"h.0.up":{"dtype":"F32"', '"h.0.up":{"dtype":"F8_E5M2"')),
      'TFM5105',
      /tensor 'h\.0\.up' has the format F8_E5M2/,
    ],
    [
      'of another architecture',
      () => written((name, tensor) => ({ ...tensor, name: name.replace('h.', 'block.') })),
      'TFM5201',
      /nothing fills layers\[0\]\.q, layers\[0\]\.k, layers\[0\]\.v: the checkpoint has no 'h\.0\.qkv'/,
    ],
    [
      'of other sizes',
      () => written((name, tensor) => (name === 'h.1.up' ? { ...tensor, shape: [4, 6] } : tensor)),
      'TFM5203',
      /layers\[1\]\.up is \[6, 4\], but 'h\.1\.up' is \[4, 6\]/,
    ],
    [
      'with copies that differ in the last element',
      () =>
        written((name, { data, ...rest }) => ({
          ...rest,
          data: name === 'head' ? (data as Float32Array).with(31, 7) : data,
        })),
      'TFM5204',
      /'embed' and 'head' both fill embed, but they differ: element 31 is 31 and 7/,
    ],
  ])('says what is wrong with one that is %s, and keeps nothing of it', async (_, bytes, code, message) => {
    const file = path.join(folder, 'm.safetensors');
    fs.writeFileSync(file, await bytes());
    const before = { memory: tf.memory(), files: openFiles() };
    const error = await load(file, sizes).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TfmError);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
    expect({ memory: tf.memory(), files: openFiles() }).toEqual(before);
  });

  it.each<[string, (controller: AbortController) => Promise<Uint8Array>, RegExp]>([
    ['fails', () => Promise.reject(new TfmError('TFM5110', 'cannot read it: the disk is gone')), /the disk is gone/],
    [
      'gives too little',
      () => Promise.resolve(new Uint8Array(4)),
      /it gave 4 of the 352 bytes from byte \d+ on \('h\.1\.out' to 'h\.1\.up'\)/,
    ],
    [
      'is aborted',
      (controller) => {
        controller.abort(new Error('enough'));
        return Promise.resolve(good.subarray(0, 352));
      },
      /enough/,
    ],
  ])('gives back what it had when the source %s in the middle', async (_, answer, message) => {
    const controller = new AbortController();
    let closed = 0;
    // What follows the ignored mask of the second layer is read by itself.
    const begin = good.length - 128 - (64 + 192 + 96);
    const source: ByteSource = {
      ...memorySource(good, 'it'),
      read: (from, to) => (from === begin ? answer(controller) : Promise.resolve(good.slice(from, to))),
      close: () => {
        closed++;
        return Promise.resolve();
      },
    };
    const before = tf.memory();
    await expect(load(source, sizes, { signal: controller.signal })).rejects.toThrow(message);
    expect(tf.memory()).toEqual(before);
    expect(closed).toBe(1);
  });

  it('takes numbers that are none as they are', async () => {
    const data = Float32Array.from({ length: 24 }, (_, i) =>
      i === 5 ? Number.NaN : i === 6 ? Number.NEGATIVE_INFINITY : i,
    );
    const [, { embed, layers }] = await load(
      await written((name, t) => (name === 'h.1.up' ? { ...t, data } : t)),
      sizes,
    );
    expect(layers[1]?.up.dataSync()).toEqual(data);
    tf.dispose([embed, ...layers.flatMap((layer) => Object.values(layer))]);
  });

  it('refuses weights that the backend cannot address before it reads them', async () => {
    const huge = { vocab: 2 ** 20, width: 2 ** 10, hidden: 6, depth: 0 };
    const header = JSON.stringify({ embed: { dtype: 'F32', shape: [2 ** 20, 2 ** 10], data_offsets: [0, 2 ** 32] } });
    const head = new Uint8Array(8 + header.length);
    new DataView(head.buffer).setUint32(0, header.length, true);
    head.set(new TextEncoder().encode(header), 8);
    const read = (begin: number, end: number) => Promise.resolve(head.subarray(begin, end));
    const before = tf.memory();
    const error = await loadModel(
      definition,
      { name: 'it', size: head.length + 2 ** 32, read },
      { config: huge },
    ).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'TFM5504',
      message: 'the weights take 4.3 GB, and the wasm backend addresses 4 GB',
    });
    expect(tf.memory()).toEqual(before);
  });
});

/** How many files this process holds open, where the system says so. */
function openFiles(): number | undefined {
  return fs.existsSync('/proc/self/fd') ? fs.readdirSync('/proc/self/fd').length : undefined;
}
