/**
 * Makes tokens that occur in the sequence less likely: positive logits are divided by the penalty, negative ones multiplied with
 * it (Keskar et al. 2019, CTRL, section 4.1; Hugging Face's `repetition_penalty`). 1 changes nothing.
 */
export function penalizeRepetition(logits: Float32Array, tokens: readonly number[], penalty: number): void {
  for (const token of new Set(tokens)) {
    const logit = logits[token];
    if (logit !== undefined) logits[token] = logit < 0 ? logit * penalty : logit / penalty;
  }
}

export interface CountPenalties {
  /** Subtracted for each time that a token was generated. */
  readonly frequency: number;
  /** Subtracted once from every token that was generated. */
  readonly presence: number;
}

/** Subtracts penalties from the logits of generated tokens by how often they occur (OpenAI's API, as vLLM reads it). */
export function penalizeCounts(
  logits: Float32Array,
  newTokens: readonly number[],
  { frequency, presence }: CountPenalties,
): void {
  const counts = new Map<number, number>();
  for (const token of newTokens) counts.set(token, (counts.get(token) ?? 0) + 1);
  for (const [token, count] of counts) {
    if (token < logits.length) logits[token]! -= frequency * count + presence;
  }
}
