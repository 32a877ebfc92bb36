import type { Tensor } from '@tensorflow/tfjs';
import type { FormulaContext } from '../../formula/context.js';
import { makesVectors } from '../../formula/table-products.js';
import { composedAttention } from './composed.js';
import { type FusedAttention, fusedAttention, numbersOfPairs, partsFor } from './fused.js';
import type { Attention } from './problem.js';

/**
 * All queries together, as one kernel where the backend has it for such formulas and nobody wants to see the probabilities.
 * Kernels, forward and backward, know every mask that reads no vectors, and scores of the form cap(scale · s) + bias. Stock
 * operators compute the rest: scores that read the vectors of query or key, that multiply s by what is no constant, that
 * apply another function to it, or cap after something was added; attention without queries and keys; integers.
 */
export function attendAtOnce(of: Attention, context: FormulaContext): Tensor {
  const problem = forKernel(of, context);
  return (problem && fusedAttention(problem, context)) ?? composedAttention(of, context);
}

/** How many numbers the tensors have that need one for each pair of query and key, or for many of these pairs. */
export function numbersForPairs(
  of: Attention,
  context: FormulaContext,
): { readonly fused: boolean; readonly numbers: number } {
  const problem = forKernel(of, context);
  const parts = problem && partsFor(problem, context);
  if (!parts) return { fused: false, numbers: numbersOfComposition(of, context) };
  return {
    fused: true,
    numbers: numbersOfPairs(parts.mask, context) + (parts.bias ? numbersOfPairs(parts.bias, context) : 0),
  };
}

function numbersOfComposition({ query, scores }: Attention, context: FormulaContext): number {
  const { batch, heads, queries, keys } = context;
  const width = scores.some((score) => makesVectors(score, heads)) ? (query?.shape[3] ?? 1) : 1;
  return batch * heads * queries * keys * width;
}

function forKernel({ query, memory, ...of }: Attention, { scope }: FormulaContext): FusedAttention | undefined {
  const { key, value, headsFirst } = memory;
  return query && key && !scope?.recording ? { ...of, query, key, value, headsFirst } : undefined;
}
