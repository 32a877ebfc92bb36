import fs from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { openCheckpoint, toSafetensors } from '../../../runtime/src/weights/index.js';
import { readOnnx } from '../../support/onnx-file.js';
import { run } from '../onnx/kit.js';
import { folderWith, tfm } from './tool.js';

const layer = (name: string): string => `/// A linear layer.
model ${name}(n = 4, m = 3) {
  require n % 2 == 0 : "n must be even; {n} is not"

  /// Rows.
  input x: float[B, n]

  output y: float[B, m] = x -> linear(m, init: normal(0.5)) as out

  checkpoint torch {
    out = "fc"
  }
}

preset ${name}Wide = ${name}(n: 8)
`;
const generating = `model Echo(vocab = 7) {
  input tokens: token[B, T] of vocab

  output logits: float[B, T, vocab] = tokens -> embedding(vocab, vocab) as wte

  generate tokens from logits
}
`;
const onnx = (...argv: string[]): string[] => ['build', '--target', 'onnx', ...argv];
const bytesAt = (...parts: string[]): Uint8Array => fs.readFileSync(path.join(...parts));
const fromSeed = onnx('--init', '1');

/** Columns are 1, 2, 3, … times those of the row before. */
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

describe('what is written', () => {
  test('a model beside its spec, and only when it changes', async () => {
    const cwd = folderWith({
      'a.tfm': layer('A'),
      'deep/b.tfm': layer('B'),
      'blocks.tfm': 'mask same = (q, k) => q == k\n',
    });
    const first = await tfm(fromSeed, { cwd });
    expect(first.exitCode).toBe(0);
    expect(first.stdout).toMatch(/^a\.onnx {2}\d+ B\ndeep\/b\.onnx {2}\d+ B\n$/);
    expect(first.stderr).toBe('2 files written, 0 unchanged\n');
    expect(await tfm(fromSeed, { cwd })).toEqual({ exitCode: 0, stdout: '', stderr: '0 files written, 2 unchanged\n' });
    const other = await tfm(onnx('a.tfm', '--init', '2'), { cwd });
    expect(other.stderr).toBe('1 file written, 0 unchanged\n');
    expect(fs.readdirSync(cwd).sort()).toEqual(['a.onnx', 'a.tfm', 'blocks.tfm', 'deep']);
  });

  test('says where it comes from', async () => {
    const cwd = folderWith({ 'a.tfm': layer('A') });
    await tfm([...fromSeed, '--preset', 'AWide', '--set', 'm=2', '--opset', '20'], { cwd });
    const { metadata, opset, producer, documentation, graph } = readOnnx(bytesAt(cwd, 'a.onnx'));
    const { version } = JSON.parse(fs.readFileSync('compiler/package.json', 'utf8')) as { version: string };
    const { stdout } = await tfm(['build', '--stdout'], { cwd });
    expect(metadata).toEqual({
      'tfm.model': 'A',
      'tfm.spec': 'a.tfm',
      'tfm.spec_hash': /\(graph (\w+)\)/.exec(stdout)?.[1],
      'tfm.version': version,
      'tfm.configuration': '{"n":8,"m":2}',
      'tfm.preset': 'AWide',
      'tfm.entry': 'forward',
      'tfm.init_seed': '1',
    });
    expect({ opset, producer, documentation }).toEqual({
      opset: [20],
      producer: ['tfm', version],
      documentation: 'A linear layer.',
    });
    expect(graph.inputs).toEqual([{ name: 'x', documentation: 'Rows.' }]);
  });

  test('the operator set is 23 unless another is asked for', async () => {
    const cwd = folderWith({ 'a.tfm': layer('A') });
    await tfm(fromSeed, { cwd });
    expect(readOnnx(bytesAt(cwd, 'a.onnx')).opset).toEqual([23]);
  });

  test('a file for each model where a spec has several; #Model chooses', async () => {
    const cwd = folderWith({ 'ab.tfm': layer('A') + layer('B') });
    expect((await tfm(fromSeed, { cwd })).stdout.replace(/ {2}.*/g, '')).toBe('ab.A.onnx\nab.B.onnx\n');
    fs.rmSync(path.join(cwd, 'ab.A.onnx'));
    fs.rmSync(path.join(cwd, 'ab.B.onnx'));
    await tfm(onnx('ab.tfm#B', '--init', '1'), { cwd });
    expect(fs.readdirSync(cwd).sort()).toEqual(['ab.B.onnx', 'ab.tfm']);
    await tfm(onnx('ab.tfm#AWide', '--init', '1', '--out', 'wide.onnx'), { cwd });
    expect(readOnnx(bytesAt(cwd, 'wide.onnx')).metadata).toMatchObject({ 'tfm.model': 'A', 'tfm.preset': 'AWide' });
  });

  test('--out is a folder, or the file of one model', async () => {
    const cwd = folderWith({ 'specs/a.tfm': layer('A'), 'specs/deep/b.tfm': layer('B') });
    expect((await tfm(onnx('specs', '--init', '1', '--out', 'models'), { cwd })).stdout.replace(/ {2}.*/g, '')).toBe(
      'models/a.onnx\nmodels/deep/b.onnx\n',
    );
    const one = await tfm(onnx('specs/a.tfm', '--init', '1', '--out', 'served/model.onnx', '--external-data'), { cwd });
    expect(one.stdout.replace(/ {2}.*/g, '')).toBe('served/model.onnx.data\nserved/model.onnx\n');
  });

  test('the configuration may say that the target is ONNX', async () => {
    const cwd = folderWith({ 'tfm.config.json': '{ "target": "onnx", "out": "models" }', 'a.tfm': layer('A') });
    expect((await tfm(['build', '--init', '1'], { cwd })).stdout).toMatch(/^models\/a\.onnx {2}/);
  });
});

