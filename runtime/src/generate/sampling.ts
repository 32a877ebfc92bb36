import { TfmError } from '../errors.js';
import { RandomStream } from '../model/random.js';
import { checkSampling } from './check-options.js';
import type { SamplingOptions } from './options.js';
import { likeliest } from './processors/probabilities.js';
import { truncate } from './processors/processors.js';

/**
 * Draws tokens from logits. The i-th draw depends on the seed and on i only. The cumulative sums run over the tokens by id, not
 * by rank: where backends differ in the last digit, the drawn token is another one only at the border of two.
 */
export class Sampler {
  readonly #options: SamplingOptions;
  readonly #random: RandomStream;

  /** `sample` counts the samples of one prompt, which draw independently. Throws TFM5307 for values that make no sense. */
  constructor(options: SamplingOptions, sample = 0) {
    checkSampling(options);
    this.#options = options;
    this.#random = new RandomStream(options.seed ?? 0, sample === 0 ? 'sampling' : `sampling ${sample}`);
  }

  /** The index of the drawn token. `draw` counts the tokens of a generation. Throws TFM5307 where all are forbidden. */
  sample(logits: ArrayLike<number>, draw: number): number {
    const own = Float32Array.from(logits);
    const best = likeliest(own);
    const largest = own[best] ?? Number.NEGATIVE_INFINITY;
    if (largest === Number.NEGATIVE_INFINITY) throw noneLeft();
    if (this.#options.temperature === 0 || this.#options.topK === 1) return best;
    truncate(own, this.#options);
    return this.#draw(own, draw);
  }

  /** The number of (0, 1) that decides a draw. */
  random(draw: number): number {
    return this.#random.uniform(draw);
  }

  #draw(logits: Float32Array, draw: number): number {
    const largest = logits[likeliest(logits)] ?? 0;
    const weight = (token: number): number => Math.exp((logits[token] ?? 0) - largest);
    let total = 0;
    for (let token = 0; token < logits.length; token++) total += weight(token);
    let rest = this.random(draw) * total;
    let last = 0;
    for (let token = 0; token < logits.length; token++) {
      const own = weight(token);
      if (own === 0) continue;
      rest -= own;
      if (rest < 0) return token;
      last = token;
    }
    return last;
  }
}

export function noneLeft(): TfmError {
  return new TfmError(
    'TFM5307',
    'the options forbid every token',
    'stopTokens, badWords, logitBias or a processor leave none',
  );
}
