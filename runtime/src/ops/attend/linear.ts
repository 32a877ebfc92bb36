import type { Formula } from '../../formula/formula.js';

/** head · h + query · q + key · k + constant */
export interface Linear {
  readonly head: number;
  readonly query: number;
  readonly key: number;
  readonly constant: number;
}

const zero: Linear = { head: 0, query: 0, key: 0, constant: 0 };

/** The linear form that a formula is, if it is one. */
export function linear(of: Formula): Linear | undefined {
  if (of.kind === 'constant') return typeof of.value === 'number' ? { ...zero, constant: of.value } : undefined;
  if (of.kind === 'axis') return { ...zero, [of.axis]: 1 };
  if (of.kind !== 'operator') return undefined;
  const [a, b] = of.operands.map(linear);
  if (of.operator === 'negate') return a && plus(zero, a, -1);
  if (!a || !b) return undefined;
  if (of.operator === 'add') return plus(a, b, 1);
  if (of.operator === 'subtract') return plus(a, b, -1);
  if (of.operator !== 'multiply') return undefined;
  if (isNumber(a)) return plus(zero, b, a.constant);
  return isNumber(b) ? plus(zero, a, b.constant) : undefined;
}

function isNumber({ head, query, key }: Linear): boolean {
  return head === 0 && query === 0 && key === 0;
}

/** a + factor · b */
export function plus(a: Linear, b: Linear, factor: number): Linear {
  return {
    head: a.head + factor * b.head,
    query: a.query + factor * b.query,
    key: a.key + factor * b.key,
    constant: a.constant + factor * b.constant,
  };
}
