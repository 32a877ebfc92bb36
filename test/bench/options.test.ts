import { describe, expect, test } from 'vitest';
import { bench } from '../../bench/lib/bench.mjs';
import { readOptions, UsageError } from '../../bench/lib/options.mjs';

const names = (list: readonly { readonly name: string }[] | undefined) => list?.map(({ name }) => name);

describe('the command line', () => {
  test('says nothing: the cases for a CPU, on whatever the machine has', () => {
    const options = readOptions([]);
    expect(names(options.cases)).toEqual([
      'gpt2-prefill-128',
      'gpt2-prefill-512',
      'gpt2-decode-128',
      'minilm-1x128',
      'minilm-8x128',
      'vit-tiny',
    ]);
    expect(options).toMatchObject({ engines: undefined, rounds: undefined, quick: false, json: undefined });
  });

  test('takes several names behind an option, with commas, and the option again', () => {
    const options = readOptions(['--case', 'vit-tiny', 'minilm-1x128', '--engine', 'wasm,stock', '--case=vit-tiny']);
    expect(names(options.cases)).toEqual(['vit-tiny', 'minilm-1x128']);
    expect(names(options.engines)).toEqual(['wasm', 'stock']);
  });

  test('gpu stands for the cases for a GPU', () => {
    expect(names(readOptions(['--case', 'gpu']).cases)).toHaveLength(6);
  });

  test.each([
    { argv: ['--case', 'bert'], says: /no case 'bert'; the cases are gpt2-prefill-128, .*vit-tiny/ },
    { argv: ['--case', 'test'], says: /no case 'test'/ },
    {
      argv: ['--engine', 'onnx'],
      says: /no engine 'onnx'; the engines are wasm, wasm-relaxed, stock, ort-web, ort-node, webgpu/,
    },
    { argv: ['--rounds', '0'], says: /--rounds takes a whole number from 1, not '0'/ },
    { argv: ['--rounds', 'many'], says: /not 'many'/ },
    { argv: ['--fast'], says: /--fast/ },
    { argv: ['vit-tiny'], says: /'vit-tiny' belongs to no option/ },
    { argv: ['--quick', 'vit-tiny'], says: /'vit-tiny' belongs to no option/ },
    { argv: ['--case', 'gpu', '--engine', 'wasm'], says: /gpu-gpt2-prefill-512 runs on webgpu, ort-webgpu only/ },
  ])('$argv is a mistake', ({ argv, says }) => {
    expect(() => readOptions(argv)).toThrow(says);
    expect(() => readOptions(argv)).toThrow(UsageError);
  });
});

/** What the command says, and its exit status. */
async function run(...argv: string[]) {
  let [out, err] = ['', ''];
  const stdout = { write: (text: string) => (out += text) };
  const stderr = { write: (text: string) => (err += text) };
  return { status: await bench(argv, { stdout, stderr }), out, err };
}

test('a mistake gives status 2 and the usage, on standard error', async () => {
  const { status, out, err } = await run('--case', 'nothing');
  expect({ status, out }).toEqual({ status: 2, out: '' });
  expect(err).toMatch(/no case 'nothing'[\s\S]*usage: npm run bench/);
});

test('--list names the cases and the engines, but not those of the tests', async () => {
  const { status, out } = await run('--list');
  expect(status).toBe(0);
  expect(out).toMatch(/minilm-8x128 +MiniLM shape, 8 × 128\n/);
  expect(out).toMatch(/ort-webgpu +onnxruntime-node WebGPU\n/);
  expect(out).not.toContain('tiny GPT-2');
});
