import { read } from '../device/read.js';
import { inputOf, type ModelWith } from './model.js';
import type { Tokenizer } from './tokenizer.js';

/** What a model makes of one text. */
export interface TextRows {
  readonly tokens: readonly number[];
  /** One row for each token where the output has any, else one for the text. */
  readonly rows: readonly Float32Array[];
  /** Whether there is a row for each token. */
  readonly perToken: boolean;
}

/**
 * An output for each text. Texts go in one batch where the model tells padding from tokens, or sees nothing behind a
 * token; else one by one. Rejects with TFM5602, and with what `forward` throws.
 */
export async function textRows<Name extends string>(
  model: ModelWith<Name>,
  tokenizer: Tokenizer,
  texts: readonly string[],
  output: Name,
): Promise<TextRows[]> {
  const input = inputOf(model, output, 'token');
  const all = texts.map((text) => tokenizer.encode(text));
  const batches = input.presence === true || model.generation ? [all] : all.map((tokens) => [tokens]);
  const found: TextRows[] = [];
  for (const values of batches) {
    if (values.length === 0) continue;
    const lengths = values.map(({ length }) => length);
    const inputs = { [input.name]: { values, lengths } } as never;
    const tensor = model.forward(inputs, { outputs: [output] })[output];
    const { shape } = tensor;
    const data = (await read(tensor)) as Float32Array;
    tensor.dispose();
    found.push(...values.map((tokens, b) => rowsOf(tokens, data, b, shape)));
  }
  return found;
}

/** Of an output [B, T, width] or [B, width]. */
function rowsOf(tokens: readonly number[], data: Float32Array, b: number, shape: readonly number[]): TextRows {
  const width = shape.at(-1) ?? 1;
  const perToken = shape.length === 3;
  const most = perToken ? (shape[1] ?? 1) : 1;
  const count = perToken ? tokens.length : 1;
  const rows = Array.from({ length: count }, (_, t) => data.slice((b * most + t) * width, (b * most + t + 1) * width));
  return { tokens, rows, perToken };
}
