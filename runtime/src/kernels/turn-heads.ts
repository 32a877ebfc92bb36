import type { Tensor } from '@tensorflow/tfjs';
import type { RotaryAttributes } from './attributes.js';
import type { CacheRows } from './cache.js';
import { mostTensors, runKernels } from './projection.js';

/** Queries and keys at the same positions, and where keys and values are kept. */
export interface HeadsToTurn extends Pick<RotaryAttributes, 'pairs'> {
  /** [B, T, H, d] and [B, T, G, d]. */
  readonly query: Tensor;
  readonly key: Tensor;
  /** Tables as `rotary` has them: [T, n], or [B, T, n]. */
  readonly cos: Tensor;
  readonly sin: Tensor;
  /** Values [B, T, G, d_v], and where they go together with the keys. */
  readonly stored: (CacheRows & { readonly value: Tensor }) | undefined;
}

export interface TurnHeadsAttributes extends Pick<RotaryAttributes, 'pairs'> {
  /** The first row of the cache for each entry of the batch. */
  readonly starts: () => readonly number[];
}

const kernel = 'TfmTurnHeads';

/**
 * Queries and keys turned by one kernel, which writes keys and values into the cache, too; `undefined` where it
 * cannot have so many tensors. On WebGPU. Not differentiable.
 */
export function turnHeads(heads: HeadsToTurn): { readonly query: Tensor; readonly key: Tensor } | undefined {
  const { query, key, cos, sin, pairs, stored } = heads;
  const results = 2;
  const operands = [query, key, cos, sin, stored?.value, stored?.keys.tensor, stored?.values.tensor];
  const starts = stored ? 1 : 0;
  const count = operands.filter((operand) => operand !== undefined).length + results + starts;
  if (count > mostTensors() || query.size === 0 || key.size === 0) return undefined;
  const attributes: TurnHeadsAttributes = { pairs, starts: stored?.starts ?? (() => []) };
  const [turnedQuery, turnedKey] = runKernels(kernel, operands, attributes) as [Tensor, Tensor];
  return { query: turnedQuery, key: turnedKey };
}
