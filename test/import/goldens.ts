import fs from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import { openCheckpoint, type TensorToWrite, toSafetensors } from '../../runtime/src/weights/index.js';
import { folderWith, tfm } from '../compiler/cli/tool.js';
import { type GoldenRun, numbersOf, readJson, type Stored } from '../support/golden.js';

/** Folders as the hub has them, with what transformers computes, by the folder of fixtures. */
export const folders = (fixtures: string): string[] =>
  fs.readdirSync(fixtures).filter((name) => fs.existsSync(path.join(fixtures, name, 'io.json')));

/** Tensors of a safetensors file that a run wrote. */
export type Outputs = ReadonlyMap<string, { readonly shape: readonly number[]; readonly values: Float32Array }>;

export const inputsFile = 'in.safetensors';
export const outputsFile = 'out.safetensors';

/** `tfm import`, then `tfm run` on the inputs under the names of the original library. The outputs that it wrote. */
export async function importAndRun(folder: string): Promise<Outputs> {
  const absolute = path.resolve(folder);
  const cwd = folderWith({});
  expect(await tfm(['import', absolute, '-o', 'm.tfm'], { cwd })).toEqual({ exitCode: 0, stdout: '', stderr: '' });
  await writeInputs(folder, cwd);
  const files = ['--inputs', inputsFile, '--outputs', outputsFile];
  const result = await tfm(['run', 'm.tfm', '--weights', absolute, '--backend', 'wasm', ...files], { cwd });
  expect(result, result.stderr).toMatchObject({ exitCode: 0, stdout: '' });
  return takeOutputs(cwd);
}

/** The inputs of the golden run of a folder, as a file in another. */
export async function writeInputs(folder: string, cwd: string): Promise<void> {
  const { inputs } = readJson<GoldenRun>(`${folder}/io.json`);
  const tensors = Object.entries(inputs).map(([name, stored]) => tensorOf(name, stored));
  fs.writeFileSync(path.join(cwd, inputsFile), await toSafetensors(tensors));
}

/** The outputs that were written to a folder, which is removed. */
export async function takeOutputs(cwd: string): Promise<Outputs> {
  const out = await openCheckpoint(path.join(cwd, outputsFile));
  const outputs = new Map<string, { shape: readonly number[]; values: Float32Array }>();
  for (const name of out.names()) {
    outputs.set(name, { shape: out.entry(name).shape, values: await out.readFloat32(name) });
  }
  await out.close();
  fs.rmSync(cwd, { recursive: true });
  return outputs;
}

function tensorOf(name: string, stored: Stored): TensorToWrite {
  const { shape, dtype } = stored;
  const numbers = numbersOf(stored);
  if (dtype === 'int64') return { name, dtype: 'I64', shape, data: Int32Array.from(numbers) };
  return { name, dtype: 'F32', shape, data: Float32Array.from(numbers) };
}

/** Where rows of padding are not compared, and why. */
const ownPadding: Readonly<Record<string, string>> = {
  modernbert: 'a query of padding that sees no key within its window reads zeros here, the mean of all values there',
};

/** Numbers beyond 1e-4 absolute + 1e-3 relative, in rows of padding as in all others. */
export function wrongNumbers(
  name: string,
  found: ArrayLike<number>,
  expected: Stored,
  mask: Stored | undefined,
): number {
  const isWrong = (difference: number, value: number): boolean => !(difference <= 1e-4 + 1e-3 * Math.abs(value));
  return differences(name, found, expected, mask).filter(([difference, value]) => isWrong(difference, value)).length;
}

/** The largest difference in the rows that are compared; infinite where a number is none. */
export function worstNumber(
  name: string,
  found: ArrayLike<number>,
  expected: Stored,
  mask: Stored | undefined,
): number {
  const all = differences(name, found, expected, mask);
  return all.reduce((worst, [difference]) => (difference <= worst ? worst : difference || Number.POSITIVE_INFINITY), 0);
}

/** How far each number of the compared rows is from what is expected of it. */
function differences(
  name: string,
  found: ArrayLike<number>,
  expected: Stored,
  mask: Stored | undefined,
): (readonly [difference: number, value: number])[] {
  const values = numbersOf(expected);
  const real = name in ownPadding && mask ? numbersOf(mask) : [1];
  const perRow = values.length / real.length;
  return values
    .map((value, i) => [Math.abs(found[i]! - value), value, real[Math.floor(i / perRow)] !== 0] as const)
    .filter(([, , isCompared]) => isCompared)
    .map(([difference, value]) => [difference, value]);
}
