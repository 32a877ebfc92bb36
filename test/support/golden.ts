import fs from 'node:fs';

/** A tensor as fixtures store it. */
export interface Stored {
  readonly shape: readonly number[];
  readonly dtype: string;
  /** base64, little-endian. */
  readonly data: string;
}

/** Inputs and outputs of one run of another implementation. */
export interface GoldenRun {
  readonly inputs: Readonly<Record<string, Stored>>;
  readonly outputs: Readonly<Record<string, Stored>>;
  /** Of rotary frequencies that depend on the length: by length, pair by pair. */
  readonly frequencies?: Readonly<Record<string, readonly number[]>>;
  readonly generations?: readonly GoldenGeneration[];
}

/** The most likely tokens behind prompts, and the scores of each of them: [prompts, tokens, vocab]. */
interface GoldenGeneration {
  readonly prompts: readonly (readonly number[])[];
  readonly tokens: readonly (readonly number[])[];
  readonly logits: Stored;
}

/** A JSON file, by its path from the project's root. */
export function readJson<T>(file: string): T {
  return JSON.parse(fs.readFileSync(file, 'utf8')) as T;
}

export const goldenFolder = (name: string): string => `test/fixtures/hf-golden/${name}`;

/** What transformers computed with the weights of a folder of `test/fixtures/hf-golden`. */
export const goldenRun = (name: string): GoldenRun => readJson(`${goldenFolder(name)}/io.json`);

export function bytesOf(data: string): ArrayBuffer {
  return Uint8Array.from(Buffer.from(data, 'base64')).buffer;
}

export function numbersOf({ dtype, data }: Stored): number[] {
  const bytes = bytesOf(data);
  if (dtype === 'float32' || dtype === 'torch.float32') return Array.from(new Float32Array(bytes));
  if (dtype === 'int64') return Array.from(new BigInt64Array(bytes), Number);
  throw new Error(`no reader for ${dtype}`);
}

export function stored(of: Readonly<Record<string, Stored>>, name: string): Stored {
  const found = of[name];
  if (!found) throw new Error(`the fixture has no ${name}, only ${Object.keys(of).join(', ')}`);
  return found;
}

/** A matrix as nested lists: token ids, masks. */
export function matrixOf(tensor: Stored): number[][] {
  const [rows = 0, columns = 0] = tensor.shape;
  const numbers = numbersOf(tensor);
  return Array.from({ length: rows }, (_, row) => numbers.slice(row * columns, (row + 1) * columns));
}
