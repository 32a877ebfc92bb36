import { TfmError } from '../errors.js';
import type { InputDefinition } from '../model/definition.js';
import { beamSearch } from './beam-search.js';
import { begin, repeated, scoresOf } from './begin.js';
import type { Decoder } from './decoder.js';
import type { Rules, SequenceEnd } from './ending.js';
import type { Logits } from './logits.js';
import type { BatchOptions, Completion, Finished } from './options.js';
import type { PromptSize } from './prompt.js';
import { Sampler } from './sampling.js';
import { Sequence } from './sequence.js';

/** Tokens of every sequence as they come. Behind `generateBatch`. */
export async function* generateTokens(
  decoder: Decoder,
  inputs: object,
  options: BatchOptions,
): AsyncGenerator<(number | null)[], Finished[], undefined> {
  if ((options.beams ?? 1) === 1) {
    const sequences = yield* drawTokens(decoder, inputs, options, false);
    return sequences.map(({ finished }) => finished);
  }
  const found = (await beamSearch(decoder, inputs, options)).flat();
  for (let i = 0; found.some(({ tokens }) => i < tokens.length); i++)
    yield found.map(({ tokens }) => tokens[i] ?? null);
  return found.map(({ reason, promptTokens: rows, newTokens }) => ({ reason, promptTokens: rows, newTokens }));
}

/** All sequences at once, for each prompt. Behind `complete`. */
export async function completions(decoder: Decoder, inputs: object, options: BatchOptions): Promise<Completion[][]> {
  if ((options.beams ?? 1) > 1) return beamSearch(decoder, inputs, options);
  const drawing = drawTokens(decoder, inputs, options, true);
  for (;;) {
    const { done, value } = await drawing.next();
    if (!done) continue;
    const samples = options.samples ?? 1;
    const prompts = Array.from({ length: value.length / samples }, (_, b) =>
      value.slice(b * samples, (b + 1) * samples),
    );
    return prompts.map((sequences) => sequences.map(({ completion }) => completion));
  }
}

/** The loop: prefill, then draw tokens and take a step until every sequence is over. */
async function* drawTokens(
  decoder: Decoder,
  given: object,
  options: BatchOptions,
  scored: boolean,
): AsyncGenerator<(number | null)[], Sequence[], undefined> {
  const { samples = 1 } = options;
  const { ends, rules, promptsOf, prefill } = await begin(decoder, given, options);
  if (ends.every(({ limit }) => limit === 0)) return sequencesFor(promptsOf(ends.length), ends, rules, { samples });
  let { logits, state } = prefill();
  try {
    const sequences = sequencesFor(promptsOf(state.batch), ends, rules, options);
    for (let rows = state.batch; ; rows = sequences.length) {
      const each = sequences.length / rows;
      const tokens =
        (await drawWhereTheyAre(logits, sequences, rules, options, scored)) ??
        drawHere(await scoresOf(logits, rows, options), sequences, scored);
      if (tokens.every((token) => token === null)) return sequences;
      report(tokens, sequences, options);
      yield tokens;
      if (sequences.every(({ isOver }) => isOver)) return sequences;
      options.signal?.throwIfAborted();
      if (each > 1) state = repeated(state, samples, options.state);
      const next = sequences.map(({ isOver }, i) => (isOver ? null : (tokens[i] ?? null)));
      logits = decoder.step(next, state);
    }
  } finally {
    logits.dispose();
    if (state !== options.state) state.dispose();
  }
}

/** Tokens from logits [B, vocab] that were read; several neighbouring sequences may begin with the same. */
function drawHere(scores: readonly Float32Array[], sequences: readonly Sequence[], scored: boolean): (number | null)[] {
  const each = sequences.length / scores.length;
  return sequences.map((sequence, i) => sequence.draw(scores[Math.floor(i / each)]!, scored));
}

/** Tokens that the device draws; `undefined` where it has no logits to itself, or does not know what the options ask for. */
async function drawWhereTheyAre(
  logits: Logits,
  sequences: readonly Sequence[],
  { processors }: Rules,
  { temperature = 1, topK = 0, topP = 1, minP = 0, typicalP = 1, signal }: BatchOptions,
  scored: boolean,
): Promise<(number | null)[] | undefined> {
  if (!logits.draw || processors.length > 0 || typicalP < 1) return undefined;
  const randoms = sequences.map(({ random }) => random);
  const drawn = await logits.draw({ temperature, topK, topP, minP, scored, randoms });
  signal?.throwIfAborted();
  return sequences.map((sequence, i) => sequence.accept(drawn[i]!));
}

/** The one sequence of a batch of one. Throws TFM5303 where the prompt has more. */
export function onlyOne({ batch }: PromptSize, { name }: InputDefinition): void {
  if (batch === undefined || batch === 1) return;
  throw new TfmError('TFM5303', `generate takes one sequence, ${name} has ${batch}`, 'generateBatch takes several');
}

function report(tokens: readonly (number | null)[], sequences: readonly Sequence[], options: BatchOptions): void {
  const finished = sequences.map((sequence) => sequence.finished);
  tokens.forEach((token, i) => {
    if (token !== null) options.onToken?.(token, i);
  });
  options.onProgress?.({ promptTokens: sum(finished, 'promptTokens'), newTokens: sum(finished, 'newTokens') });
}

const sum = (all: readonly Finished[], key: 'promptTokens' | 'newTokens'): number =>
  all.reduce((total, each) => total + each[key], 0);

/** The sequences of each prompt. An empty prompt does not tell how many there are: then all end alike. */
function sequencesFor(
  prompts: readonly (readonly number[])[],
  ends: readonly SequenceEnd[],
  rules: Rules,
  { seed = 0, samples = 1, ...sampling }: BatchOptions,
): Sequence[] {
  if (typeof seed === 'object' && seed.length !== prompts.length) {
    throw new TfmError('TFM5307', `${seed.length} seeds were given for ${prompts.length} sequences`);
  }
  return prompts.flatMap((prompt, b) => {
    const end = ends[b] ?? ends[0] ?? { promptTokens: 0, limit: 0, reason: 'length' };
    const own = typeof seed === 'object' ? (seed[b] ?? 0) : seed;
    return Array.from({ length: samples }, (_, s) => {
      return new Sequence(prompt, end, rules, new Sampler({ ...sampling, seed: own }, s), b * samples + s);
    });
  });
}
