import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Content } from '../../../compiler/src/emit/onnx/file/content.js';
import {
  comparingSink,
  FileError,
  fileSink,
  memorySink,
  type PlannedFile,
  planFiles,
  type WeightSource,
  writeFiles,
} from '../../../compiler/src/emit/onnx/file/index.js';
import type { Sink } from '../../../compiler/src/emit/onnx/file/sinks.js';
import type { OnnxModel } from '../../../compiler/src/emit/onnx/model.js';
import { readOnnx } from '../../support/onnx-file.js';
import { linearModel, linearWeights, run, sourceOf, written } from './kit.js';

const feeds = { x: { shape: [1, 3], values: [1, 1, 1] } };
const expected = { y: { dims: [1, 2], values: [6.5, 59.5] } };
const linear = { name: 'linear.onnx', model: linearModel() };

let folder: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tfm-onnx-'));
});
afterEach(() => {
  fs.rmSync(folder, { recursive: true, force: true });
});

const listed = (): string[] => fs.readdirSync(folder).sort();
const floatsIn = (bytes: Uint8Array): number[] => [...new Float32Array(new Uint8Array(bytes).buffer)];
const inFolder = (name: string): string => path.join(folder, name);

/** Writes planned files into the folder. */
async function writeAll(files: readonly PlannedFile[], source: WeightSource, signal?: AbortSignal): Promise<void> {
  const outputs = files.map(({ name, content }) => ({ content, sink: fileSink(inFolder(name)) }));
  await writeFiles(outputs, source, { signal });
}

/** The same layer, with its weights as the source has them: another way to use the same weights. */
function unturned(): OnnxModel {
  const { graph, ...model } = linearModel();
  const nodes = graph.nodes.map((node) =>
    node.operator === 'MatMul'
      ? { ...node, operator: 'Gemm', attributes: { transB: { kind: 'int', value: 1 } as const } }
      : node,
  );
  const initializers = graph.initializers.map((initializer) =>
    initializer.name === 'layer.weight'
      ? { name: 'layer.weight', data: { weight: 'layer.weight', shape: [2, 3], transposed: false } }
      : initializer,
  );
  return { ...model, graph: { ...graph, nodes, initializers } };
}

describe('external data', () => {
  test('ONNX Runtime finds it beside the model', async () => {
    const source = sourceOf(linearWeights);
    await writeAll(
      planFiles([linear], { order: source.paths, dataFile: 'linear.onnx.data', externalData: true }),
      source,
    );
    expect(listed()).toEqual(['linear.onnx', 'linear.onnx.data']);
    expect(await run(inFolder('linear.onnx'), feeds)).toEqual(expected);
  });

  test('names its file, and the place and length of each weight; small ones begin at 64 bytes', async () => {
    const files = await written([linear], sourceOf(linearWeights), { externalData: true });
    const { initializers } = readOnnx(files.get('linear.onnx') ?? new Uint8Array()).graph;
    expect(initializers.map(({ name, bytes, external }) => [name, bytes, external])).toEqual([
      ['layer.weight', undefined, { location: 'model.onnx.data', offset: '0', length: '24' }],
      ['layer.bias', undefined, { location: 'model.onnx.data', offset: '64', length: '8' }],
    ]);
    const data = files.get('model.onnx.data') ?? new Uint8Array();
    expect(data.length).toBe(72);
    expect(floatsIn(data.subarray(0, 24))).toEqual([1, 10, 2, 20, 3, 30]);
  });

  test('large weights begin at a page', () => {
    const names = ['a', 'b', 'c'];
    const sizes: Readonly<Record<string, number>> = { a: 3, b: 2 ** 20, c: 2 ** 20 + 1 };
    const weight = (name: string) => ({ name, data: { weight: name, shape: [sizes[name] ?? 0], transposed: false } });
    const graph = { ...linear.model.graph, initializers: names.map(weight) };
    const [data] = planFiles([{ name: 'm.onnx', model: linearModel({ graph }) }], {
      order: names,
      dataFile: 'd',
      externalData: true,
    });
    const lengths = data?.content.segments.map(({ length }) => length);
    expect(lengths).toEqual([12, 4096 - 12, 4 * 2 ** 20, 4 * (2 ** 20 + 1)]);
    expect(data?.content.length).toBe(4096 + 8 * 2 ** 20 + 4);
  });

  test('is shared by the models of a spec, each weight in it once', async () => {
    const models = [
      { name: 'a.onnx', model: linearModel() },
      { name: 'b.onnx', model: linearModel({ opset: 18 }) },
      { name: 'c.onnx', model: unturned() },
    ];
    const source = sourceOf(linearWeights);
    const files = planFiles(models, { order: source.paths, dataFile: 'all.data', externalData: true });
    const weights = (content: Content | undefined): string[] =>
      (content?.segments ?? []).flatMap((segment) =>
        'weight' in segment ? [`${segment.weight} ${segment.transposed}`] : [],
      );
    expect(files.map(({ name, content }) => [name, weights(content)])).toEqual([
      // Products of one of them want it turned round: another order of the same numbers.
      ['all.data', ['layer.weight true', 'layer.weight false', 'layer.bias false']],
      ['a.onnx', []],
      ['b.onnx', []],
      ['c.onnx', []],
    ]);
    await writeAll(files, source);
    for (const { name } of models) expect(await run(inFolder(name), feeds)).toEqual(expected);
  });
});

