import { TfmError } from '../errors.js';
import type { Rules, SequenceEnd } from './ending.js';
import type { Drawn } from './logits.js';
import type { Completion, Finished, FinishReason } from './options.js';
import { logSumExp } from './processors/probabilities.js';
import { type LogitsContext, processed } from './processors/processors.js';
import { noneLeft, type Sampler } from './sampling.js';

/** One sequence of a generation: draws its tokens until there is a reason to end. */
export class Sequence {
  readonly #sampler: Sampler;
  readonly #rules: Rules;
  readonly #end: SequenceEnd;
  readonly #tokens: number[];
  readonly #context: LogitsContext;
  #logProbability = 0;
  #reason: FinishReason | undefined;

  /** @param prompt Its tokens, which are copied. */
  constructor(prompt: readonly number[], end: SequenceEnd, rules: Rules, sampler: Sampler, sequence: number) {
    this.#sampler = sampler;
    this.#rules = rules;
    this.#end = end;
    this.#tokens = [...prompt];
    this.#context = { tokens: this.#tokens, promptTokens: prompt.length, sequence };
    if (end.limit === 0) this.#reason = end.reason;
  }

  get isOver(): boolean {
    return this.#reason !== undefined;
  }

  get finished(): Finished {
    const { promptTokens, reason } = this.#end;
    return { reason: this.#reason ?? reason, promptTokens, newTokens: this.#newTokens };
  }

  get completion(): Completion {
    const tokens = this.#tokens.slice(this.#context.promptTokens);
    return { ...this.finished, tokens, logProbability: this.#logProbability, score: this.#logProbability };
  }

  get #newTokens(): number {
    return this.#tokens.length - this.#context.promptTokens;
  }

  /** The next token; `null` where the sequence is over, or ends here with a stop token. Throws TFM5307, TFM5310. */
  draw(logits: Float32Array, scored: boolean): number | null {
    if (this.isOver) return null;
    checkNumbers(logits);
    // A copy: samples of one prompt begin with the same logits.
    const token = this.#sampler.sample(
      processed(logits.slice(), this.#rules.processors, this.#context),
      this.#newTokens,
    );
    return this.#take(token, scored ? (logits[token] ?? Number.NaN) - logSumExp(logits) : 0);
  }

  /** The random number that the next draw is made with. */
  get random(): number {
    return this.#sampler.random(this.#newTokens);
  }

  /** What was drawn elsewhere, in the place of `draw`. Throws TFM5307, TFM5310. */
  accept({ token, logProbability, isForbidden, isBroken }: Drawn): number | null {
    if (this.isOver) return null;
    if (isBroken) throw notNumbers();
    if (isForbidden) throw noneLeft();
    return this.#take(token, logProbability);
  }

  #take(token: number, logProbability: number): number | null {
    this.#logProbability += logProbability;
    if (this.#rules.stops.has(token)) {
      this.#reason = 'stop';
      return null;
    }
    this.#tokens.push(token);
    if (this.#rules.endsWith(this.#context)) this.#reason = 'stop';
    else if (this.#newTokens === this.#end.limit) this.#reason = this.#end.reason;
    return token;
  }
}

/** Throws TFM5310 where logits are NaN. */
export function checkNumbers(logits: Float32Array): void {
  if (logits.some(Number.isNaN)) throw notNumbers();
}

function notNumbers(): TfmError {
  const help = 'are the weights those of this model? Are they finite?';
  return new TfmError('TFM5310', 'the scores of the next token are not numbers', help);
}
