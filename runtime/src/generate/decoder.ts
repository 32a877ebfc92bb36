import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { TfmError } from '../errors.js';
import { declaration, readInputs } from '../model/inputs.js';
import { setPresence } from '../model/presence.js';
import { rowsFromEnd } from '../ops/scored-rows.js';
import { checkId } from '../ops/tokens.js';
import { stepTensor } from '../replay/tracking.js';
import type { PassOptions } from '../scope/scope.js';
import type { GenerationState } from '../scope/state.js';
import { evenChunks, promptChunks } from './chunks.js';
import { checkConstants, commonLength } from './continued.js';
import type { Decodable, Tensors } from './decodable.js';
import { type Logits, TensorLogits } from './logits.js';
import { type PromptSize, promptSize, promptTokens, withoutEmptyPrompt } from './prompt.js';
import { makeRoom, stateFor } from './room.js';

export interface PrefillOptions {
  /** The most tokens that the sequence can reach. Default: the spec's limit, if any; the state grows on the way by doubling. */
  readonly capacity?: number;
  /**
   * A state of earlier tokens: it goes on from the longest beginning that it shares with the prompt, and what that has is not
   * computed again. The other inputs must be those that it was made with.
   */
  readonly state?: GenerationState;
}

export interface Prefilled {
  /** Scores of the token that follows the prompt, [B, vocab]. */
  readonly logits: Tensor;
  readonly state: GenerationState;
}

/** How many of the rows of a pass are no padding, for each sequence; `undefined`: all. What is read here is read again for each step. */
type RealRows = () => readonly number[] | undefined;

/** Prompts and tokens through a model with a state: what is behind `prefill` and `step`. */
export class Decoder {
  readonly model: Decodable;

  constructor(model: Decodable) {
    this.model = model;
  }

  prefill(inputs: object, options: PrefillOptions): Prefilled {
    const { growing } = this.model;
    if (options.state) this.#checkState(options.state);
    const size = promptSize(inputs, growing);
    let state = options.state;
    const made: GenerationState[] = [];
    try {
      const logits = tf.tidy(() => {
        const { tensors, prompt } = this.read(inputs);
        const rows = prompt ?? tf.zeros([batchOf(tensors, size), 1], 'int32');
        if (!state) {
          state = this.newState(tensors, rows, options);
          made.push(state);
        }
        if (prompt === undefined) return this.#beforeTheFirst(tensors, rows, state, made);
        if (options.state) checkConstants(tensors, state.constants);
        const tokens = promptTokens(inputs, growing, state.batch);
        const scores = this.#readPrompt(prompt, size, state, this.#reused(state, prompt, size, tokens));
        state.tokens = tokens;
        return scores;
      });
      if (!state) throw new TfmError('TFM5303', `${declaration(growing)} was given no tokens`);
      made.splice(made.indexOf(state), made.includes(state) ? 1 : 0);
      return { logits, state };
    } finally {
      // All that is left: after an error, and what stood in for the first token.
      for (const left of made) left.dispose();
    }
  }

