import { type ModelWith, type OutputName, outputOf } from './model.js';
import { type TextRows, textRows } from './text-rows.js';
import type { Tokenizer } from './tokenizer.js';

export interface EmbedOptions<Output extends string = string> {
  /** The mean over all tokens, or the row of the first (`cls`) or of the last token. Default `mean`. */
  readonly pooling?: 'mean' | 'cls' | 'last';
  /** To length 1, so that a dot product is the cosine. Default true. */
  readonly normalize?: boolean;
  /** Default `state`. An output with one row per text (`pooled`) is taken as it is. */
  readonly output?: Output;
}

/** A vector for each text: [width]. Rejects with TFM5602. */
export async function embed<M extends ModelWith<'state'> | ModelWith<'pooled'> | ModelWith<'text_features'>>(
  model: M,
  tokenizer: Tokenizer,
  texts: readonly string[],
  { pooling = 'mean', normalize = true, output }: EmbedOptions<OutputName<M>> = {},
): Promise<Float32Array[]> {
  const from = outputOf(model, output, ['state', 'text_features', 'pooled']);
  const results = await textRows<string>(model as ModelWith<string>, tokenizer, texts, from);
  return results.map((result) => {
    const vector = pooled(result, pooling);
    return normalize ? unit(vector) : vector;
  });
}

function pooled({ rows }: TextRows, pooling: 'mean' | 'cls' | 'last'): Float32Array {
  const [first = new Float32Array()] = rows;
  if (pooling !== 'mean') return pooling === 'cls' ? first : (rows.at(-1) ?? first);
  return first.map((_, i) => rows.reduce((sum, row) => sum + (row[i] ?? 0), 0) / rows.length);
}

/** x / max(‖x‖₂, 10⁻¹²), as torch's `normalize`. */
function unit(vector: Float32Array): Float32Array {
  const length = Math.max(1e-12, Math.hypot(...vector));
  return vector.map((x) => x / length);
}
