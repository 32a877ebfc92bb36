import type { OperatorName } from '../../../graph/operators.js';
import type { Made, OperatorContext } from '../context.js';
import { activations } from './activations.js';
import { apply } from './apply.js';
import { arithmetic } from './arithmetic.js';
import { attend } from './attend.js';
import { linear } from './linear.js';
import { norms } from './norms.js';
import { positions } from './positions.js';
import { recurrent } from './recurrent.js';
import { reduce } from './reduce.js';
import { rotary } from './rotary.js';
import { sequence } from './sequence.js';
import { shapes } from './shapes.js';
import { top } from './top.js';

/** The ONNX nodes of one operator of the graph. Operators with several results give a list. */
export type Lower = (context: OperatorContext) => Made;

export const lowerings: Readonly<Partial<Record<string, Lower>>> = {
  ...activations,
  ...apply,
  ...arithmetic,
  ...attend,
  ...linear,
  ...norms,
  ...positions,
  ...recurrent,
  ...reduce,
  ...rotary,
  ...sequence,
  ...shapes,
  ...top,
} satisfies Partial<Record<OperatorName, Lower>>;
