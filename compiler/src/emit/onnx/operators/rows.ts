import { freeNames } from '../../../algebra/index.js';
import type { Value } from '../builder.js';
import type { OperatorContext } from '../context.js';
import type { Ops } from '../ops.js';
import { difference, type Size } from '../sizes.js';

/**
 * Operands row by row. In a decode step the presence of a growing input comes in for all rows so far, everything else is
 * there for the new rows, which are the last of them.
 */
export function sameRows({ ops, pass }: OperatorContext, values: readonly Value[]): readonly Value[] {
  if (!pass.continues) return values;
  const rows = values.find((value) => value.shape.length > 1 && value.shape[1] !== 1 && !ofAllRows(value))?.shape[1];
  if (rows === undefined) return values;
  return values.map((value) => (ofAllRows(value) ? lastRows(ops, value, rows) : value));
}

/** The last rows of the sequence, as many as said. */
export function lastRows(ops: Ops, x: Value, count: Size): Value {
  return ops.part(x, 1, difference(x.shape[1]!, count), count);
}

/** Whether a value has the rows of earlier passes before the new ones. */
function ofAllRows({ shape }: Value): boolean {
  return freeNames(shape[1] ?? 1).dimensions.has('past');
}
