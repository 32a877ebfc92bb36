import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { TfmError } from '../errors.js';
import type { GenerationDefinition, InputDefinition, InputTensors, ModelDefinition } from '../model/definition.js';
import { declaration, readInputs } from '../model/inputs.js';
import { Model, type OutputTensors } from '../model/model.js';
import { presenceOf, setPresence } from '../model/presence.js';
import { checkId } from '../ops/tokens.js';
import { GenerationState } from '../scope/state.js';
import { promptChunks } from './chunks.js';
import { generateTokens, onlyOne } from './generate.js';
import type { BatchOptions, Finished, GenerateOptions } from './options.js';
import { type PromptSize, promptSize, withoutEmptyPrompt } from './prompt.js';

export interface PrefillOptions {
  /** The most tokens that the sequence can reach. Default: the spec's limit. */
  readonly capacity?: number;
}

export interface Prefilled {
  /** Scores of the token that follows the prompt, [B, vocab]. */
  readonly logits: Tensor;
  readonly state: GenerationState;
}

type NewState = (tensors: Readonly<Record<string, Tensor>>, prompt: Tensor) => GenerationState;

/** A model whose spec declares `generate`. */
export abstract class GenerativeModel<
  Config extends object,
  Weights extends object,
  Inputs extends object,
  Outputs extends OutputTensors<Outputs>,