  /** The inputs as tensors, and the prompt among them, or what it begins with. */
  read(inputs: object): { readonly tensors: Tensors; readonly prompt: Tensor | undefined } {
    const { name, growing, generation } = this.model;
    const given = withoutEmptyPrompt(inputs, growing);
    const tensors = readInputs(name, this.model.inputs, given, {
      outputs: [generation.output],
      growing: generation.input,
    });
    return { tensors, prompt: tensors[generation.input] ?? this.#start(tensors, promptSize(inputs, growing)) };
  }

  /** One token more for each sequence that goes on: the scores of the next ones, until the next step or until they are given back. */
  step(tokens: readonly (number | null)[], state: GenerationState): Logits {
    this.#checkState(state);
    if (tokens.length !== state.batch) {
      throw new TfmError('TFM5303', `${tokens.length} tokens were given for ${state.batch} sequences`);
    }
    const { name, of: vocabulary } = this.model.growing;
    tokens.forEach((token, b) => {
      if (token !== null && vocabulary !== undefined) checkId(token, vocabulary, `${name}[${b}]`);
    });
    makeRoom(this.model, state, Math.max(0, ...state.positions.map((at, b) => (tokens[b] === null ? 0 : at + 1))));
    const { positions, capacity } = state;
    const moves = tokens.map((token) => (token === null ? 0 : 1));
    const length = Math.max(...positions.map((position, b) => position + (moves[b] ?? 0)));
    if (state.turns.mustBegin(length)) return new TensorLogits(this.#again(tokens, state));
    state.length = length;
    // What a sequence that stays writes is overwritten by its next token; a full one has none, so its last row may go.
    state.positions = positions.map((position) => Math.min(position, capacity - 1));
    state.replay.input.set(
      tokens.map((token) => token ?? 0),
      moves,
    );
    const scores = state.replay.step(() => this.#stepScores(state));
    state.positions = positions.map((position, b) => position + (moves[b] ?? 0));
    tokens.forEach((token, b) => {
      if (token !== null) state.tokens?.[b]?.push(token);
    });
    return scores;
  }

  /** The same where keys of the past must be turned otherwise: all that the sequences have so far is a prompt. */
  #again(tokens: readonly (number | null)[], state: GenerationState): Tensor {
    if (!state.tokens) {
      const help = 'give prompts as numbers: at this length the sequence is computed again';
      throw new TfmError('TFM5307', 'the tokens of the prompt cannot be read on the GPU', help);
    }
    const all = state.tokens.map((row, b) => [...row, ...tokens.slice(b, b + 1).filter((token) => token !== null)]);
    const lengths = all.map((row) => row.length);
    const rows = Math.max(...lengths);
    const padded = all.flatMap((row) => [...row, ...Array<number>(rows - row.length).fill(row[0] ?? 0)]);
    state.rewind(0);
    const scores = tf.tidy(() => {
      return this.#readPrompt(
        tf.tensor2d(padded, [all.length, rows], 'int32'),
        { batch: all.length, lengths },
        state,
        0,
      );
    });
    state.tokens = all;
    return scores;
  }

  /** The scores behind the token that the input of the state's replay has, [B, vocab]. What is read here is read again for each step. */
  #stepScores(state: GenerationState): Tensor {
    const { batch, replay } = state;
    const { input } = replay;
    const rows = stepTensor({ make: () => Int32Array.from(input.tokens), shape: [batch, 1], dtype: 'int32' });
    return this.#lastScores(rows, state, Array<number>(batch).fill(0), () => input.moves);
  }

