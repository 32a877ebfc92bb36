import type { Tensor } from '@tensorflow/tfjs';
import { type Formula, some } from './formula.js';

/** The tensors that formulas look up, each once, in the order of their first use. */
export function tensorsOf(formulas: readonly Formula[]): Tensor[] {
  const found = new Set<Tensor>();
  for (const each of formulas)
    some(each, (part) => {
      if (part.kind === 'lookup') found.add(part.tensor);
      return false;
    });
  return [...found];
}

export function hasTensors(of: Formula): boolean {
  return some(of, (part) => part.kind === 'lookup');
}

/** A formula that looks up other tensors in the place of its own. */
export function withTensors(of: Formula, replaced: ReadonlyMap<Tensor, Tensor>): Formula {
  if (of.kind === 'operator') return { ...of, operands: of.operands.map((operand) => withTensors(operand, replaced)) };
  if (of.kind !== 'lookup') return of;
  const indices = of.indices.map((index) => withTensors(index, replaced));
  return { ...of, indices, tensor: replaced.get(of.tensor) ?? of.tensor };
}
