import fs from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { openCheckpoint, toSafetensors } from '../../../runtime/src/weights/index.js';
import { readOnnx } from '../../support/onnx-file.js';
import { run } from '../onnx/kit.js';
import { layer, onnx } from './onnx-specs.js';
import { folderWith, tfm } from './tool.js';

const matrix = Float32Array.from({ length: 12 }, (_, i) => i);
const bias = Float32Array.of(0.5, 0.25, 0.125);
let weights: string;
beforeAll(async () => {
  const folder = folderWith({});
  weights = path.join(folder, 'fc.safetensors');
  const tensors = [
    { name: 'fc.weight', dtype: 'F32' as const, shape: [3, 4], data: matrix },
    { name: 'fc.bias', dtype: 'F32' as const, shape: [3], data: bias },
  ];
  fs.writeFileSync(weights, await toSafetensors(tensors));
  const own = tensors.map((tensor) => ({ ...tensor, name: tensor.name.replace('fc', 'out') }));
  fs.writeFileSync(path.join(folder, 'own.safetensors'), await toSafetensors(own));
  fs.writeFileSync(path.join(folder, 'less.safetensors'), await toSafetensors(tensors.slice(0, 1)));
  fs.writeFileSync(path.join(folder, 'short.safetensors'), fs.readFileSync(weights).subarray(0, -4));
});

describe('weights', () => {
  const feeds = { x: { shape: [1, 4], values: [1, 10, 100, 1000] } };
  const expected = { y: { dims: [1, 3], values: [3210.5, 7654.25, 12098.125] } };

  test.each([
    ['by a checkpoint map', 'fc', []],
    ['by a map that is named', 'fc', ['--checkpoint', 'torch']],
    ["by the model's own names", 'own', []],
    ['with the weights beside the model', 'fc', ['--external-data']],
  ])('%s', async (_, name, more) => {
    const cwd = folderWith({ 'a.tfm': layer('A') });
    const file = path.join(path.dirname(weights), `${name}.safetensors`);
    expect(await tfm(onnx('--weights', file, ...more), { cwd })).toMatchObject({ exitCode: 0 });
    expect(await run(path.join(cwd, 'a.onnx'), feeds)).toEqual(expected);
    expect(readOnnx(fs.readFileSync(path.join(cwd, 'a.onnx'))).metadata).not.toHaveProperty('tfm.init_seed');
  });

  test('from a seed are those of tfm run', async () => {
    const cwd = folderWith({ 'a.tfm': layer('A') });
    await tfm(onnx('--init', '7'), { cwd });
    const tensor = { name: 'x', dtype: 'F32' as const, shape: [1, 4], data: Float32Array.of(1, 10, 100, 1000) };
    fs.writeFileSync(path.join(cwd, 'in.safetensors'), await toSafetensors([tensor]));
    const io = ['--inputs', 'in.safetensors', '--outputs', 'out.safetensors', '--backend', 'cpu'];
    expect(await tfm(['run', 'a.tfm', '--init', '7', ...io], { cwd })).toMatchObject({ exitCode: 0 });
    const out = await openCheckpoint(path.join(cwd, 'out.safetensors'));
    const reference = await out.readFloat32('y');
    await out.close();
    const { y } = await run(path.join(cwd, 'a.onnx'), feeds);
    expect(Math.max(...reference.map((value, i) => Math.abs(value - (y?.values[i] ?? Number.NaN))))).toBeLessThan(1e-3);
    expect(Math.max(...reference.map(Math.abs))).toBeGreaterThan(1);
  });

  test.each([
    ['less', [], 1, /^error\[TFM5201\]: .*\n.*nothing fills out\.bias \[3\]: the checkpoint has no 'fc\.bias'/],
    ['short', [], 1, /^error\[TFM51\d\d\]: /],
    ['fc', ['--set', 'm=5'], 1, /^error\[TFM5203\]: .*\n.*out\.weight is \[5, 4\], but 'fc\.weight' is \[3, 4\]/],
    ['fc', ['--checkpoint', 'torhc'], 1, /^error: A has no checkpoint map 'torhc'\nhelp: it has torch\n$/],
    ['nowhere', [], 1, /^error\[TFM6001\]: cannot read .*nowhere\.safetensors\n/],
  ])('%s.safetensors with %j is refused, and nothing is left', async (name, argv, exitCode, message) => {
    const cwd = folderWith({ 'a.tfm': layer('A') });
    const file = path.join(path.dirname(weights), `${name}.safetensors`);
    const result = await tfm(onnx('--weights', file, ...argv), { cwd });
    expect(result).toMatchObject({ exitCode, stdout: '' });
    expect(result.stderr).toMatch(message);
    expect(fs.readdirSync(cwd)).toEqual(['a.tfm']);
  });

  test('a file is of one model', async () => {
    const cwd = folderWith({ 'a.tfm': layer('A'), 'b.tfm': layer('B') });
    expect(await tfm(onnx('--weights', weights), { cwd })).toEqual({
      exitCode: 2,
      stdout: '',
      stderr: 'error: --weights is for one model, and these are A, B\nhelp: name one: a.tfm#A\n',
    });
  });
});

describe('--check', () => {
  test('tells missing and stale files, and writes nothing', async () => {
    const cwd = folderWith({ 'a.tfm': layer('A'), 'b.tfm': layer('B'), 'c.tfm': layer('C') });
    const argv = onnx('--init', '1', '--check');
    await tfm(onnx('a.tfm', 'b.tfm', '--init', '1'), { cwd });
    const file = path.join(cwd, 'b.onnx');
    fs.writeFileSync(
      file,
      Buffer.from(fs.readFileSync(file).map((byte, i, { length }) => (i === length >> 1 ? byte ^ 1 : byte))),
    );
    expect(await tfm(argv, { cwd })).toEqual({
      exitCode: 1,
      stdout: 'stale    b.onnx\nmissing  c.onnx\n',
      stderr: '2 files out of date: run tfm build\n',
    });
    expect(fs.existsSync(path.join(cwd, 'c.onnx'))).toBe(false);
    await tfm(onnx('--init', '1'), { cwd });
    expect(await tfm(argv, { cwd })).toEqual({ exitCode: 0, stdout: '', stderr: '3 files up to date\n' });
    expect(await tfm(onnx('a.tfm', '--init', '2', '--check'), { cwd })).toMatchObject({ stdout: 'stale    a.onnx\n' });
  });
});
