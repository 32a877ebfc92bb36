/**
 * The expressions of the graph: sizes and conditions of a configuration, masks, scores and functions. A part of the
 * contract in `graph.ts`.
 */

/** A value's name, unique in its function; made from the spec's labels and `let` names where there are any. */
export type ValueId = string;

/**
 * A number, boolean or list known when the configuration is known ("scalar"), or, in formulas, a value for each
 * (head, query, key). One tree for both: scalars have no leaf of the second kind.
 */
export type Expression =
  | number
  | boolean
  | { readonly kind: 'constant'; readonly name: 'pi' | 'infinity' | 'none' }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'parameter'; readonly name: string }
  | { readonly kind: 'dimension'; readonly name: string }
  /** A loop index, or a scalar parameter of the enclosing function or formula. */
  | { readonly kind: 'local'; readonly name: string }
  | { readonly kind: 'list'; readonly items: readonly Expression[] }
  | { readonly kind: 'operator'; readonly operator: Operator; readonly operands: readonly Expression[] }
  /** A call of a named formula of the model. */
  | { readonly kind: 'apply'; readonly formula: string; readonly arguments: readonly Expression[] }
  // leaves of formulas
  /** Index of the head (of the queries), absolute position of the query or of the key. */
  | { readonly kind: 'axis'; readonly axis: 'head' | 'query' | 'key' }
  /** The score so far: the scaled q·k, or the result of the score to the left. */
  | { readonly kind: 'score' }
  /** The query's or the key's vector (d_k numbers). */
  | { readonly kind: 'vector'; readonly of: 'query' | 'key' }
  /** The argument of an elementwise function (`apply` node), by position. */
  | { readonly kind: 'element'; readonly index: number }
  /** An element (or, with one index fewer than axes, a vector) of a value of the function: a table, an input, `present(x)`.
   *  `batched`: the value's first axis is the batch, which is not among the indices. */
  | {
      readonly kind: 'lookup';
      readonly value: ValueId;
      readonly batched: boolean;
      readonly indices: readonly Expression[];
    };

export type Operator =
  | 'add'
  | 'subtract'
  | 'multiply'
  /** Exact in sizes (a configuration where it is not whole is refused), real elsewhere. */
  | 'divide'
  | 'modulo'
  | 'power'
  | 'negate'
  | 'equal'
  | 'not_equal'
  | 'less'
  | 'less_equal'
  | 'greater'
  | 'greater_equal'
  | 'and'
  | 'or'
  | 'not'
  /** (condition, then, else) */
  | 'if'
  /** (list, index) */
  | 'index'
  | 'length'
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
  | 'leaky_relu'
  | 'minimum'
  | 'maximum'
  /** (x, low, high) */
  | 'clamp'
  /** (vector, vector) → number */
  | 'dot';

export interface FormulaDeclaration {
  readonly name: string;
  readonly kind: 'mask' | 'score' | 'function';
  readonly documentation?: string;
  /** The spec's own text of the definition, for comments. */
  readonly text: string;
  /** Scalar parameters (`local` leaves of the expression), and tables (`lookup` leaves name them). */
  readonly parameters: readonly { readonly name: string; readonly kind: 'scalar' | 'table' }[];
  readonly expression: Expression;
}
