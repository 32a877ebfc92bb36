import type { GraphModel, ValueType } from '../graph/graph.js';
import { bytesPerElement, elements } from './costs.js';
import { type Configuration, type Dimensions, modelScope, type Scope, sizeIn } from './scope.js';
import { shapeOf } from './walk.js';
import { copies } from './weights.js';

/** What generation keeps between its steps, in bytes, for the batch of the given dimensions. */
export interface CacheSize {
  /** Keys and values that one more token adds, where no window is full yet. */
  readonly perToken: number;
  /** Rows that there is room for. */
  readonly capacity: number;
  /** Keys and values at full capacity, recurrent state and kept constants. */
  readonly bytes: number;
}

/** The size of the state of `generate`; undefined where a model does not generate. */
export function cacheSize(
  model: GraphModel,
  configuration: Configuration,
  dimensions: Dimensions,
): CacheSize | undefined {
  const { generate } = model;
  if (!generate) return undefined;
  const scope = modelScope(model, configuration);
  const given = dimensions.get(generate.dimension) ?? 0;
  const capacity = generate.capacity === undefined ? given : sizeIn(generate.capacity, scope, dimensions);
  let perToken = 0;
  let bytes = 0;
  for (const state of generate.state) {
    for (const copy of copies(state, scope)) {
      const rows = state.window === undefined ? capacity : Math.min(capacity, sizeIn(state.window, copy, dimensions));
      const at = (count: number): number => bytesAt(state.types, copy, dimensions, generate.dimension, count);
      perToken += at(2) - at(1);
      bytes += at(rows);
    }
  }
  return { perToken, capacity, bytes };
}

function bytesAt(
  types: readonly ValueType[],
  scope: Scope,
  dimensions: Dimensions,
  growing: string,
  rows: number,
): number {
  const sizes = new Map([...dimensions, [growing, rows]]);
  return types.reduce((sum, type) => sum + bytesPerElement(type) * elements(shapeOf({ type, scope }, sizes)), 0);
}