describe('entries', () => {
  test('forward alone is said to be one part of a model that generates', async () => {
    const cwd = folderWith({ 'echo.tfm': generating });
    const { stdout, stderr } = await tfm(fromSeed, { cwd });
    expect(stdout).toMatch(/^echo\.onnx {2}\d+ B\n$/);
    expect(stderr).toBe(
      '1 file written, 0 unchanged\nEcho generates: --entry prefill --entry decode writes the two steps of generation\n',
    );
  });

  test.each([
    [
      ['--entry', 'decode', '--entry', 'prefill'],
      ['echo.prefill.onnx', 'echo.decode.onnx'],
    ],
    [
      ['--entry', 'prefill,decode'],
      ['echo.prefill.onnx', 'echo.decode.onnx'],
    ],
    [
      ['--entry', 'all'],
      ['echo.onnx', 'echo.prefill.onnx', 'echo.decode.onnx'],
    ],
    [['--entry', 'decode', '--out', 'step.onnx'], ['step.onnx']],
    [
      ['--entry', 'all', '--out', 'e.onnx'],
      ['e.onnx', 'e.prefill.onnx', 'e.decode.onnx'],
    ],
    [
      ['--entry', 'all', '--external-data'],
      ['echo.forward.prefill.decode.onnx.data', 'echo.onnx', 'echo.prefill.onnx', 'echo.decode.onnx'],
    ],
  ])('%j', async (argv, files) => {
    const cwd = folderWith({ 'echo.tfm': generating });
    const { stdout, stderr } = await tfm([...fromSeed, ...argv], { cwd });
    expect(
      stdout
        .replace(/ {2}.*/g, '')
        .trim()
        .split('\n'),
    ).toEqual(files);
    expect(stderr).toBe(`${files.length} file${files.length > 1 ? 's' : ''} written, 0 unchanged\n`);
    expect(fs.readdirSync(cwd).sort()).toEqual([...files, 'echo.tfm'].sort());
  });

  test('all is forward for a model that does not generate', async () => {
    const cwd = folderWith({ 'a.tfm': layer('A') });
    expect((await tfm([...fromSeed, '--entry', 'all'], { cwd })).stdout).toMatch(/^a\.onnx {2}\d+ B\n$/);
  });
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
    expect(readOnnx(bytesAt(cwd, 'a.onnx')).metadata).not.toHaveProperty('tfm.init_seed');
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
    const argv = [...fromSeed, '--check'];
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
    await tfm(fromSeed, { cwd });
    expect(await tfm(argv, { cwd })).toEqual({ exitCode: 0, stdout: '', stderr: '3 files up to date\n' });
    expect(await tfm(onnx('a.tfm', '--init', '2', '--check'), { cwd })).toMatchObject({ stdout: 'stale    a.onnx\n' });
  });
});

