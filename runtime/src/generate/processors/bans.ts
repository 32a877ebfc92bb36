/**
 * Forbids every token that would complete an n-gram of `size` tokens which the sequence has already (Paulus et al. 2018, section
 * 2.5; Hugging Face's `no_repeat_ngram_size`).
 */
export function banRepeatedNgrams(logits: Float32Array, tokens: readonly number[], size: number): void {
  const before = size - 1;
  const suffix = tokens.length - before;
  for (let begin = 0; begin + before < tokens.length; begin++) {
    let i = 0;
    while (i < before && tokens[begin + i] === tokens[suffix + i]) i++;
    if (i === before) ban(logits, tokens[begin + before]!);
  }
}

/** Forbids the last token of each of some token sequences where the others stand already (`bad_words_ids`). */
export function banWords(logits: Float32Array, tokens: readonly number[], words: readonly (readonly number[])[]): void {
  for (const word of words) {
    const before = word.length - 1;
    const from = tokens.length - before;
    const stands = from >= 0 && word.slice(0, before).every((token, i) => token === tokens[from + i]);
    if (stands) ban(logits, word[before]!);
  }
}

/** Forbids some tokens. */
export function banTokens(logits: Float32Array, tokens: Iterable<number>): void {
  for (const token of tokens) ban(logits, token);
}

/** Leaves one token, with the logit 0: in a beam search it is certain. */
export function force(logits: Float32Array, token: number): void {
  logits.fill(Number.NEGATIVE_INFINITY);
  if (token < logits.length) logits[token] = 0;
}

/** Forbids all tokens but some. */
export function allowOnly(logits: Float32Array, allowed: ReadonlySet<number>): void {
  for (let token = 0; token < logits.length; token++) if (!allowed.has(token)) ban(logits, token);
}

function ban(logits: Float32Array, token: number): void {
  if (token < logits.length) logits[token] = Number.NEGATIVE_INFINITY;
}