describe('two gigabytes', () => {
  /** A layer of 22 · 25,000,000 numbers: 2.2 GB. */
  const rows = 25_000_000;
  const names = Array.from({ length: 22 }, (_, i) => `w${i}`);
  const initializers = names.map((name) => ({
    name,
    data: { weight: name, shape: [rows], transposed: false },
  }));
  const large = { name: 'large.onnx', model: linearModel({ graph: { ...linear.model.graph, initializers } }) };
  const options = { order: names, dataFile: 'large.onnx.data' };
  /** All its weights are one array of zeros. */
  const source: WeightSource = {
    paths: names,
    *read() {
      const data = new Float32Array(rows);
      for (const path of names) yield { path, shape: [rows], data };
    },
  };

  function countingSink(): Sink & { count: number } {
    return {
      count: 0,
      async write(bytes) {
        this.count += bytes.length;
      },
      finish: async () => undefined,
      commit: async () => undefined,
      discard: async () => undefined,
    };
  }

  test('and more go to a data file, though nobody asked for it', async () => {
    const files = planFiles([large], options);
    expect(files.map(({ name }) => name)).toEqual(['large.onnx.data', 'large.onnx']);
    expect(files[0]?.content.length).toBeGreaterThanOrEqual(22 * rows * 4);
    expect(files[1]?.content.length).toBeLessThan(10_000);
    const outputs = files.map(({ content }) => ({ content, sink: countingSink() }));
    await writeFiles(outputs, source);
    expect(outputs.map(({ sink }) => sink.count)).toEqual(files.map(({ content }) => content.length));
  });

  test('a file just below stays one', () => {
    const graph = { ...linear.model.graph, initializers: initializers.slice(0, 21) };
    const files = planFiles([{ name: 'l.onnx', model: linearModel({ graph }) }], options);
    expect(files.map(({ name }) => name)).toEqual(['l.onnx']);
    expect(files[0]?.content.length).toBeGreaterThan(21 * rows * 4);
  });

  test('the length that decides is the length of the file', async () => {
    const own = sourceOf(linearWeights);
    const [whole = new Uint8Array()] = (await written([linear], own)).values();
    const name = (mostBytes: number): string[] =>
      planFiles([linear], { order: own.paths, dataFile: 'd', mostBytes }).map((file) => file.name);
    expect(name(whole.length)).toEqual(['linear.onnx']);
    expect(name(whole.length - 1)).toEqual(['d', 'linear.onnx']);
  });
});

