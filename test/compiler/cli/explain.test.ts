// Asks for a GPU that is imagined, before anything else in the process has asked for one.
// @vitest-environment-options { "process": "explain" }
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { folderWith, tfm } from './tool.js';

const gpt2 = path.resolve('specs/models/gpt2.tfm');
const two = folderWith({
  'two.tfm': `model A(n = 4) {
  require n > 2 : "n is {n}, too few"
  input x: float[B, T, n]
  output y: float[B, T, n] = x -> linear(n) as out
}

model B(n = 4, sizes = [8, 2]) {
  input x: float[B, n]
  output y: float[B, n] = x -> linear(sizes[0]) as up -> relu -> linear(n) as down
}

preset Wide = B(n: 6, sizes: [16, 1])
`,
});

/** The lines of the kernels that run twelve times. */
function layerOf(text: string | undefined): string[] {
  const lines = text?.split(/^×12$/m)[1]?.split('\n').slice(1) ?? [];
  return lines.slice(
    0,
    lines.findIndex((line) => !line.startsWith('  ')),
  );
}

describe('tfm explain', () => {
  test('--weights lists the weights of equal copies once', async () => {
    const { stdout } = await tfm(['explain', gpt2, '--weights']);
    expect(stdout).toMatch(/^wte\.weight +\[50257, 768\] +38,597,376 +normal$/m);
    expect(stdout).toMatch(/^layers\[0–11\]\.attention\.q\.bias ×12 +\[768\] +768 +constant$/m);
    expect(stdout.match(/^layers\[.*×12 +\[/gm)).toHaveLength(16);
  });

  test('GPT-2 as a table', async () => {
    const { exitCode, stdout, stderr } = await tfm(['explain', gpt2, '--at', 'T=128']);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    await expect(stdout).toMatchFileSnapshot('golden/gpt2.explain.txt');
    expect(stdout).toContain('124,439,808 parameters');
    expect(stdout).toContain('KV cache 72.0 KiB for each token; 72.0 MiB for 1,024 tokens');
  });

  test.each([
    ['Gpt2Medium', 354_823_168],
    ['Gpt2Large', 774_030_080],
    ['Gpt2Xl', 1_557_611_200],
  ])('%s has %d parameters', async (preset, parameters) => {
    const byOption = await tfm(['explain', gpt2, '--preset', preset, '--json']);
    expect(JSON.parse(byOption.stdout)).toMatchObject({ totals: { parameters } });
    expect((await tfm(['explain', `${gpt2}#${preset}`, '--json'])).stdout).toBe(byOption.stdout);
  });

  test('--kernels lists what WebGPU runs, layers that are alike once', async () => {
    const argv = ['explain', gpt2, '--kernels', '--at', 'T=256'];
    const { exitCode, stdout, stderr } = await tfm(argv);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const [, prefill, step] = stdout.split(/^(?=prefill: \d+ kernels|one token: \d+ kernels)/m);
    expect(layerOf(prefill)).toHaveLength(6);
    expect(layerOf(step)).toHaveLength(7);
    expect(layerOf(prefill)[2]).toMatch(/^ {2}attention of many queries +8 × 12 × 1 +3\.\d+ MiB$/);
    const { kernels } = JSON.parse((await tfm([...argv, '--json'])).stdout);
    expect(prefill).toMatch(new RegExp(`^prefill: ${kernels.prefill.length} kernels`));
    expect(kernels.step.length).toBeGreaterThanOrEqual(12 * 7);
    const plain = await tfm(['explain', 'two.tfm#B', '--kernels', '--at', 'B=5'], { cwd: two });
    expect(plain.stdout).toMatch(/^one pass: 2 kernels on WebGPU$/m);
  });

  test('a chosen model, settings, sizes and weights', async () => {
    const argv = ['explain', 'two.tfm#B', '--set', 'sizes=[3, 1]', '--at', 'B=5', '--weights'];
    const { exitCode, stdout } = await tfm(argv, { cwd: two });
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^B\(n = 4, sizes = \[3, 1\]\)\nprefill: B = 5\n/);
    expect(stdout).toMatch(/^up\.weight +\[3, 4\] +12 +\w+$/m);
    expect(stdout).toContain('31 parameters;');
    const wide = await tfm(['explain', 'two.tfm#Wide', '--json'], { cwd: two });
    expect(JSON.parse(wide.stdout)).toMatchObject({ model: 'B', totals: { parameters: 16 * 7 + 6 * 17 } });
  });

  test.each([
    [['two.tfm'], 1, /^error\[TFM6005\]: two\.tfm has several models: A, B\nhelp: write two\.tfm#A\n$/],
    [['two.tfm#C'], 1, /^error\[TFM6004\]: two\.tfm has no model or preset C\n$/],
    [['two.tfm#Wied'], 1, /help: did you mean Wide\?/],
    [['tow.tfm'], 1, /^error\[TFM6001\]: cannot read tow\.tfm\nhelp: did you mean two\.tfm\?\n$/],
    [['two.tfm#A', '--set', 'm=1'], 1, /^error: A has no parameter 'm'\nhelp: /],
    [['two.tfm#A', '--set', 'n=wide'], 1, /^error: 'n' of A is a whole number; found "wide"\n$/],
    [['two.tfm#A', '--set', 'n=2'], 1, /n is 2, too few/],
    [['two.tfm#A', '--preset', 'Wide'], 1, /^error: A has no preset 'Wide'\nhelp: it has no presets\n$/],
    [['two.tfm#A', '--at', 'S=3'], 2, /^error: A has no input dimension 'S'\nhelp: it has B, T\n$/],
  ])('%j is refused', async (argv, exitCode, message) => {
    const result = await tfm(['explain', ...argv], { cwd: two });
    expect(result).toMatchObject({ exitCode, stdout: '' });
    expect(result.stderr).toMatch(message);
  });
});
