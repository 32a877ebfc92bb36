import fs from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { openCheckpoint, toSafetensors } from '../../../runtime/src/weights/index.js';
import { folderWith, tfm } from './tool.js';

const spec = path.resolve('specs/models/gpt2.tfm');
const golden = path.resolve('test/fixtures/hf-golden/gpt2');
const configuration = ['width=32', 'vocab=96', 'context=64', 'depth=2', 'heads=4'].flatMap((text) => ['--set', text]);
const weights = ['--weights', golden, ...configuration];

interface Packed {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: string;
}

const io = JSON.parse(fs.readFileSync(path.join(golden, 'io.json'), 'utf8')) as {
  inputs: { input_ids: Packed; attention_mask: Packed };
  outputs: { logits: Packed };
};
const bytesOf = ({ data }: Packed): ArrayBuffer => new Uint8Array(Buffer.from(data, 'base64')).buffer;
const ids = Int32Array.from(new BigInt64Array(bytesOf(io.inputs.input_ids)), Number);
const logits = new Float32Array(bytesOf(io.outputs.logits));

let cwd: string;
beforeAll(async () => {
  cwd = folderWith({});
  const tensor = (
    name: string,
    data: Int32Array | Float32Array | Uint8Array,
    dtype: 'I64' | 'I32' | 'F32' | 'BOOL',
    shape: readonly number[],
  ) => ({ name, data, dtype, shape });
  const write = async (name: string, ...tensors: ReturnType<typeof tensor>[]): Promise<void> =>
    fs.writeFileSync(path.join(cwd, name), await toSafetensors(tensors));
  await write('in.safetensors', tensor('tokens', ids, 'I64', [2, 12]));
  await write('renamed.safetensors', tensor('token', ids, 'I32', [2, 12]));
  await write('floats.safetensors', tensor('tokens', new Float32Array(24), 'F32', [2, 12]));
  await write('flat.safetensors', tensor('tokens', ids, 'I32', [24]));
  const withMask = (name: string, isReal: (row: number) => boolean): Promise<void> => {
    const mask = Uint8Array.from({ length: 24 }, (_, i) => Number(isReal(i % 12)));
    return write(name, tensor('tokens', ids, 'I32', [2, 12]), tensor('attention_mask', mask, 'BOOL', [2, 12]));
  };
  await withMask('padded.safetensors', (row) => row < 9);
  await withMask('holes.safetensors', (row) => row !== 4);
});

describe('generation', () => {
  test('prints the prompt and the tokens that follow, and nothing else', async () => {
    const argv = [
      'run',
      spec,
      ...weights,
      '--prompt-tokens',
      '87,88,54',
      '--max-new-tokens',
      '6',
      '--temperature',
      '0',
    ];
    const { exitCode, stdout, stderr } = await tfm(argv, { cwd });
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^87,88,54(,\d+){6}$/);
    expect(stderr).toMatch(
      /^backend (wasm: .+|webgpu on .+) \(\d+ ms\)\n3 prompt tokens, first token after \d+ ms; 6 tokens, [\d.]+ tokens\/s\n$/,
    );
    const [first] = stdout.split(',').slice(3).map(Number);
    // Greedy: the most likely token after position 2 of the golden run, which begins with the same three tokens.
    expect([...ids.subarray(0, 3)]).toEqual([87, 88, 54]);
    const scores = [...logits.subarray(2 * 96, 3 * 96)];
    expect(first).toBe(scores.indexOf(Math.max(...scores)));
  });

  test('random weights are the same for the same seed', async () => {
    const argv = (seed: string) => [
      'run',
      spec,
      '--init',
      seed,
      ...configuration,
      '--prompt-tokens',
      '1',
      '--max-new-tokens',
      '8',
      '--seed',
      '3',
    ];
    const [a, b, c] = [await tfm(argv('1')), await tfm(argv('1')), await tfm(argv('2'))];
    expect(a.stdout).toMatch(/^1(,\d+){8}$/);
    expect(b.stdout).toBe(a.stdout);
    expect(c.stdout).not.toBe(a.stdout);
  });

  test.each([
    [['--prompt-tokens', '1,2,300'], 1, /^error\[TFM5401\]: tokens\[2\] is 300; the vocabulary has 96 entries/m],
    [
      ['--checkpoint', 'hugginface', '--prompt-tokens', '1'],
      1,
      /^error: Gpt2 has no checkpoint map 'hugginface'\nhelp: it has huggingface$/m,
    ],
    [['--set', 'vocab=97', '--prompt-tokens', '1'], 1, /^error\[TFM5203\]: .*\n.*wte\.weight is \[97, 32\]/m],
    [[], 2, /^error: give --prompt TEXT, --prompt-tokens IDS, --chat or --inputs FILE$/m],
    [['--prompt', 'a'], 1, /^error: a text needs a tokenizer, and there is no tokenizer\.json beside .*gpt2$/m],
    [['--prompt-tokens', '1', '--stop', 'a'], 2, /^error: --stop is about text: give --tokenizer FILE$/m],
    [['--prompt', 'a', '--system', 'b'], 2, /^error: --system needs --chat$/m],
    [['--prompt', 'a', '--tokenizer', 'nowhere.json'], 1, /^error\[TFM6001\]: cannot read nowhere\.json$/m],
    [['--prompt-tokens', '1', '--threads', '2', '--backend', 'cpu'], 2, /^error: --threads needs --backend wasm$/m],
    [['--outputs', 'x'], 2, /^error: --outputs and --output need --inputs FILE$/m],
  ])('%j is refused', async (argv, exitCode, message) => {
    const result = await tfm(['run', spec, ...weights, ...argv], { cwd });
    expect(result).toMatchObject({ exitCode, stdout: '' });
    expect(result.stderr).toMatch(message);
  });

  test('weights that are not there are named', async () => {
    const { exitCode, stderr } = await tfm(['run', spec, '--weights', 'no.safetensors', '--prompt-tokens', '1'], {
      cwd,
    });
    expect({ exitCode, stderr: stderr.replace(/^backend.*\n/, '') }).toEqual({
      exitCode: 1,
      stderr: 'error[TFM6001]: cannot read no.safetensors\nhelp: did you mean in.safetensors?\n',
    });
  });
});