describe('nothing half-written stays', () => {
  const order = Object.keys(linearWeights);
  const files = planFiles([linear], { order, dataFile: 'linear.onnx.data', externalData: true });

  test.each([
    ['rejects', new Error('the disk is gone')],
    ['is aborted', new DOMException('interrupted', 'AbortError')],
  ])('when the source %s in the middle', async (_, problem) => {
    fs.writeFileSync(inFolder('linear.onnx'), 'before');
    const failing: WeightSource = {
      paths: order,
      async *read(options) {
        for await (const weight of sourceOf(linearWeights).read(options)) {
          if (weight.path === 'layer.bias') throw problem;
          yield weight;
        }
      },
    };
    await expect(writeAll(files, failing)).rejects.toBe(problem);
    expect(listed()).toEqual(['linear.onnx']);
    expect(fs.readFileSync(inFolder('linear.onnx'), 'utf8')).toBe('before');
  });

  test('when the signal aborts between two weights', async () => {
    const controller = new AbortController();
    const stopping: WeightSource = {
      paths: order,
      async *read(options) {
        for await (const weight of sourceOf(linearWeights).read(options)) {
          if (weight.path === 'layer.bias') controller.abort();
          yield weight;
        }
      },
    };
    await expect(writeAll(files, stopping, controller.signal)).rejects.toThrow(/abort/i);
    expect(listed()).toEqual([]);
  });

  test('when the source lacks a weight, or gives it in another shape', async () => {
    const { 'layer.bias': bias = { shape: [], values: [] }, ...less } = linearWeights;
    await expect(writeAll(files, sourceOf(less))).rejects.toThrow("gave no 'layer.bias'");
    const wrong = sourceOf({ ...linearWeights, 'layer.bias': { ...bias, shape: [2, 1] } });
    await expect(writeAll(files, wrong)).rejects.toThrow("'layer.bias' is [2, 1], the model wants [2]");
    expect(() => planFiles([linear], { order: ['layer.weight'], dataFile: 'd' })).toThrow(
      "nothing gives the weight 'layer.bias'",
    );
    expect(listed()).toEqual([]);
  });

  test('when a folder stands in the place of one of the files', async () => {
    fs.mkdirSync(inFolder('linear.onnx'));
    const error = await writeAll(files, sourceOf(linearWeights)).catch((problem: unknown) => problem);
    expect(error).toBeInstanceOf(FileError);
    expect(error).toMatchObject({ file: inFolder('linear.onnx') });
    expect(listed()).toEqual(['linear.onnx']);
  });
});

test('progress counts the bytes of all files up to their sum', async () => {
  const source = sourceOf(linearWeights);
  const files = planFiles([linear], { order: source.paths, dataFile: 'd', externalData: true });
  const total = files.reduce((sum, { content }) => sum + content.length, 0);
  const seen: number[] = [];
  await writeFiles(
    files.map(({ content }) => ({ content, sink: memorySink() })),
    source,
    {
      onProgress: ({ writtenBytes, totalBytes }) => {
        expect(totalBytes).toBe(total);
        seen.push(writtenBytes);
      },
    },
  );
  expect(seen).toEqual([...seen].sort((a, b) => a - b));
  expect(seen.at(-1)).toBe(total);
});

describe('comparing with a file on disk', () => {
  const source = sourceOf(linearWeights);
  const [file = { name: '', content: { segments: [], length: 0 } }] = planFiles([linear], {
    order: source.paths,
    dataFile: 'd',
  });

  async function state(): Promise<string> {
    const sink = await comparingSink(inFolder('linear.onnx'), file.content.length);
    await writeFiles([{ content: file.content, sink }], source);
    return sink.state;
  }

  test('tells missing, same and different', async () => {
    expect(await state()).toBe('missing');
    await writeAll([file], source);
    expect(await state()).toBe('same');
    const bytes = fs.readFileSync(inFolder('linear.onnx'));
    // In the last weight: what is compared is all of it.
    const at = bytes.indexOf(Buffer.from(Float32Array.of(0.5, -0.5).buffer));
    fs.writeFileSync(inFolder('linear.onnx'), Buffer.from(bytes.map((byte, i) => (i === at ? byte ^ 1 : byte))));
    expect(await state()).toBe('different');
    fs.writeFileSync(inFolder('linear.onnx'), bytes.subarray(0, -1));
    expect(await state()).toBe('different');
    expect(listed()).toEqual(['linear.onnx']);
  });

  test('asks for no weights when the length already differs', async () => {
    fs.writeFileSync(inFolder('linear.onnx'), 'short');
    const sink = await comparingSink(inFolder('linear.onnx'), file.content.length);
    const silent: WeightSource = { paths: source.paths, read: () => expect.unreachable('the weights were read') };
    await writeFiles([{ content: file.content, sink }], silent);
    expect(sink.state).toBe('different');
  });
});

test('a matrix larger than a block is turned round', async () => {
  const [rows, columns] = [70, 45];
  const values = Array.from({ length: rows * columns }, (_, i) => i);
  const graph = {
    ...linear.model.graph,
    initializers: [{ name: 'w', data: { weight: 'w', shape: [columns, rows], transposed: true } }],
  };
  const files = await written(
    [{ name: 'm', model: linearModel({ graph }) }],
    sourceOf({ w: { shape: [rows, columns], values } }),
  );
  const { bytes = new Uint8Array() } = readOnnx(files.get('m') ?? new Uint8Array()).graph.initializers[0] ?? {};
  expect(floatsIn(bytes)).toEqual(values.map((_, i) => (i % rows) * columns + Math.floor(i / rows)));
});
