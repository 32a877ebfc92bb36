import type { Tensor } from '@tensorflow/tfjs';
import { TfmError } from '../errors.js';
import type { GenerationDefinition, InputDefinition } from '../model/definition.js';
import type { GenerationState } from '../scope/state.js';
import { cacheCapacity } from './chunks.js';
import type { Finished, FinishReason, GenerateOptions } from './options.js';
import { promptSize } from './prompt.js';
import { Sampler } from './sampling.js';

/** What the loop needs of a model. */
export interface Steps<Inputs> {
  readonly generation: GenerationDefinition;
  prefill(inputs: Inputs, options: { readonly capacity: number }): { logits: Tensor; state: GenerationState };
  step(token: number, state: GenerationState): Tensor;
}

/** The loop behind `generate`: prefill, then draw a token and take a step until there is a reason to end. */
export async function* generateTokens<Inputs extends object>(
  model: Steps<Inputs>,
  inputs: Inputs,
  growing: InputDefinition,
  options: GenerateOptions,
): AsyncGenerator<number, Finished, undefined> {
  options.signal?.throwIfAborted();
  const sampler = new Sampler(options);
  const stops = new Set(options.stopTokens ?? (growing.stop === undefined ? [] : [growing.stop]));
  const { promptTokens, limit, reason, capacity } = plan(model.generation, inputs, growing, options);
  const finished = (newTokens: number, why: FinishReason): Finished => ({ reason: why, promptTokens, newTokens });
  if (limit === 0) return finished(0, reason);
  let { logits, state } = model.prefill(inputs, { capacity });
  try {
    for (let drawn = 0; ; ) {
      const token = sampler.sample(await numbers(logits), drawn);
      logits.dispose();
      options.signal?.throwIfAborted();
      if (stops.has(token)) return finished(drawn, 'stop');
      drawn++;
      options.onProgress?.({ promptTokens, newTokens: drawn });
      yield token;
      if (drawn === limit) return finished(drawn, reason);
      options.signal?.throwIfAborted();
      logits = model.step(token, state);
    }
  } finally {
    logits.dispose();
    state.dispose();
  }
}

/** How many tokens at most, why it ends there, and how many rows the caches need. */
function plan(
  generation: GenerationDefinition,
  inputs: object,
  growing: InputDefinition,
  { maxNewTokens }: GenerateOptions,
) {
  if (maxNewTokens !== undefined && !(Number.isSafeInteger(maxNewTokens) && maxNewTokens >= 0)) {
    throw new TfmError('TFM5307', `maxNewTokens is ${maxNewTokens}`, 'it is a number of tokens from 0 up');
  }
  const { batch, rows } = promptSize(inputs, growing);
  if (batch !== 1) {
    throw new TfmError(
      'TFM5303',
      `generate takes one sequence, ${growing.name} has ${batch}`,
      'use prefill and step for batches',
    );
  }
  // The last token is scored, but not read: where row j scores token j + 1, one more token than rows fits.
  const most =
    generation.capacity === undefined
      ? Number.POSITIVE_INFINITY
      : generation.capacity - rows + (generation.scores === 'next' ? 1 : 0);
  const limit = Math.min(maxNewTokens ?? most, most);
  if (limit === Number.POSITIVE_INFINITY) {
    throw new TfmError('TFM5307', 'the spec sets no limit to the sequence', 'give maxNewTokens');
  }
  if (limit < 0 || (limit === 0 && maxNewTokens !== 0)) {
    throw new TfmError('TFM5308', `a prompt of ${rows} tokens leaves no room in a context of ${generation.capacity}`);
  }
  const reason: FinishReason = maxNewTokens !== undefined && maxNewTokens <= most ? 'length' : 'context';
  return { promptTokens: rows, limit, reason, capacity: cacheCapacity(rows + limit, generation.capacity) };
}

async function numbers(logits: Tensor): Promise<Float32Array> {
  const values = await logits.data<'float32'>();
  if (values.some(Number.isNaN)) {
    const help = 'are the weights those of this model? Are they finite?';
    throw new TfmError('TFM5310', 'the scores of the next token are not numbers', help);
  }
  return values;
}