> extends Model<Config, Weights, Inputs, Outputs> {
  readonly generation: GenerationDefinition;
  readonly #growing: InputDefinition;
  readonly #states = new WeakSet<GenerationState>();

  protected constructor(definition: ModelDefinition<Config, Weights>, config: Config, weights: Weights) {
    super(definition, config, weights);
    const generation = definition.generation?.(config);
    const growing = this.inputDefinitions.find(({ name }) => name === generation?.input);
    if (!generation || !growing) throw new TfmError('TFM5306', `${definition.name} does not say what it generates`);
    this.generation = generation;
    this.#growing = growing;
  }

  /**
   * Yields new tokens one by one, for one sequence; returns why it ended. An empty prompt begins with the input's `start`.
   * Leaving the loop, an error or an abort gives all memory back. Throws TFM5308 where the prompt leaves no room.
   */
  async *generate(inputs: Inputs, options: GenerateOptions = {}): AsyncGenerator<number, Finished, undefined> {
    onlyOne(promptSize(inputs, this.#growing), this.#growing);
    const batch = this.generateBatch(inputs, options);
    try {
      for (;;) {
        const { done, value } = await batch.next();
        const [first = null, another] = value;
        if (another !== undefined) onlyOne({ batch: value.length, lengths: [] }, this.#growing);
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
   * tokens that `generate` gives for it alone. Memory and errors as in `generate`.
   */
  async *generateBatch(
    inputs: Inputs,
    options: BatchOptions = {},
  ): AsyncGenerator<(number | null)[], Finished[], undefined> {
    return yield* generateTokens(this, inputs, this.#growing, options);
  }

  /**
   * Processes the prompts: the scores behind the last token of each, whatever their lengths. The logits and the state belong to the
   * caller: dispose both.
   */
  prefill(inputs: Inputs, options: PrefillOptions = {}): Prefilled {
    this.checkAlive();
    const { input, output } = this.generation;
    const size = promptSize(inputs, this.#growing);
    const states: GenerationState[] = [];
    const newState = (tensors: Readonly<Record<string, Tensor>>, prompt: Tensor): GenerationState => {
      const made = this.#newState(tensors, prompt, options);
      states.unshift(made);
      return made;
    };
    try {
      const logits = tf.tidy(() => {
        const given = withoutEmptyPrompt(inputs, this.#growing);
        const tensors = readInputs(this.definition.name, this.inputDefinitions, given, {
          outputs: [output],
          growing: input,
        });
        const prompt = tensors[input] ?? this.#start(tensors, size);
        if (prompt === undefined) return this.#beforeTheFirst(tensors, size, newState);
        return this.#readPrompt(prompt, size, newState(tensors, prompt));
      });
      const [state] = states.splice(0, 1);
      if (!state) throw new TfmError('TFM5303', `${declaration(this.#growing)} was given no tokens`);
      this.#states.add(state);
      return { logits, state };
    } finally {
      // All that is left: after an error, and what stood in for the first token.
      for (const state of states) state.dispose();
    }
  }

  /**
   * Adds one token to each sequence and scores the one after it: [B, vocab], the caller's to dispose. `null` leaves a
   * sequence where it is, and its scores mean nothing. Throws TFM5308 where the context is full, TFM5401 for a token
   * outside the vocabulary.
   */
  step(tokens: number | readonly (number | null)[], state: GenerationState): Tensor {
    this.checkAlive();
    state.checkAlive();
    if (!this.#states.has(state))
      throw new TfmError('TFM5307', `the state is of another model than this ${this.definition.name}`);
    const given = typeof tokens === 'number' ? [tokens] : tokens;
    if (given.length !== state.batch) {
      throw new TfmError('TFM5303', `${given.length} tokens were given for ${state.batch} sequences`);
    }
    const { name, of: vocabulary } = this.#growing;
    const { positions, capacity } = state;
    const moves = given.map((token, b) => {
      if (token === null) return 0;
      if (vocabulary !== undefined) checkId(token, vocabulary, `${name}[${b}]`);
      if ((positions[b] ?? 0) >= capacity) throw contextFull(this.definition.name, capacity + 1, capacity);
      return 1;
    });
    return tf.tidy(() => {
      const rows = tf.tensor2d(
        given.map((token) => token ?? 0),
        [given.length, 1],
        'int32',
      );
      // What a sequence that stays writes is overwritten by its next token; a full one has none, so its last row may go.
      state.positions = positions.map((position) => Math.min(position, capacity - 1));
      const scores = this.#pass(rows, state, moves);
      state.positions = positions.map((position, b) => position + (moves[b] ?? 0));
      const [batch = 1, length = 1, classes = 1] = scores.shape;
      return tf.reshape(tf.slice(scores, [0, length - 1, 0], [batch, 1, classes]), [batch, classes]);
    });
  }

  /** One token for each sequence where the prompt is missing: `start`. */
  #start(tensors: Readonly<Record<string, Tensor>>, size: PromptSize): Tensor | undefined {
    const { start } = this.#growing;
    if (start !== undefined) return tf.fill([batchOf(tensors, size), 1], start, 'int32');
    if (this.generation.scores === 'self') return undefined;
    throw new TfmError('TFM5304', `${this.definition.name} needs the input ${declaration(this.#growing)}`);
  }

  /**
   * The scores of the very first token, where the row for it comes from the constant prefix alone. A stand-in token
   * makes the sequence one row long; being causal, the first row of the scores does not see it, and its state is dropped.
   */
  #beforeTheFirst(tensors: Readonly<Record<string, Tensor>>, size: PromptSize, newState: NewState): Tensor {
    const standIn = tf.zeros([batchOf(tensors, size), 1], 'int32');
    const scores = this.#pass(standIn, newState(tensors, standIn));
    newState(tensors, standIn);
    const [batch = 1, , classes = 1] = scores.shape;
    return tf.reshape(tf.slice(scores, [0, 0, 0], [batch, 1, classes]), [batch, classes]);
  }

  /**
   * Runs the prompt through the model; the scores behind the last token of each sequence. Shorter sequences are padded at the
   * end, and nobody hides the padding: masks are causal, so no token of the sequence sees it, and each row of it in the
   * caches is overwritten by the token that takes its position before anything there is read.
   */
  #readPrompt(prompt: Tensor, { lengths }: PromptSize, state: GenerationState): Tensor {
    const found: Tensor[] = [];
    let from = 0;
    for (const piece of this.#pieces(prompt)) {
      const [, count = 1] = piece.shape;
      const real = lengths.length === state.batch ? lengths.map((rows) => clamp(rows - from, 0, count)) : undefined;
      const scores = this.#pass(piece, state, real);
      const [, length = 1, classes = 1] = scores.shape;
      for (let b = 0; b < state.batch; b++) {
        // `self` begins with one row more, which scores the first token.
        const row = length - count + (lengths[b] ?? 1) - from - 1;
        const isHere = row >= length - count && row < length;
        if (isHere) found[b] = tf.reshape(tf.slice(scores, [b, row, 0], [1, 1, classes]), [1, classes]);
      }
      from += count;
      state.position = from;
    }
    state.positions = state.positions.map((_, b) => lengths[b] ?? 1);
    return tf.concat(found, 0);
  }

  #newState(tensors: Readonly<Record<string, Tensor>>, prompt: Tensor, { capacity }: PrefillOptions): GenerationState {
    const [batch = 1, rows = 1] = prompt.shape;
    const most = this.generation.capacity;
    const chosen = Math.min(capacity ?? most ?? Number.NaN, most ?? Number.POSITIVE_INFINITY);
    if (!Number.isSafeInteger(chosen) || chosen < 1) {
      throw new TfmError('TFM5307', `the capacity is ${capacity}`, 'give the most tokens that the sequence can reach');
    }
    if (rows > chosen) throw contextFull(this.definition.name, rows, chosen);
    const constants = Object.entries(tensors).filter(([name]) => name !== this.generation.input);
    return new GenerationState(
      batch,
      chosen,
      Object.fromEntries(constants.map(([name, input]) => [name, owned(input)])),
    );
  }

  #pieces(prompt: Tensor): Tensor[] {
    const [batch = 1, rows = 1] = prompt.shape;
    if (tf.getBackend() !== 'webgpu') return [prompt];
    let begin = 0;
    return promptChunks(rows).map((size) => {
      begin += size;
      return tf.slice(prompt, [0, begin - size], [batch, size]);
    });
  }

  /** Runs new rows, of which `real` are no padding, through the model: their scores. The caller moves the position. */
  #pass(rows: Tensor, state: GenerationState, real?: readonly number[]): Tensor {
    const { input, output, prefix } = this.generation;
    const [, count = 1] = rows.shape;
    const ends = state.positions.map((position, b) => position + (real?.[b] ?? count));
    if (this.#growing.presence) setPresence(rows, soFar(ends, state.capacity));
    const tensors = { ...state.constants, [input]: rows } as unknown as InputTensors<Inputs>;
    const name = output as keyof Outputs & string;
    // Counted from the end: a constant prefix may stand in front of these rows.
    const paddingRows = real?.some((each) => each < count) ? real.map((each) => count - each) : undefined;
    return this.run(tensors, { state, prefix, paddingRows }, [name])[name];
  }
}

/** What the other inputs say, else the prompt: `[[], []]`; else one. */
const batchOf = (tensors: Readonly<Record<string, Tensor>>, { batch = 1 }: PromptSize): number =>
  Object.values(tensors)[0]?.shape[0] ?? batch;

const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high);

/** True for the rows so far, at fixed size: a growing one would leave a buffer of every length behind. */
function soFar(ends: readonly number[], capacity: number): Tensor {
  const values = Uint8Array.from({ length: ends.length * capacity }, (_, i) => {
    return i % capacity < (ends[Math.floor(i / capacity)] ?? 0) ? 1 : 0;
  });
  return tf.tensor2d(values, [ends.length, capacity], 'bool');
}

/** The state's own copy of a constant input, with its presence. */
function owned(input: Tensor): Tensor {
  const kept = tf.keep(tf.clone(input));
  const presence = presenceOf(input);
  if (presence) setPresence(kept, tf.keep(tf.clone(presence)));
  return kept;
}

function contextFull(model: string, rows: number, capacity: number): TfmError {
  return new TfmError(
    'TFM5308',
    `${rows} tokens do not fit into the context of this ${model}, which holds ${capacity}`,
  );
}
