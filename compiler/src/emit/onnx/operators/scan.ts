import type { ScanNode, ValueId } from '../../../graph/graph.js';
import type { Builder, Value } from '../builder.js';
import type { Made } from '../context.js';
import type { Pass } from '../state.js';

/** What the lowering of a `scan` reads. */
export interface ScanAround {
  readonly node: ScanNode;
  readonly builder: Builder;
  readonly pass: Pass;
  /** `decoder` */
  readonly path: string;
  readonly statePath: string;
  /** Values in reach of the scan's body. */
  readonly values: ReadonlyMap<ValueId, Made>;
  readonly read: (id: ValueId) => Value;
  /** Builds the body's nodes in the current graph, given its parameters beside the values around. */
  readonly run: (values: ReadonlyMap<ValueId, Made>) => readonly Value[];
}

export function lowerScan(around: ScanAround): readonly Value[] {
  throw new Error(`not lowered yet: ${around.path}`);
}
