import type { Tensor } from '@tensorflow/tfjs';
import { TfmError } from '../errors.js';
import type { GenerationDefinition, InputTensors, ModelDefinition } from '../model/definition.js';
import { Model, type OutputTensors } from '../model/model.js';
import type { GenerationState } from '../scope/state.js';
import { Decoder, type Prefilled, type PrefillOptions } from './decoder.js';
import { completions, generateTokens, onlyOne } from './generate.js';
import type { BatchOptions, Completion, Finished, GenerateOptions } from './options.js';
import { promptSize } from './prompt.js';
import { type Score, type ScoreOptions, scoreTokens } from './score.js';

/** A model whose spec declares `generate`. */
export abstract class GenerativeModel<
  Config extends object,
  Weights extends object,
  Inputs extends object,
  Outputs extends OutputTensors<Outputs>,
> extends Model<Config, Weights, Inputs, Outputs> {
  readonly generation: GenerationDefinition;
  readonly #decoder: Decoder;

  protected constructor(definition: ModelDefinition<Config, Weights>, config: Config, weights: Weights) {
    super(definition, config, weights);
    const generation = definition.generation?.(config);
    const growing = this.inputDefinitions.find(({ name }) => name === generation?.input);
    if (!generation || !growing) throw new TfmError('TFM5306', `${definition.name} does not say what it generates`);
    this.generation = generation;
    const output = generation.output as keyof Outputs & string;
    this.#decoder = new Decoder({
      name: definition.name,
      inputs: this.inputDefinitions,
      generation,
      growing,
      run: (tensors, options) => this.run(tensors as InputTensors<Inputs>, options, [output])[output],
    });
  }

  /**
   * Yields new tokens one by one, for one sequence; returns why it ended. An empty prompt begins with the input's `start`.
   * Leaving the loop, an error or an abort gives all memory back. With `beams` it yields the tokens of the best sequence when
   * the search is over.
   *
   * @throws TfmError TFM5307 for an option that makes no sense, TFM5308 where the prompt leaves no room.
   */
  async *generate(inputs: Inputs, options: GenerateOptions = {}): AsyncGenerator<number, Finished, undefined> {
    const { growing } = this.#decoder.model;
    onlyOne(promptSize(inputs, growing), growing);
    const batch = this.generateBatch(inputs, options);
    try {
      for (;;) {
        const { done, value } = await batch.next();
        const [first = null, another] = value;
        if (another !== undefined) onlyOne({ batch: value.length, lengths: [] }, growing);
        if (done) return first as Finished;
        yield first as number;
      }
    } finally {
      await batch.return([]);
    }
  }

  /**
   * Yields the next token of every sequence of a batch, `null` for those that are over, until all are; returns why each
   * ended. Prompts may have different lengths: `[[5, 2, 9], [7]]`, or padded at the end with `lengths`. Each sequence gets the
   * tokens that `generate` gives for it alone; but rotary frequencies that depend on the length are those of the longest. With
   * `samples` every prompt has several neighbouring sequences. Memory and errors as in `generate`.
   */
  async *generateBatch(
    inputs: Inputs,
    options: BatchOptions = {},
  ): AsyncGenerator<(number | null)[], Finished[], undefined> {
    this.checkAlive();
    return yield* generateTokens(this.#decoder, inputs, options);
  }

  /**
   * Generates to the end: for each prompt its sequences with their log-probabilities. One for each prompt, or `samples`; with
   * `beams` the best ones, best first. Memory and errors as in `generate`.
   */
  async complete(inputs: Inputs, options: BatchOptions = {}): Promise<Completion[][]> {
    this.checkAlive();
    return completions(this.#decoder, inputs, options);
  }

  /**
   * How likely the model finds the tokens of the generated input: the log-probability of each, given all before it, and the
   * perplexity. Sequences may have different lengths.
   *
   * @throws TfmError TFM5303 where a sequence has no token to score.
   */
  async score(inputs: Inputs, options: ScoreOptions = {}): Promise<Score> {
    this.checkAlive();
    return scoreTokens(this.#decoder, inputs, options);
  }

  /**
   * Processes the prompts: the scores behind the last token of each, whatever their lengths. The logits and the state belong to the
   * caller: dispose both. With a `state` it is that one, and only what it has not seen is computed.
   */
  prefill(inputs: Inputs, options: PrefillOptions = {}): Prefilled {
    this.checkAlive();
    return this.#decoder.prefill(inputs, options);
  }

  /**
   * Adds one token to each sequence and scores the one after it: [B, vocab], the caller's to dispose. `null` leaves a
   * sequence where it is, and its scores mean nothing. Throws TFM5308 where the context is full, TFM5401 for a token
   * outside the vocabulary.
   */
  step(tokens: number | readonly (number | null)[], state: GenerationState): Tensor {
    this.checkAlive();
    return this.#decoder.step(typeof tokens === 'number' ? [tokens] : tokens, state).tensor();
  }
}
