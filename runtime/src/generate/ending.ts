import type { InputDefinition } from '../model/definition.js';
import type { BatchOptions, FinishReason } from './options.js';
import { Choices } from './processors/choices.js';
import { type LogitsContext, type LogitsProcessor, processorsFor } from './processors/processors.js';

/** Where a sequence ends at the latest, and why there. */
export interface SequenceEnd {
  readonly promptTokens: number;
  readonly limit: number;
  readonly reason: FinishReason;
}

/** What all sequences of a generation have in common: how logits are processed, and what ends a sequence. */
export class Rules {
  readonly stops: ReadonlySet<number>;
  readonly processors: readonly LogitsProcessor[];
  readonly #choices: Choices | undefined;
  readonly #stopWhen: BatchOptions['stopWhen'];

  constructor(options: BatchOptions, growing: InputDefinition) {
    this.stops = new Set(options.stopTokens ?? (growing.stop === undefined ? [] : [growing.stop]));
    this.#choices = options.choices && new Choices(options.choices, this.stops);
    this.processors = processorsFor(options, this.stops, this.#choices);
    this.#stopWhen = options.stopWhen;
  }

  /** Whether tokens that are no stop tokens may end a sequence. */
  get areConditional(): boolean {
    return this.#choices !== undefined || this.#stopWhen !== undefined;
  }

  /** Whether a sequence is over with its last token, which is no stop token. */
  endsWith(context: LogitsContext): boolean {
    const isChosen = this.#choices?.isComplete(context.tokens.slice(context.promptTokens)) ?? false;
    return isChosen || (this.#stopWhen?.(context) ?? false);
  }
}