describe('the command line', () => {
  test.each([
    [onnx(), 2, 'error: give --weights FILE, or --init SEED for random weights\n'],
    [
      [...fromSeed, '--stdout'],
      2,
      'error: --stdout prints text, and an ONNX model is none\nhelp: give --out FILE.onnx\n',
    ],
    ...[
      ['--opset', '23'],
      ['--entry', 'forward'],
      ['--weights', 'w'],
      ['--init', '1'],
      ['--checkpoint', 'torch'],
      ['--set', 'n=8'],
      ['--preset', 'AWide'],
      ['--external-data'],
    ].map((option): [string[], number, string] => [
      ['build', ...option],
      2,
      `error: ${option[0]} is only for --target onnx\nhelp: add --target onnx\n`,
    ]),
    [[...fromSeed, '--opset', '16'], 2, /argument '16' is invalid\. It is a whole number from 17 to 24\./],
    [[...fromSeed, '--entry', 'step'], 2, /argument 'step' is invalid\. It is one of forward, prefill, decode, all\./],
    [[...fromSeed, '--weights', 'w'], 2, /cannot be used with option/],
    [
      [...fromSeed, '--entry', 'decode'],
      2,
      'error: A does not generate: it has no decode\nhelp: --entry forward, or all, which is what it has\n',
    ],
    [
      [...onnx('a.tfm', 'b.tfm', '--init', '1'), '--out', 'x.onnx'],
      2,
      'error: x.onnx is one file, and these are A, B\nhelp: give a folder, or a.tfm#A\n',
    ],
    [onnx('a.tfm#B', '--init', '1'), 1, /^error\[TFM6004\]: a\.tfm has no model or preset B\n/],
    [[...fromSeed, '--set', 'n=3'], 1, 'error: a.tfm:3:11: n must be even; 3 is not\nhelp: required: n % 2 == 0\n'],
    [[...fromSeed, '--set', 'o=3'], 1, /^error: A has no parameter 'o'\n/],
    [[...fromSeed, '--preset', 'Wide'], 1, /^error: A has no preset 'Wide'\n/],
    [
      ['build', 'a.tfm#A'],
      2,
      'error: #A chooses a model only for --target onnx\nhelp: without it all models of a.tfm are generated\n',
    ],
  ])('%j is refused', async (argv, exitCode, message) => {
    const cwd = folderWith({ 'a.tfm': layer('A'), 'b.tfm': layer('B') });
    const result = await tfm(argv, { cwd });
    expect(result).toMatchObject({ exitCode, stdout: '' });
    if (typeof message === 'string') expect(result.stderr).toBe(message);
    else expect(result.stderr).toMatch(message);
    expect(fs.readdirSync(cwd).sort()).toEqual(['a.tfm', 'b.tfm']);
  });

  test('specs that meet in one file are refused', async () => {
    const cwd = folderWith({ 'p/a.tfm': layer('A'), 'q/a.tfm': layer('A') });
    const { exitCode, stderr } = await tfm(onnx('p', 'q', '--init', '1', '--out', 'm'), { cwd });
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 1 });
    expect(stderr).toMatch(/^error\[TFM6007\]: p\/a\.tfm and q\/a\.tfm both generate m\/a\.onnx\n/);
  });

  test('a spec with errors is told of, and the others are written', async () => {
    const cwd = folderWith({ 'a.tfm': layer('A').replace('-> linear', '-> lineer'), 'b.tfm': layer('B') });
    const { exitCode, stdout, stderr } = await tfm(fromSeed, { cwd });
    expect({ exitCode, stdout: stdout.replace(/ {2}.*/g, '') }).toEqual({ exitCode: 1, stdout: 'b.onnx\n' });
    expect(stderr).toMatch(/^error\[TFM2001\](.*\n)+\d errors? in 1 file; 1 file written, 0 unchanged\n$/);
  });

  test('a file that cannot be written is named', async () => {
    const cwd = folderWith({ 'a.tfm': layer('A'), 'a.onnx/in-the-way': '' });
    const { exitCode, stderr } = await tfm(fromSeed, { cwd });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^error\[TFM6002\]: cannot write a\.onnx: /);
    expect(fs.readdirSync(cwd).sort()).toEqual(['a.onnx', 'a.tfm']);
  });

  test('an interruption leaves nothing behind', async () => {
    const cwd = folderWith({ 'a.tfm': layer('A') });
    const controller = new AbortController();
    controller.abort();
    expect(await tfm(fromSeed, { cwd, signal: controller.signal })).toMatchObject({ exitCode: 130, stdout: '' });
    expect(fs.readdirSync(cwd)).toEqual(['a.tfm']);
  });
});

test('--watch builds again when a spec changes; a wrong command line ends it', async () => {
  const cwd = folderWith({ 'a.tfm': layer('A') });
  const controller = new AbortController();
  let lines = 0;
  const running = tfm([...fromSeed, '--watch'], {
    cwd,
    signal: controller.signal,
    onStderr: () => {
      lines++;
      if (lines === 1) fs.writeFileSync(path.join(cwd, 'a.tfm'), layer('Other'));
      else controller.abort();
    },
  });
  const { exitCode, stderr } = await running;
  expect(exitCode).toBe(130);
  expect(stderr).toMatch(/^1 file written, 0 unchanged \(\d+ ms\)\n1 file written, 0 unchanged \(\d+ ms\)\n$/);
  expect(readOnnx(bytesAt(cwd, 'a.onnx')).metadata).toMatchObject({ 'tfm.model': 'Other' });
  expect(await tfm(onnx('--watch'), { cwd })).toMatchObject({ exitCode: 2 });
});
