import type { Rules, SequenceEnd } from './ending.js';
import type { BeamOptions, Completion, FinishReason } from './options.js';
import type { LogitsContext } from './processors/processors.js';

/** A sequence that is still searched. */
interface Running {
  /** The prompt and the new tokens. */
  readonly tokens: readonly number[];
  /** Sum of the log-probabilities of the new tokens. */
  readonly sum: number;
}

interface Candidate extends Running {
  /** Index of the beam that it continues. */
  readonly parent: number;
  readonly token: number;
}

/**
 * The beams of one prompt (Graves 2012, algorithm 1; Wu et al. 2016, section 7, for the length). Equal to Hugging Face's
 * `_beam_search` in what it keeps, ranks and when it ends.
 */
export class Beams {
  readonly #beams: number;
  readonly #lengthPenalty: number;
  readonly #earlyStopping: boolean | 'never';
  readonly #end: SequenceEnd;
  readonly #rules: Rules;
  readonly #sequence: number;
  readonly #promptTokens: number;
  #running: readonly Running[];
  #finished: readonly Completion[] = [];
  #isOver: boolean;

  constructor(prompt: readonly number[], end: SequenceEnd, rules: Rules, options: BeamOptions, sequence: number) {
    this.#beams = options.beams ?? 1;
    this.#lengthPenalty = options.lengthPenalty ?? 1;
    this.#earlyStopping = options.earlyStopping ?? false;
    this.#end = end;
    this.#rules = rules;
    this.#sequence = sequence;
    this.#promptTokens = prompt.length;
    this.#running = [{ tokens: prompt, sum: 0 }];
    this.#isOver = end.limit === 0;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** The sequences to score next, the best first; at the first step the prompt alone. */
  get running(): readonly LogitsContext[] {
    return this.#isOver ? [] : this.#running.map(({ tokens }) => this.#contextOf(tokens));
  }

  /** The best sequences, best first. */
  best(count: number): readonly Completion[] {
    const { promptTokens, reason } = this.#end;
    const empty: Completion = { tokens: [], reason, promptTokens, newTokens: 0, logProbability: 0, score: 0 };
    return this.#end.limit === 0 ? [empty] : this.#finished.slice(0, count);
  }

  /**
   * Takes the log-probabilities of the next token for each running sequence; for each that goes on, which it continues and with
   * what token.
   */
  advance(scores: readonly Float32Array[]): readonly { readonly parent: number; readonly token: number }[] {
    const candidates = this.#candidates(scores);
    const length = (candidates[0]?.tokens.length ?? 0) + 1 - this.#promptTokens;
    const ends = candidates.map((candidate) => this.#reasonToEnd(candidate, length));
    const done = candidates.slice(0, this.#beams).flatMap((candidate, rank) => {
      const reason = ends[rank];
      return reason ? [this.#completion(candidate, length, reason)] : [];
    });
    // A stable sort: of equal ones that which was finished first stays in front.
    this.#finished = [...this.#finished, ...done].sort((a, b) => b.score - a.score).slice(0, this.#beams);
    const next = candidates.filter((_, rank) => !ends[rank]).slice(0, this.#beams);
    this.#running = next.map(({ tokens, token, sum }) => ({ tokens: [...tokens, token], sum }));
    this.#isOver = !this.#canImprove(length);
    return next;
  }

  /**
   * The best continuations of all sequences, best first. There are enough of them that one for each beam goes on: of the
   * continuations of a sequence, as many end it as there are stop tokens.
   */
  #candidates(scores: readonly Float32Array[]): Candidate[] {
    const count = Math.max(2, 1 + this.#rules.stops.size) * this.#beams;
    const best: Candidate[] = [];
    this.#running.forEach(({ tokens, sum: before }, parent) => {
      const row = scores[parent]!;
      for (let token = 0; token < row.length; token++) {
        const sum = before + row[token]!;
        const least = best.length < count ? Number.NEGATIVE_INFINITY : best[count - 1]!.sum;
        if (sum > least) insert(best, { tokens, token, parent, sum }, count);
      }
    });
    return best;
  }

  #reasonToEnd({ tokens, token }: Candidate, length: number): FinishReason | undefined {
    if (this.#rules.stops.has(token)) return 'stop';
    if (this.#rules.areConditional && this.#rules.endsWith(this.#contextOf([...tokens, token]))) return 'stop';
    return length === this.#end.limit ? this.#end.reason : undefined;
  }

  #contextOf(tokens: readonly number[]): LogitsContext {
    return { tokens, promptTokens: this.#promptTokens, sequence: this.#sequence };
  }

  #completion({ tokens, token, sum }: Candidate, length: number, reason: FinishReason): Completion {
    const whole = this.#rules.stops.has(token) ? tokens : [...tokens, token];
    const own = whole.slice(this.#promptTokens);
    const score = sum / length ** this.#lengthPenalty;
    return { tokens: own, reason, promptTokens: this.#promptTokens, newTokens: own.length, logProbability: sum, score };
  }

  #canImprove(length: number): boolean {
    const [first] = this.#running;
    if (!first) return false;
    const worst = this.#finished[this.#beams - 1];
    if (!worst) return true;
    if (this.#earlyStopping === true) return false;
    // With a penalty above 0 longer is better: then a sequence can at best go on to the limit without losing any probability.
    const longest = this.#earlyStopping === 'never' && this.#lengthPenalty > 0 ? this.#end.limit : length;
    return first.sum / longest ** this.#lengthPenalty > worst.score;
  }
}

/** Puts a candidate behind all that are at least as good; the list keeps its `count` best. */
function insert(best: Candidate[], candidate: Candidate, count: number): void {
  let [low, high] = [0, best.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (best[middle]!.sum >= candidate.sum) low = middle + 1;
    else high = middle;
  }
  best.splice(low, 0, candidate);
  if (best.length > count) best.pop();
}
