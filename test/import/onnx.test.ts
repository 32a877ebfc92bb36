import fs from 'node:fs';
import path from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { expect, test } from 'vitest';
import { compile, nodeHost } from '../../compiler/src/index.js';
import { rearranged, rearrangedShape } from '../../runtime/src/weights/index.js';
import { folderWith, tfm } from '../compiler/cli/tool.js';
import { type GoldenRun, numbersOf, readJson, type Stored } from '../support/golden.js';
import { folders, wrongNumbers } from './goldens.js';

const fixtures = 'test/fixtures/hf-golden';

// Three implementations at one table: transformers made the numbers, our compiler the file, ONNX Runtime runs it.
test.each(folders(fixtures))(
  'tfm import, then tfm build --target onnx: ONNX Runtime gives the outputs of %s',
  async (name) => {
    const folder = path.resolve(fixtures, name);
    const cwd = folderWith({});
    await tfm(['import', folder, '-o', 'm.tfm'], { cwd });
    const built = await tfm(['build', 'm.tfm', '--target', 'onnx', '--weights', folder], { cwd });
    expect(built, built.stderr).toMatchObject({ exitCode: 0 });
    const [model] = compile(nodeHost(), path.join(cwd, 'm.tfm')).graph!.models;
    const [names] = model!.checkpoints;
    const run = readJson<GoldenRun>(`${folder}/io.json`);
    const session = await InferenceSession.create(path.join(cwd, 'm.onnx'), {
      intraOpNumThreads: 1,
      logSeverityLevel: 3,
    });
    const given: Record<string, Tensor> = {};
    for (const { input, presence, theirs, axes } of names!.inputs) {
      const stored = run.inputs[theirs];
      if (stored) given[presence ? `${input}.present` : input] = tensorOf(stored, presence, axes);
    }
    const first = Object.values(given)[0]!;
    const feeds = session.inputNames.map((own) => {
      const rowsOf = given[own.replace(/\.present$/, '')] ?? first;
      return [own, given[own] ?? absent(own, rowsOf.dims)] as const;
    });
    const found = await session.run(Object.fromEntries(feeds));
    await session.release();
    fs.rmSync(cwd, { recursive: true });
    for (const [theirs, expected] of Object.entries(run.outputs)) {
      const own = names!.outputs.find((output) => output.theirs === theirs && output.output in found)?.output ?? theirs;
      const { dims, data } = found[own]!;
      expect(dims, own).toEqual(expected.shape);
      expect(wrongNumbers(name, data as Float32Array, expected, run.inputs.attention_mask), own).toBe(0);
    }
  },
);

function tensorOf(stored: Stored, isPresence: boolean, axes: readonly string[]): Tensor {
  const numbers = numbersOf(stored);
  if (isPresence) return new Tensor('bool', Uint8Array.from(numbers), stored.shape);
  if (stored.dtype === 'int64') return new Tensor('int64', BigInt64Array.from(numbers, BigInt), stored.shape);
  let values: Float32Array = Float32Array.from(numbers);
  let shape = stored.shape;
  for (const pattern of axes) {
    values = rearranged(pattern, values, shape);
    shape = rearrangedShape(pattern, shape) as readonly number[];
  }
  return new Tensor('float32', values, shape);
}

/** An input that the run was not given: every row is real, every id is 0. */
function absent(name: string, [batch = 1, rows = 1]: readonly number[]): Tensor {
  const size = batch * rows;
  if (name.endsWith('.present')) return new Tensor('bool', new Uint8Array(size).fill(1), [batch, rows]);
  return new Tensor('int64', new BigInt64Array(size), [batch, rows]);
}
