import { TfmError } from '../errors.js';
import type { ModelWith } from './model.js';
import { largest, softmax } from './scores.js';
import { textRows } from './text-rows.js';
import type { Tokenizer } from './tokenizer.js';

/** A token for a mask, with its probability. */
export interface MaskFilling {
  readonly token: number;
  /** The token as text. */
  readonly text: string;
  readonly score: number;
  /** The whole text with this mask filled, and without special tokens. */
  readonly sequence: string;
}

/**
 * The most likely tokens for each mask of a text, in order. A mask is the tokenizer's mask token, usually `[MASK]` or
 * `<mask>`. Rejects with TFM5601 where the tokenizer has none, with TFM5303 where the text has none.
 */
export async function fillMask(
  model: ModelWith<'token_logits'>,
  tokenizer: Tokenizer,
  text: string,
  { topK = 5 }: { readonly topK?: number } = {},
): Promise<MaskFilling[][]> {
  const { mask } = tokenizer.specialTokens;
  const id = mask === undefined ? undefined : tokenizer.tokenId(mask);
  if (id === undefined) throw new TfmError('TFM5601', 'the tokenizer has no mask token');
  const [result] = await textRows(model, tokenizer, [text], 'token_logits');
  if (!result?.tokens.includes(id)) throw new TfmError('TFM5303', `the text has no ${mask}`);
  const { tokens, rows } = result;
  return tokens.flatMap((token, t) => {
    const scores = rows[t];
    return token === id && scores ? [fillings(tokenizer, tokens, t, softmax(scores), topK)] : [];
  });
}

function fillings(
  tokenizer: Tokenizer,
  tokens: readonly number[],
  at: number,
  probabilities: readonly number[],
  topK: number,
): MaskFilling[] {
  return largest(probabilities, topK).map(({ score, index: token }) => ({
    token,
    text: tokenizer.decode([token]),
    score,
    sequence: tokenizer.decode(tokens.with(at, token)),
  }));
}
