import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { readOnnx } from '../../support/onnx-file.js';
import { layer, onnx } from './onnx-specs.js';
import { folderWith, tfm } from './tool.js';

const generating = `model Echo(vocab = 7) {
  input tokens: token[B, T] of vocab

  output logits: float[B, T, vocab] = tokens -> embedding(vocab, vocab) as wte

  generate tokens from logits
}
`;
const bytesAt = (...parts: string[]): Uint8Array => fs.readFileSync(path.join(...parts));
const fromSeed = onnx('--init', '1');

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

const twoOutputs = `model Both(n = 4) {
  input x: float[B, n]
  input z: float[B, n]
  let half = x -> linear(n) as shared
  output y: float[B, n] = half -> relu
  output big: float[B, 64] = half + z -> linear(64) as head
}
`;

describe('outputs', () => {
  test('--output leaves out what only the others need: inputs, nodes and weights', async () => {
    const cwd = folderWith({ 'both.tfm': twoOutputs });
    await tfm(fromSeed, { cwd });
    const whole = readOnnx(bytesAt(cwd, 'both.onnx')).graph;
    await tfm([...fromSeed, '--output', 'y', '--out', 'y.onnx'], { cwd });
    const { graph } = readOnnx(bytesAt(cwd, 'y.onnx'));
    expect(whole.inputs.map(({ name }) => name)).toEqual(['x', 'z']);
    expect(graph.inputs.map(({ name }) => name)).toEqual(['x']);
    expect(whole.initializers.map(({ name }) => name)).toContain('head.weight');
    expect(graph.initializers.map(({ name }) => name)).toEqual(['shared.weight', 'shared.bias']);
    expect(graph.nodes.length).toBeLessThan(whole.nodes.length);
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
      ['--output', 'y'],
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
    [[...fromSeed, '--output', 'x'], 2, "error: A has no output 'x'\nhelp: it has y\n"],
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
