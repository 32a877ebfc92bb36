import { TfmError } from '../errors.js';
import { RandomStream } from '../model/random.js';

export interface SamplingOptions {
  /** Divides the logits; 0 takes the most likely token. Default 1. */
  readonly temperature?: number;
  /** Only the k most likely tokens. Default all. */
  readonly topK?: number;
  /** Only the most likely tokens that together have this probability (Holtzman et al. 2020, nucleus sampling). Default 1. */
  readonly topP?: number;
  /** The same seed gives the same tokens. Default 0. */
  readonly seed?: number;
}

/** Draws tokens from logits, in float64. The i-th draw depends on the seed and on i only. */
export class Sampler {
  readonly #temperature: number;
  readonly #topK: number;
  readonly #topP: number;
  readonly #random: RandomStream;

  /** Throws TFM5307 for values that make no sense. */
  constructor({ temperature = 1, topK = Number.POSITIVE_INFINITY, topP = 1, seed = 0 }: SamplingOptions) {
    check(
      temperature >= 0 && Number.isFinite(temperature),
      `temperature is ${temperature}`,
      'it is a number from 0 up',
    );
    check(topK >= 1, `topK is ${topK}`, 'it is a number of tokens from 1 up');
    check(topP > 0 && topP <= 1, `topP is ${topP}`, 'it is a probability above 0 and up to 1');
    check(Number.isSafeInteger(seed), `seed is ${seed}`, 'it is a whole number');
    this.#temperature = temperature;
    this.#topK = topK;
    this.#topP = topP;
    this.#random = new RandomStream(seed, 'sampling');
  }

  /** The index of the drawn token. `draw` counts the tokens of a generation. */
  sample(logits: ArrayLike<number>, draw: number): number {
    if (this.#temperature === 0 || this.#topK === 1) return likeliest(logits);
    const candidates = this.#candidates(logits);
    const largest = logits[candidates[0] ?? 0] ?? 0;
    const weights = candidates.map((token) => Math.exp(((logits[token] ?? 0) - largest) / this.#temperature));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const kept = this.#nucleus(weights, total);
    const mass = weights.slice(0, kept).reduce((sum, weight) => sum + weight, 0);
    let rest = this.#random.uniform(draw) * mass;
    for (let i = 0; i < kept; i++) {
      rest -= weights[i] ?? 0;
      if (rest < 0) return candidates[i] ?? 0;
    }
    return candidates[kept - 1] ?? 0;
  }

  /** Tokens by falling logit, equal ones by index; only as many as can be drawn. */
  #candidates(logits: ArrayLike<number>): number[] {
    const order = Array.from({ length: logits.length }, (_, token) => token);
    order.sort((a, b) => (logits[b] ?? 0) - (logits[a] ?? 0) || a - b);
    return order.slice(0, Math.min(this.#topK, order.length));
  }

  /** How many of the likeliest make up `topP` of the probability: at least one. */
  #nucleus(weights: readonly number[], total: number): number {
    if (this.#topP >= 1) return weights.length;
    let sum = 0;
    for (let i = 0; i < weights.length; i++) {
      sum += weights[i] ?? 0;
      if (sum >= this.#topP * total) return i + 1;
    }
    return weights.length;
  }
}

/** The index of the largest; the first of equal ones. */
function likeliest(logits: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < logits.length; i++) if ((logits[i] ?? 0) > (logits[best] ?? 0)) best = i;
  return best;
}

function check(condition: boolean, message: string, help: string): void {
  if (!condition) throw new TfmError('TFM5307', message, help);
}
