import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { openCheckpoint, toSafetensors } from '../../runtime/src/weights/index.js';
import { folderWith, tfm } from '../compiler/cli/tool.js';
import { numbersOf, readJson, type Stored } from '../support/golden.js';

/** Made by the program beside it. */
const golden = readJson<{
  readonly input_ids: Stored;
  readonly attention_mask: Stored;
  readonly logits: Readonly<Record<string, Stored>>;
}>('test/fixtures/hf-generation/padded.json');

/** What the command line makes of padding in front of one row and behind another. */
async function runPadded(name: string) {
  const folder = path.resolve('test/fixtures/hf-golden', name);
  const cwd = folderWith({});
  expect(await tfm(['import', folder, '-o', 'm.tfm'], { cwd })).toMatchObject({ exitCode: 0 });
  const inputs = (['input_ids', 'attention_mask'] as const).map((input) => {
    const { shape } = golden[input];
    return { name: input, dtype: 'I64', shape, data: Int32Array.from(numbersOf(golden[input])) } as const;
  });
  fs.writeFileSync(`${cwd}/in.safetensors`, await toSafetensors(inputs));
  const files = ['--inputs', 'in.safetensors', '--outputs', 'out.safetensors', '--output', 'logits'];
  return { cwd, result: await tfm(['run', 'm.tfm', '--weights', folder, '--backend', 'wasm', ...files], { cwd }) };
}

test.each(Object.entries(golden.logits))(
  '%s: padding in front of a sequence, or behind it, changes none of its rows',
  async (name, expected) => {
    const { cwd, result } = await runPadded(name);
    expect(result, result.stderr).toMatchObject({ exitCode: 0 });
    const out = await openCheckpoint(`${cwd}/out.safetensors`);
    expect(out.entry('logits').shape).toEqual(expected.shape);
    const found = await out.readFloat32('logits');
    await out.close();
    const mask = numbersOf(golden.attention_mask);
    const values = numbersOf(expected);
    const vocab = values.length / mask.length;
    const differences = values.map((value, i) => (mask[Math.floor(i / vocab)] === 0 ? 0 : Math.abs(found[i]! - value)));
    expect(Math.max(...differences)).toBeLessThan(1e-4);
    fs.rmSync(cwd, { recursive: true });
  },
);

test('padding in front is refused where positions are added: a library may count it', async () => {
  const { cwd, result } = await runPadded('gpt2');
  expect(result.exitCode).toBe(1);
  expect(result.stderr).toContain("'attention_mask' has padding in front of real tokens, in row 0");
  expect(result.stderr).toContain('reads no mask, and it adds something for each position: put padding at the end');
  expect(fs.existsSync(`${cwd}/out.safetensors`)).toBe(false);
  fs.rmSync(cwd, { recursive: true });
});
