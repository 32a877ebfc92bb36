/** softmax(logits), in float64; 0 for logits of −∞. */
export function probabilities(logits: Float32Array): Float64Array {
  const largest = largestOf(logits);
  const values = Float64Array.from(logits, (logit) => Math.exp(logit - largest));
  const total = values.reduce((sum, value) => sum + value, 0);
  return values.map((value) => value / total);
}

/** log(softmax(logits)), summed in float64. */
export function logSoftmax(logits: Float32Array): Float32Array {
  const normalizer = logSumExp(logits);
  return logits.map((logit) => logit - normalizer);
}

/** log Σ exp(logits), in float64. */
export function logSumExp(logits: Float32Array): number {
  const largest = largestOf(logits);
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - largest);
  return largest + Math.log(sum);
}

/** The largest logit; −∞ where no token is left. */
export function largestOf(logits: Float32Array): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (const logit of logits) if (logit > largest) largest = logit;
  return largest;
}

/** The index of the largest; the first of equal ones. */
export function likeliest(logits: Float32Array): number {
  let best = 0;
  for (let token = 1; token < logits.length; token++) if (logits[token]! > logits[best]!) best = token;
  return best;
}
