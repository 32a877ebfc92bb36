import { f } from '../../formula/builders.js';
import { type Formula, some } from '../../formula/formula.js';

/** Scores that a kernel knows: cap(scale · s) + bias, with cap(x) = c · tanh(x / c), or x where c is 0. */
export interface AdditiveScore {
  readonly scale: number;
  readonly cap: number;
  /** Reads neither s nor vectors. */
  readonly bias: Formula | undefined;
}

/** All score formulas, from left to right, in that form; `undefined` where they have another. */
export function additiveScore(formulas: readonly Formula[]): AdditiveScore | undefined {
  let score: AdditiveScore | undefined = { scale: 1, cap: 0, bias: undefined };
  for (const formula of formulas) score = score && applied(formula, score);
  return score;
}

/** `of`, with `s` standing for what `score` says. */
function applied(of: Formula, score: AdditiveScore): AdditiveScore | undefined {
  if (of.kind === 'score') return score;
  if (of.kind !== 'operator') return undefined;
  const [a, b] = of.operands;
  if (!a || !b) return undefined;
  const cap = capOf(of);
  if (cap) {
    const inner = applied(cap.of, score);
    return inner && !inner.bias && inner.cap === 0 ? { ...inner, cap: cap.at } : undefined;
  }
  const [first, other] = readsScore(a) ? [a, b] : [b, a];
  if (readsScore(other) || readsVector(other)) return undefined;
  const inner = applied(first, score);
  if (!inner) return undefined;
  if (of.operator === 'add') return withBias(inner, other);
  if (of.operator === 'subtract') return first === a ? withBias(inner, f.negate(other)) : undefined;
  const factor = factorOf(of, first === a, other);
  return factor !== undefined && !inner.bias && inner.cap === 0 ? { ...inner, scale: inner.scale * factor } : undefined;
}

/** c · tanh(x / c) */
function capOf({ operator, operands: [a, b] }: Formula & { readonly kind: 'operator' }) {
  if (operator !== 'multiply' || !a || !b) return undefined;
  const [outer, inner] = a.kind === 'constant' ? [a, b] : [b, a];
  if (outer.kind !== 'constant' || inner.kind !== 'operator' || inner.operator !== 'tanh') return undefined;
  const [quotient] = inner.operands;
  if (quotient?.kind !== 'operator' || quotient.operator !== 'divide') return undefined;
  const [of, divisor] = quotient.operands;
  const at = Number(outer.value);
  const fits = of && divisor?.kind === 'constant' && Number(divisor.value) === at && at > 0;
  return fits && readsScore(of) ? { of, at } : undefined;
}

function factorOf({ operator }: Formula & { readonly kind: 'operator' }, scoreIsFirst: boolean, by: Formula) {
  if (by.kind !== 'constant') return undefined;
  if (operator === 'multiply') return Number(by.value);
  return operator === 'divide' && scoreIsFirst ? 1 / Number(by.value) : undefined;
}

function withBias(score: AdditiveScore, bias: Formula): AdditiveScore {
  return { ...score, bias: score.bias ? f.add(score.bias, bias) : bias };
}

function readsScore(of: Formula): boolean {
  return some(of, (part) => part.kind === 'score');
}

export function readsVector(of: Formula): boolean {
  return some(of, (part) => part.kind === 'vector');
}
