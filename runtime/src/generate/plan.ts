import { TfmError } from '../errors.js';
import type { GenerationDefinition } from '../model/definition.js';
import { cacheCapacity } from './chunks.js';
import type { SequenceEnd } from './ending.js';
import type { BatchOptions } from './options.js';
import type { PromptSize } from './prompt.js';

/** How a generation fits into the context. */
export interface Plan {
  /** For each prompt: how many tokens it gets at most, and why it ends there. */
  readonly ends: readonly SequenceEnd[];
  /** Rows that the caches need; `undefined` where only a stop token ends it. */
  readonly capacity: number | undefined;
}

/**
 * @param mayEnd Whether something else than a limit can end a sequence.
 * @throws TfmError TFM5307 where nothing ends it, TFM5308 where a prompt leaves no room.
 */
export function planFor(
  generation: GenerationDefinition,
  { lengths }: PromptSize,
  { maxNewTokens, state }: BatchOptions,
  mayEnd: boolean,
): Plan {
  const capacity = state && !state.grows ? state.capacity : generation.capacity;
  const ends = lengths.map((rows) => endOf({ ...generation, ...(capacity && { capacity }) }, rows, maxNewTokens));
  const rows = Math.max(...ends.map(({ promptTokens, limit }) => promptTokens + limit));
  if (rows < Number.POSITIVE_INFINITY) return { ends, capacity: cacheCapacity(rows, generation.capacity) };
  if (mayEnd) return { ends, capacity: undefined };
  throw new TfmError('TFM5307', 'the spec sets no limit to the sequence', 'give maxNewTokens');
}

function endOf(
  { capacity, scores }: GenerationDefinition,
  rows: number,
  maxNewTokens: number | undefined,
): SequenceEnd {
  // The last token is scored, but not read: where row j scores token j + 1, one more token than rows fits.
  const most = capacity === undefined ? Number.POSITIVE_INFINITY : capacity - rows + (scores === 'next' ? 1 : 0);
  const limit = Math.min(maxNewTokens ?? most, most);
  if (limit < 0 || (limit === 0 && maxNewTokens !== 0)) {
    throw new TfmError('TFM5308', `a prompt of ${rows} tokens leaves no room in a context of ${capacity}`);
  }
  const isShort = maxNewTokens !== undefined && maxNewTokens <= most;
  return { promptTokens: rows, limit, reason: isShort ? 'length' : 'context' };
}
