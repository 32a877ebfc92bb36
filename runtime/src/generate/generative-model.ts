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
import { generateTokens } from './generate.js';
import type { Finished, GenerateOptions } from './options.js';
import { withoutEmptyPrompt } from './prompt.js';

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
    return yield* generateTokens(this, inputs, this.#growing, options);
  }

  /** Processes the prompt. The logits and the state belong to the caller: dispose both. */
  prefill(inputs: Inputs, options: PrefillOptions = {}): Prefilled {
    this.checkAlive();
    const { input, output } = this.generation;
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
        const prompt = tensors[input] ?? this.#start(tensors);
        if (prompt === undefined) return this.#beforeTheFirst(tensors, newState);
        const state = newState(tensors, prompt);
        return this.#pieces(prompt).reduce<Tensor | undefined>((_, piece) => this.#advance(piece, state), undefined);
      });
      const [state] = states.splice(0, 1);
      if (!state || !logits) throw new TfmError('TFM5303', `${declaration(this.#growing)} was given no tokens`);
      this.#states.add(state);
      return { logits, state };
    } finally {
      // All that is left: after an error, and what stood in for the first token.
      for (const state of states) state.dispose();
    }
  }

  /**
   * Adds one token to each sequence and scores the one after it: [B, vocab], the caller's to dispose. Throws TFM5308
   * where the context is full, TFM5401 for a token outside the vocabulary.
   */
  step(tokens: number | readonly number[], state: GenerationState): Tensor {
    this.checkAlive();
    state.checkAlive();
    if (!this.#states.has(state))
      throw new TfmError('TFM5307', `the state is of another model than this ${this.definition.name}`);
    const given = typeof tokens === 'number' ? [tokens] : tokens;
    if (given.length !== state.batch) {
      throw new TfmError('TFM5303', `${given.length} tokens were given for ${state.batch} sequences`);
    }
    const { name, of: vocabulary } = this.#growing;
    if (vocabulary !== undefined) given.forEach((token, b) => void checkId(token, vocabulary, `${name}[${b}]`));
    return tf.tidy(() => this.#advance(tf.tensor2d([...given], [given.length, 1], 'int32'), state));
  }

  /** One token for each sequence where the prompt is missing: `start`. */
  #start(tensors: Readonly<Record<string, Tensor>>): Tensor | undefined {
    const { start } = this.#growing;
    if (start !== undefined) return tf.fill([batchOf(tensors), 1], start, 'int32');
    if (this.generation.scores === 'self') return undefined;
    throw new TfmError('TFM5304', `${this.definition.name} needs the input ${declaration(this.#growing)}`);
  }

  /**
   * The scores of the very first token, where the row for it comes from the constant prefix alone. A stand-in token
   * makes the sequence one row long; being causal, the first row of the scores does not see it, and its state is dropped.
   */
  #beforeTheFirst(tensors: Readonly<Record<string, Tensor>>, newState: NewState): Tensor {
    const standIn = tf.zeros([batchOf(tensors), 1], 'int32');
    const logits = this.#advance(standIn, newState(tensors, standIn), 0);
    newState(tensors, standIn);
    return logits;
  }

  #newState(tensors: Readonly<Record<string, Tensor>>, prompt: Tensor, { capacity }: PrefillOptions): GenerationState {
    const [batch = 1, rows = 1] = prompt.shape;
    const most = this.generation.capacity;
    const chosen = Math.min(capacity ?? most ?? Number.NaN, most ?? Number.POSITIVE_INFINITY);
    if (!Number.isSafeInteger(chosen) || chosen < 1) {
      throw new TfmError('TFM5307', `the capacity is ${capacity}`, 'give the most tokens that the sequence can reach');
    }
    if (rows > chosen) throw contextFull(this.definition.name, rows, chosen);
    const presence = presenceOf(prompt);
    if (presence?.dataSync().includes(0) === true) {
      const help = 'generate for sequences of one length, or for one at a time';
      throw new TfmError('TFM5303', `${this.#growing.name} has padding, behind which nothing can be generated`, help);
    }
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

  /** Runs the new rows through the model; the scores behind the last of them, or those of row `row`. */
  #advance(rows: Tensor, state: GenerationState, row?: number): Tensor {
    const { input, output, prefix } = this.generation;
    const [batch = 1, count = 1] = rows.shape;
    if (state.position + count > state.capacity)
      throw contextFull(this.definition.name, state.position + count, state.capacity);
    return tf.tidy(() => {
      if (this.#growing.presence) setPresence(rows, soFar(batch, state.position + count, state.capacity));
      const tensors = { ...state.constants, [input]: rows } as unknown as InputTensors<Inputs>;
      const name = output as keyof Outputs & string;
      const scores = this.run(tensors, { state, prefix }, [name])[name];
      state.position += count;
      const [, length = 1, classes = 1] = scores.shape;
      return tf.reshape(tf.slice(scores, [0, row ?? length - 1, 0], [batch, 1, classes]), [batch, classes]);
    });
  }
}

const batchOf = (tensors: Readonly<Record<string, Tensor>>): number => Object.values(tensors)[0]?.shape[0] ?? 1;

/** True for the rows so far, at fixed size: a growing one would leave a buffer of every length behind. */
function soFar(batch: number, rows: number, capacity: number): Tensor {
  const values = Uint8Array.from({ length: batch * capacity }, (_, i) => (i % capacity < rows ? 1 : 0));
  return tf.tensor2d(values, [batch, capacity], 'bool');
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
