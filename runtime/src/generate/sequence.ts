import { TfmError } from '../errors.js';
import type { Finished, FinishReason } from './options.js';
import { Sampler, type SamplingOptions } from './sampling.js';

/** Where a sequence ends at the latest, and why there. */
export interface SequenceEnd {
  readonly promptTokens: number;
  readonly limit: number;
  readonly reason: FinishReason;
}

/** One sequence of a generation: draws its tokens until there is a reason to end. */
export class Sequence {
  readonly #sampler: Sampler;
  readonly #stops: ReadonlySet<number>;
  readonly #end: SequenceEnd;
  #drawn = 0;
  #reason: FinishReason | undefined;

  constructor(end: SequenceEnd, stops: ReadonlySet<number>, sampling: SamplingOptions) {
    this.#sampler = new Sampler(sampling);
    this.#stops = stops;
    this.#end = end;
    if (end.limit === 0) this.#reason = end.reason;
  }

  get isOver(): boolean {
    return this.#reason !== undefined;
  }

  get finished(): Finished {
    const { promptTokens, reason } = this.#end;
    return { reason: this.#reason ?? reason, promptTokens, newTokens: this.#drawn };
  }

  /** The next token; `null` where the sequence is over, or ends here with a stop token. Throws TFM5310. */
  draw(scores: Float32Array): number | null {
    if (this.isOver) return null;
    if (scores.some(Number.isNaN)) {
      const help = 'are the weights those of this model? Are they finite?';
      throw new TfmError('TFM5310', 'the scores of the next token are not numbers', help);
    }
    const token = this.#sampler.sample(scores, this.#drawn);
    if (this.#stops.has(token)) {
      this.#reason = 'stop';
      return null;
    }
    this.#drawn++;
    if (this.#drawn === this.#end.limit) this.#reason = this.#end.reason;
    return token;
  }
}
