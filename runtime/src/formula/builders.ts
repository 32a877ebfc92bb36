import type { Tensor } from '@tensorflow/tfjs';
import { type Formula, type FormulaLike, type FormulaOperator, formula } from './formula.js';

type Unary = (x: FormulaLike) => Formula;
type Binary = (a: FormulaLike, b: FormulaLike) => Formula;

function node(operator: FormulaOperator, operands: readonly FormulaLike[]): Formula {
  return { kind: 'operator', operator, operands: operands.map(formula) };
}

const unary =
  (operator: FormulaOperator): Unary =>
  (x) =>
    node(operator, [x]);
const binary =
  (operator: FormulaOperator): Binary =>
  (a, b) =>
    node(operator, [a, b]);

/** The leaves of masks and scores. */
export interface FormulaLeaves {
  /** Absolute position of the query. */
  readonly q: Formula;
  /** Absolute position of the key. */
  readonly k: Formula;
  /** Index of the query's head. */
  readonly head: Formula;
  /** The score so far. */
  readonly s: Formula;
  /** The query's and the key's vector. */
  readonly query: Formula;
  readonly key: Formula;
}

const leaves: FormulaLeaves = {
  q: { kind: 'axis', axis: 'query' },
  k: { kind: 'axis', axis: 'key' },
  head: { kind: 'axis', axis: 'head' },
  s: { kind: 'score' },
  query: { kind: 'vector', of: 'query' },
  key: { kind: 'vector', of: 'key' },
};

/** All operands must hold; `all` in no operand. */
function and(...operands: readonly FormulaLike[]): Formula {
  const real = operands.map(formula).filter((operand) => !(operand.kind === 'constant' && operand.value === true));
  const [first = formula(true), ...rest] = real;
  return rest.reduce((left, right) => node('and', [left, right]), first);
}

function or(...operands: readonly FormulaLike[]): Formula {
  const [first = false, ...rest] = operands;
  return rest.reduce<Formula>((left, right) => node('or', [left, right]), formula(first));
}

/** Builds formulas: masks `(head, q, k) → bool`, scores `s → s`, elementwise functions. */
export const f = {
  /** A mask from its leaves: `f.mask(({ q, k }) => f.lessEqual(k, q))`. */
  mask: (build: (leaves: FormulaLeaves) => FormulaLike): Formula => formula(build(leaves)),
  /** A score from its leaves: `f.score(({ s }) => f.multiply(limit, f.tanh(f.divide(s, limit))))`. */
  score: (build: (leaves: FormulaLeaves) => FormulaLike): Formula => formula(build(leaves)),
  /** Every key is seen. */
  all: formula(true),
  constant: formula,
  /** Argument `index` of an elementwise function. */
  element: (index: number): Formula => ({ kind: 'element', index }),
  /** An element of a tensor, or a vector with one index fewer than axes. */
  lookup: (
    tensor: Tensor,
    indices: readonly FormulaLike[],
    { batched = false }: { readonly batched?: boolean } = {},
  ): Formula => ({ kind: 'lookup', tensor, batched, indices: indices.map(formula) }),

  and,
  or,
  not: unary('not'),
  /** (condition, then, else) */
  if: (condition: FormulaLike, then: FormulaLike, otherwise: FormulaLike): Formula =>
    node('if', [condition, then, otherwise]),

  add: binary('add'),
  subtract: binary('subtract'),
  multiply: binary('multiply'),
  divide: binary('divide'),
  /** With the sign of the divisor: −1 modulo 4 is 3. */
  modulo: binary('modulo'),
  power: binary('power'),
  negate: unary('negate'),
  equal: binary('equal'),
  notEqual: binary('notEqual'),
  less: binary('less'),
  lessEqual: binary('lessEqual'),
  greater: binary('greater'),
  greaterEqual: binary('greaterEqual'),
  floor: unary('floor'),
  ceil: unary('ceil'),
  round: unary('round'),
  sqrt: unary('sqrt'),
  exp: unary('exp'),
  log: unary('log'),
  log2: unary('log2'),
  abs: unary('abs'),
  sign: unary('sign'),
  sin: unary('sin'),
  cos: unary('cos'),
  tanh: unary('tanh'),
  sigmoid: unary('sigmoid'),
  relu: unary('relu'),
  /** With slope 0.01, or the one given. */
  leakyRelu: (x: FormulaLike, slope: FormulaLike = 0.01): Formula => node('leakyRelu', [x, slope]),
  minimum: binary('minimum'),
  maximum: binary('maximum'),
  /** (x, low, high) */
  clamp: (x: FormulaLike, low: FormulaLike, high: FormulaLike): Formula => node('clamp', [x, low, high]),
  /** Of two vectors: a number. */
  dot: binary('dot'),
} as const;

/** A query sees its own position and those before it. */
export const causal: Formula = f.mask(({ q, k }) => f.lessEqual(k, q));
