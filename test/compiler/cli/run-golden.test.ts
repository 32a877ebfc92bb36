import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { openCheckpoint, type TensorToWrite, toSafetensors } from '../../../runtime/src/weights/index.js';
import { folderWith, tfm } from './tool.js';

interface Packed {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: string;
}

type Golden = Readonly<Record<'inputs' | 'outputs', Readonly<Record<string, Packed>>>>;

const bytesOf = ({ data }: Packed): ArrayBuffer => new Uint8Array(Buffer.from(data, 'base64')).buffer;
const integers = (packed: Packed): Int32Array => Int32Array.from(new BigInt64Array(bytesOf(packed)), Number);
const floats = (packed: Packed): Float32Array => new Float32Array(bytesOf(packed));

const readGolden = (name: string): Golden =>
  JSON.parse(fs.readFileSync(path.resolve(`test/fixtures/hf-golden/${name}/io.json`), 'utf8')) as Golden;

/** Runs a model of `specs/models` on the tensors of a golden run, and gives the outputs that it wrote. */
async function runOn(
  spec: string,
  fixture: string,
  settings: readonly string[],
  tensors: readonly TensorToWrite[],
  more: readonly string[] = [],
) {
  const cwd = folderWith({});
  fs.writeFileSync(path.join(cwd, 'in.safetensors'), await toSafetensors(tensors));
  const argv = [
    'run',
    path.resolve(`specs/models/${spec}`),
    '--weights',
    path.resolve(`test/fixtures/hf-golden/${fixture}`),
    '--backend',
    'wasm',
  ];
  const files = ['--inputs', 'in.safetensors', '--outputs', 'out.safetensors'];
  const result = await tfm([...argv, ...settings.flatMap((text) => ['--set', text]), ...files, ...more], { cwd });
  expect(result.stderr).toMatch(/^backend wasm \(\d+ ms\)\n[\w, ]+ in \d+ ms\n$/);
  expect(result).toMatchObject({ exitCode: 0, stdout: '' });
  const out = await openCheckpoint(path.join(cwd, 'out.safetensors'));
  const outputs = new Map<string, Float32Array>();
  for (const name of out.names()) outputs.set(name, await out.readFloat32(name));
  await out.close();
  return outputs;
}

/** The largest difference in the rows that are real. */
function difference(found: Float32Array | undefined, expected: Packed, mask?: Packed): number {
  const values = floats(expected);
  expect(found?.length).toBe(values.length);
  const width = expected.shape.at(-1)!;
  const real = mask && integers(mask);
  let most = 0;
  for (const [i, value] of values.entries()) {
    if (real && real[Math.floor(i / width)] === 0) continue;
    most = Math.max(most, Math.abs(value - found![i]!));
  }
  return most;
}

describe('BERT, with its attention mask', () => {
  const { inputs, outputs } = readGolden('bert');
  const settings = ['vocab=96', 'context=64', 'width=32', 'depth=2', 'heads=4', 'hidden=48'];
  const shape = inputs.input_ids!.shape;
  const tokens: TensorToWrite = { name: 'tokens', dtype: 'I64', shape, data: integers(inputs.input_ids!) };
  const mask = integers(inputs.attention_mask!);

  test.each<[string, TensorToWrite]>([
    ['attention_mask of I64', { name: 'attention_mask', dtype: 'I64', shape, data: mask }],
    ['tokens.present of BOOL', { name: 'tokens.present', dtype: 'BOOL', shape, data: Uint8Array.from(mask) }],
    ['tokens_present of I32', { name: 'tokens_present', dtype: 'I32', shape, data: mask }],
  ])('%s', async (_, present) => {
    const found = await runOn('bert.tfm', 'bert', settings, [tokens, present], ['--output', 'token_logits']);
    expect([...found.keys()]).toEqual(['token_logits']);
    expect(mask).toContain(0);
    expect(difference(found.get('token_logits'), outputs.logits!, inputs.attention_mask)).toBeLessThan(1e-4);
  });
});

describe('Marian, which is the Transformer of the paper', () => {
  const { inputs, outputs } = readGolden('marian');
  const settings = [
    'vocab=96',
    'context=64',
    'width=32',
    'depth=2',
    'heads=4',
    'hidden=48',
    'activation=silu',
    'halves=true',
    'logits_bias=true',
  ];
  const tensor = (name: string, packed: Packed): TensorToWrite => ({
    name,
    dtype: 'I64',
    shape: packed.shape,
    data: integers(packed),
  });
  const source = tensor('source', inputs.input_ids!);
  const present = tensor('source.present', inputs.attention_mask!);

  test('every output, written under its name', async () => {
    const found = await runOn('transformer.tfm#Transformer', 'marian', settings, [
      source,
      present,
      tensor('target', inputs.decoder_input_ids!),
    ]);
    expect([...found.keys()].sort()).toEqual(['logits', 'memory']);
    expect(difference(found.get('logits'), outputs.logits!)).toBeLessThan(1e-4);
    expect(difference(found.get('memory'), outputs.encoder_last_hidden_state!, inputs.attention_mask)).toBeLessThan(
      1e-4,
    );
  });

  test('an output that needs fewer inputs is computed from those', async () => {
    const found = await runOn(
      'transformer.tfm#Transformer',
      'marian',
      settings,
      [source, present],
      ['--output', 'memory'],
    );
    expect(difference(found.get('memory'), outputs.encoder_last_hidden_state!, inputs.attention_mask)).toBeLessThan(
      1e-4,
    );
  });

  test('the prompt of an encoder–decoder is its source: only what it generates is printed', async () => {
    const argv = [
      'run',
      path.resolve('specs/models/transformer.tfm#Transformer'),
      '--weights',
      path.resolve('test/fixtures/hf-golden/marian'),
    ];
    const sampling = ['--prompt-tokens', '5,6,7', '--max-new-tokens', '5', '--temperature', '0'];
    const { exitCode, stdout } = await tfm([...argv, ...settings.flatMap((text) => ['--set', text]), ...sampling]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^\d+(,\d+){0,4}$/);
  });
});