describe('once, on given inputs', () => {
  test.each(['in', 'padded'])('the logits of %s.safetensors are those of the reference', async (name) => {
    const { exitCode, stdout } = await tfm(
      ['run', spec, ...weights, '--inputs', `${name}.safetensors`, '--outputs', 'out.safetensors'],
      { cwd },
    );
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '' });
    const out = await openCheckpoint(path.join(cwd, 'out.safetensors'));
    expect(out.names()).toEqual(['logits', 'state']);
    expect(out.entry('logits')).toMatchObject({ dtype: 'F32', shape: [2, 12, 96] });
    const found = await out.readFloat32('logits');
    await out.close();
    expect(Math.max(...found.map((x, i) => Math.abs(x - logits[i]!)))).toBeLessThan(1e-4);
  });

  test.each([
    [
      'renamed',
      /^there is no tensor 'tokens' or 'input_ids'\nthe model has no input 'token'; did you mean 'tokens'\?\nhelp: Gpt2 wants tokens: token\[B, T\] of vocab = 96$/,
    ],
    ['floats', /^'tokens' is F32, but token needs I64, I32, /],
    ['flat', /^'tokens' is \[24\], but tokens is token\[B, T\]\nhelp: /],
    ['holes', /^'attention_mask' has padding between real tokens, in row 0\n/],
    ['no', /^cannot read no\.safetensors/],
  ])('%s.safetensors is refused', async (name, message) => {
    const { exitCode, stderr } = await tfm(
      ['run', spec, ...weights, '--inputs', `${name}.safetensors`, '--outputs', 'x'],
      { cwd },
    );
    expect(exitCode).toBe(1);
    expect(stderr.replace(/^error(\[\w+\])?: /, '').trim()).toMatch(message);
    expect(fs.existsSync(path.join(cwd, 'x'))).toBe(false);
  });

  test('an unknown output is refused before anything is loaded', async () => {
    const argv = ['run', spec, ...weights, '--inputs', 'in.safetensors', '--outputs', 'x', '--output', 'logit'];
    expect(await tfm(argv, { cwd })).toEqual({
      exitCode: 2,
      stdout: '',
      stderr: "error: Gpt2 has no output 'logit'\nhelp: it has state, logits\n",
    });
  });
});

describe('stories260K', () => {
  const folder = path.resolve('examples/stories260K');
  const llama = path.resolve('specs/models/llama.tfm');
  const { runs } = JSON.parse(fs.readFileSync(path.join(folder, 'golden.json'), 'utf8')) as {
    runs: { prompt: string; text: string }[];
  };
  const argv = ['run', `${llama}#Stories260K`, '--weights', folder, '--temperature', '0'];

  test.each(runs.map(({ prompt, text }) => [prompt, text]))(
    '"%s" continues as the reference does',
    async (prompt, text) => {
      const written: string[] = [];
      const { exitCode, stdout } = await tfm([...argv, '--prompt', prompt, '--max-new-tokens', '40'], {
        onStdout: (part) => written.push(part),
      });
      expect(exitCode).toBe(0);
      expect(stdout.length).toBeGreaterThan(prompt.length + 40);
      expect(text.startsWith(stdout)).toBe(true);
      // The prompt, then each token as it comes.
      expect(written[0]).toBe(prompt);
      expect(written.length).toBeGreaterThan(35);
    },
  );

  test('an interrupt ends it in order', async () => {
    const controller = new AbortController();
    let tokens = 0;
    const { exitCode, stdout, stderr } = await tfm([...argv, '--prompt', 'Once', '--max-new-tokens', '200'], {
      signal: controller.signal,
      onStdout: () => {
        if (++tokens === 5) controller.abort();
      },
    });
    expect(exitCode).toBe(130);
    expect(stdout.length).toBeLessThan(60);
    expect(stderr).not.toMatch(/mistake/);
  });
});
