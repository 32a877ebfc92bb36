import type { Tensor } from '@tensorflow/tfjs';

/** The operators of a formula, as in the compiler's graph, in camel case. */
export type FormulaOperator =
  | 'add'
  | 'subtract'
  | 'multiply'
  | 'divide'
  | 'modulo'
  | 'power'
  | 'negate'
  | 'equal'
  | 'notEqual'
  | 'less'
  | 'lessEqual'
  | 'greater'
  | 'greaterEqual'
  | 'and'
  | 'or'
  | 'not'
  | 'if'
  | 'floor'
  | 'ceil'
  | 'round'
  | 'sqrt'
  | 'exp'
  | 'log'
  | 'log2'
  | 'abs'
  | 'sign'
  | 'sin'
  | 'cos'
  | 'tanh'
  | 'sigmoid'
  | 'relu'
  | 'leakyRelu'
  | 'minimum'
  | 'maximum'
  | 'clamp'
  | 'dot';

/**
 * A mask, a score or an elementwise function as data: a value for each (head, query, key), or for each element. One
 * tree for every evaluator: plain numbers, tensors, kernels.
 */
export type Formula =
  | { readonly kind: 'constant'; readonly value: number | boolean }
  /** Index of the query's head, absolute position of the query or of the key. */
  | { readonly kind: 'axis'; readonly axis: 'head' | 'query' | 'key' }
  /** The score so far. */
  | { readonly kind: 'score' }
  /** The vector of the query or of the key, d_k numbers. */
  | { readonly kind: 'vector'; readonly of: 'query' | 'key' }
  /** Argument `index` of an elementwise function. */
  | { readonly kind: 'element'; readonly index: number }
  /**
   * An element of a tensor, or, with one index fewer than axes, a vector of it. `batched`: the first axis is the batch
   * and is not among the indices. An index outside the tensor reads the nearest element: it can only stand where the mask hides it.
   */
  | {
      readonly kind: 'lookup';
      readonly tensor: Tensor;
      readonly batched: boolean;
      readonly indices: readonly Formula[];
    }
  | { readonly kind: 'operator'; readonly operator: FormulaOperator; readonly operands: readonly Formula[] };

/** What builders take where they want a formula. */
export type FormulaLike = Formula | number | boolean;

export function formula(value: FormulaLike): Formula {
  return typeof value === 'object' ? value : { kind: 'constant', value };
}

/** The formulas directly inside. */
export function parts(of: Formula): readonly Formula[] {
  if (of.kind === 'operator') return of.operands;
  return of.kind === 'lookup' ? of.indices : [];
}

/** Whether a leaf or node of the tree fulfils a condition. */
export function some(of: Formula, test: (part: Formula) => boolean): boolean {
  return test(of) || parts(of).some((part) => some(part, test));
}

/** Known from positions alone: no tensor, no score, no vector. */
export function isStatic(of: Formula): boolean {
  return !some(of, (part) => part.kind !== 'constant' && part.kind !== 'axis' && part.kind !== 'operator');
}

export function usesAnyAxis(of: Formula): boolean {
  return some(of, (part) => part.kind === 'axis');
}

export function usesAxis(of: Formula, axis: 'head' | 'query' | 'key'): boolean {
  return some(of, (part) => part.kind === 'axis' && part.axis === axis);
}

const keys = new WeakMap<Formula, string>();

/** A text that is equal for equal formulas: structure, constants, and the identity of tensors. */
export function formulaKey(of: Formula): string {
  const known = keys.get(of);
  if (known !== undefined) return known;
  const key = makeKey(of);
  keys.set(of, key);
  return key;
}

function makeKey(of: Formula): string {
  switch (of.kind) {
    case 'constant':
      return String(of.value);
    case 'axis':
      return of.axis;
    case 'score':
      return 's';
    case 'vector':
      return `${of.of}[]`;
    case 'element':
      return `#${of.index}`;
    case 'lookup':
      return `@${of.tensor.id}${of.batched ? 'b' : ''}[${of.indices.map(formulaKey).join()}]`;
    case 'operator':
      return `${of.operator}(${of.operands.map(formulaKey).join()})`;
  }
}
