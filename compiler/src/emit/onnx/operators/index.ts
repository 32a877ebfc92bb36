import type { OperatorName } from '../../../graph/operators.js';
import type { Made, OperatorContext } from '../context.js';
import { activations } from './activations.js';
import { arithmetic } from './arithmetic.js';
import { linear } from './linear.js';

/** The ONNX nodes of one operator of the graph. Operators with several results give a list. */
export type Lower = (context: OperatorContext) => Made;

export const lowerings: Readonly<Partial<Record<string, Lower>>> = {
  ...activations,
  ...arithmetic,
  ...linear,
} satisfies Partial<Record<OperatorName, Lower>>;
