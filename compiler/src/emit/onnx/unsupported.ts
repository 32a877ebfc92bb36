import type { Place } from '../../graph/graph.js';

/** A construct of the spec that ONNX, or the operator set that was asked for, cannot say. */
export class Unsupported extends Error {
  /** In the user's words: `a size that depends on a condition`. */
  readonly construct: string;
  readonly place: Place | undefined;

  constructor(construct: string, place?: Place) {
    super(construct);
    this.construct = construct;
    this.place = place;
  }
}
