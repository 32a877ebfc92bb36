import { largestOf, probabilities } from './probabilities.js';

/** Divides the logits. */
export function warm(logits: Float32Array, temperature: number): void {
  for (let token = 0; token < logits.length; token++) logits[token]! /= temperature;
}

/** Keeps the k most likely tokens, and those that are as likely as the last of them (Fan et al. 2018, section 5). */
export function keepTopK(logits: Float32Array, k: number): void {
  if (k >= logits.length) return;
  const least = Float32Array.from(logits).sort()[logits.length - k]!;
  for (let token = 0; token < logits.length; token++) if (logits[token]! < least) drop(logits, token);
}

/**
 * Keeps the most likely tokens that together have at least the probability p: the fewest, of equal ones the first (nucleus
 * sampling, Holtzman et al. 2020, equation 2).
 */
export function keepTopP(logits: Float32Array, p: number): void {
  const sorted = Float32Array.from(logits).sort();
  const largest = sorted.at(-1) ?? 0;
  let total = 0;
  for (const logit of sorted) total += Math.exp(logit - largest);
  let [mass, from] = [0, sorted.length];
  while (from > 0 && mass < p * total) mass += Math.exp(sorted[--from]! - largest);
  const least = sorted[from] ?? largest;
  let equal = 0;
  for (let i = from; i < sorted.length && sorted[i] === least; i++) equal++;
  for (let token = 0; token < logits.length; token++) {
    const logit = logits[token]!;
    if (logit < least || (logit === least && equal-- <= 0)) drop(logits, token);
  }
}

/** Keeps tokens with at least the share `minP` of the probability of the most likely one (Nguyen et al. 2024, min-p). */
export function keepMinP(logits: Float32Array, minP: number): void {
  const largest = largestOf(logits);
  for (let token = 0; token < logits.length; token++) {
    if (Math.exp(logits[token]! - largest) < minP) drop(logits, token);
  }
}

/**
 * Keeps the tokens whose information −log p is nearest to the entropy of the distribution, until they have the probability
 * `mass` together (locally typical sampling, Meister et al. 2023, equation 9).
 */
export function keepTypical(logits: Float32Array, mass: number): void {
  const all = probabilities(logits);
  let entropy = 0;
  for (const p of all) if (p > 0) entropy -= p * Math.log(p);
  const distance = all.map((p) => Math.abs(-Math.log(p) - entropy));
  const order = Array.from(all.keys())
    .filter((token) => all[token]! > 0)
    .sort((a, b) => distance[a]! - distance[b]! || a - b);
  let sum = 0;
  const last = order.findIndex((token) => {
    sum += all[token]!;
    return sum >= mass;
  });
  const farthest = distance[order.at(last) ?? 0] ?? Number.POSITIVE_INFINITY;
  for (let token = 0; token < logits.length; token++) if (distance[token]! > farthest) drop(logits, token);
}

function drop(logits: Float32Array, token: number): void {
  logits[token] = Number.NEGATIVE_INFINITY;
}
