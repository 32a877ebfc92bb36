import type { Checker } from '../check/checker.js';
import type { At } from '../check/values.js';
import type { GraphModel, Place } from '../graph/graph.js';
import { deriveGeneration } from './generation.js';
import { reportUnused } from './unused.js';

/** What the passes behind the checker need of it: mistakes are reported at the user's text. */
export interface LowerContext {
  readonly checker: Checker;
  /** The text of a place of the graph; `undefined` in a file of the standard library. */
  readonly locate: (place: Place) => At | undefined;
  readonly model: At;
}

/** The passes over a checked model, in order. `undefined` where one found a mistake. */
export function lower(model: GraphModel, context: LowerContext): GraphModel | undefined {
  const unused = reportUnused(model, context);
  const made = model.generate ? deriveGeneration(model, model.generate, context) : model;
  return unused ? undefined : made;
}