  /** The scores of the row of each sequence that has so many rows behind it, [B, vocab]; `real` as in `pass`. */
  #lastScores(rows: Tensor, state: GenerationState, behind: readonly number[], real?: RealRows): Tensor {
    // Of a model whose scores need more than the row in hand there are those of all rows.
    const scores = rowsFromEnd(this.pass(rows, state, behind, real), behind);
    return tf.reshape(scores, [state.batch, scores.shape.at(-1) ?? 1]);
  }

  /**
   * Runs new rows, of which `real` are no padding, through the model: the scores of all, or of those that `PassOptions.scored`
   * names. The caller moves the position.
   */
  pass(rows: Tensor, state: GenerationState, scored?: readonly number[], real: RealRows = () => undefined): Tensor {
    const { generation, growing, run } = this.model;
    const [, count = 1] = rows.shape;
    if (growing.presence)
      setPresence(
        rows,
        soFar(state, () => endsOf(state, count, real())),
      );
    const { prefix, input } = generation;
    const options: PassOptions = {
      state,
      ...(prefix !== undefined && { prefix }),
      scored,
      // Counted from the end: a constant prefix may stand in front of these rows.
      get paddingRows() {
        const own = real();
        return own?.some((each) => each < count) ? own.map((each) => count - each) : undefined;
      },
    };
    return run({ ...state.constants, [input]: rows }, options);
  }

  /** Rows [B, T] in pieces that pass one after the other: [B, at most `most`]. */
  pieces(rows: Tensor, most = Number.POSITIVE_INFINITY): Tensor[] {
    const [batch = 1, length = 1] = rows.shape;
    const isGpu = tf.getBackend() === 'webgpu';
    if (!isGpu && length <= most) return [rows];
    let begin = 0;
    return (isGpu ? promptChunks(length, Math.min(length, most)) : evenChunks(length, most)).map((size) => {
      begin += size;
      return tf.slice(rows, [0, begin - size], [batch, size]);
    });
  }

  /** A state for a prompt of these rows [B, T]. */
  newState(tensors: Tensors, prompt: Tensor, { capacity }: PrefillOptions): GenerationState {
    return stateFor(this.model, tensors, prompt, { capacity, owner: this });
  }

  /** One token for each sequence where the prompt is missing: `start`. */
  #start(tensors: Tensors, size: PromptSize): Tensor | undefined {
    const { growing, generation, name } = this.model;
    if (growing.start !== undefined) return tf.fill([batchOf(tensors, size), 1], growing.start, 'int32');
    if (generation.scores === 'self') return undefined;
    throw new TfmError('TFM5304', `${name} needs the input ${declaration(growing)}`);
  }

  /** How many rows of a state are those of the prompt, at most all but the last; it has forgotten those behind. */
  #reused(
    state: GenerationState,
    prompt: Tensor,
    { lengths }: PromptSize,
    tokens: readonly (readonly number[])[] | undefined,
  ): number {
    if (state.rows === 0) return 0;
    const [batch = 1, rows = 1] = prompt.shape;
    if (batch !== state.batch) {
      throw new TfmError('TFM5307', `the state is of ${state.batch} sequences, the prompt has ${batch}`);
    }
    const known = state.tokens;
    if (!known || !tokens) {
      const help = 'give prompts as numbers where a state is to be used again';
      throw new TfmError('TFM5307', 'what the state and the prompt have in common cannot be read on the GPU', help);
    }
    makeRoom(this.model, state, rows);
    const common = tokens.map((row, b) => Math.min(commonLength(row, known[b] ?? []), (lengths[b] ?? rows) - 1));
    const most = Math.min(...common);
    return state.rewind(state.turns.serve(most, Math.max(...lengths)) ? most : 0);
  }

  /**
   * The scores of the very first token, where the row for it comes from the constant prefix alone. A stand-in token
   * makes the sequence one row long; being causal, the first row of the scores does not see it, and its state is dropped.
   */
  #beforeTheFirst(tensors: Tensors, standIn: Tensor, state: GenerationState, made: GenerationState[]): Tensor {
    const { capacity } = state;
    const dropped = this.newState(tensors, standIn, { capacity });
    made.push(dropped);
    state.rewind(0);
    state.tokens = Array.from({ length: state.batch }, () => []);
    return this.#lastScores(standIn, dropped, Array<number>(state.batch).fill(1));
  }

  /**
   * Runs the rows of the prompt from `begin` on through the model; the scores behind the last token of each sequence. Shorter
   * sequences are padded at the end, and nobody hides the padding: masks are causal, so no token of the sequence sees it, and each
   * row of it in the caches is overwritten by the token that takes its position before anything there is read.
   */
  #readPrompt(prompt: Tensor, { lengths }: PromptSize, state: GenerationState, begin: number): Tensor {
    const [batch = 1, rows = 1] = prompt.shape;
    const found: Tensor[] = [];
    let all: Tensor | undefined;
    let from = begin;
    state.position = from;
    state.length = lengths.length === batch ? Math.max(...lengths) : rows;
    state.turns.begin(state.length);
    for (const piece of this.pieces(begin === 0 ? prompt : tf.slice(prompt, [0, begin], [batch, rows - begin]))) {
      const [, count = 1] = piece.shape;
      const real = lengths.length === batch ? lengths.map((each) => clamp(each - from, 0, count)) : undefined;
      // Behind the last row of each sequence; less than none where it goes on in the next piece.
      const behind = Array.from({ length: batch }, (_, b) => from + count - (lengths[b] ?? 1));
      const ending = behind.flatMap((rows, b) => (rows >= 0 && rows < count ? [b] : []));
      if (ending.length === 0) this.pass(piece, state, [], () => real);
      else {
        const wanted = behind.map((rows) => clamp(rows, 0, count - 1));
        const scores = this.#lastScores(piece, state, wanted, () => real);
        if (ending.length === batch) all = scores;
        else for (const b of ending) found[b] = tf.slice(scores, [b, 0], [1, -1]);
      }
      from += count;
      state.position = from;
    }
    state.positions = state.positions.map((_, b) => lengths[b] ?? 1);
    return all ?? tf.concat(found, 0);
  }

  #checkState(state: GenerationState): void {
    state.checkAlive();
    if (state.owner === this) return;
    throw new TfmError('TFM5307', `the state is of another model than this ${this.model.name}`);
  }
}

/** What the other inputs say, else the prompt: `[[], []]`; else one. */
const batchOf = (tensors: Tensors, { batch = 1 }: PromptSize): number => Object.values(tensors)[0]?.shape[0] ?? batch;

const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high);

/** The row behind the last of each sequence, with `count` new ones, or with so many of each as are real. */
function endsOf(state: GenerationState, count: number, real: readonly number[] | undefined): number[] {
  return state.positions.map((position, b) => position + (real?.[b] ?? count));
}

/** True for the rows so far, at fixed size: a growing one would leave a buffer of every length behind. */
function soFar({ batch, capacity }: GenerationState, endsOf: () => readonly number[]): Tensor {
  const make = () => {
    const ends = endsOf();
    const isReal = (i: number) => i % capacity < (ends[Math.floor(i / capacity)] ?? 0);
    return Uint8Array.from({ length: batch * capacity }, (_, i) => Number(isReal(i)));
  };
  return stepTensor({ make, shape: [batch, capacity], dtype: 'bool' });
}
