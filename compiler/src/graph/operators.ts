import type { Expression } from './graph.js';

/** What every target must know of an operator: its weights by role, its attributes with their defaults. */
export interface OperatorSignature {
  /** Roles in the order of declaration; absent ones (`bias: false`) are left out of a node. */
  readonly weights: readonly string[];
  /** Attribute → default; `undefined` where the node must give it. */
  readonly attributes: Readonly<Record<string, Expression | undefined>>;
  /** Needs the caller's scope: positions, caches, dropout masks, recorded attention; `growing`: only where it `grows`. */
  readonly scope: boolean | 'growing';
}

const none: Expression = { kind: 'constant', name: 'none' };
const text = (value: string): Expression => ({ kind: 'string', value });

function operator(
  weights: readonly string[] = [],
  attributes: Readonly<Record<string, Expression | undefined>> = {},
  scope: boolean | 'growing' = false,
): OperatorSignature {
  return { weights, attributes, scope };
}

/**
 * Where a constant prefix stands before the generated rows (text before image tokens): the rows that a growing stream
 * has not been joined to yet. Positions of such a stream count its own rows alone.
 */
const behind = none;

const recurrent = ['input.weight', 'hidden.weight', 'input.bias', 'hidden.bias'] as const;

/** The operators of the graph. The runtime exports each under its name in camel case. */
export const operators = {
  linear: operator(['weight', 'bias'], { groups: 1 }),
  embedding: operator(['weight'], { scale: 1 }),
  unembed: operator(['weight']),
  layer_norm: operator(['weight', 'bias'], { eps: 1e-5 }),
  rms_norm: operator(['weight'], { eps: 1e-6 }),
  dropout: operator([], { rate: undefined }, true),

  relu: operator(),
  gelu: operator(),
  gelu_tanh: operator(),
  silu: operator(),
  sigmoid: operator(),
  tanh: operator(),
  elu: operator([], { alpha: 1 }),
  leaky_relu: operator([], { slope: 0.01 }),
  softplus: operator(),
  softmax: operator(),
  exp: operator(),
  log: operator(),
  sqrt: operator(),
  abs: operator(),
  unit: operator(),
  maxout: operator([], { pieces: undefined }),
  clamp: operator([], { low: undefined, high: undefined }),
  zero: operator(),

  add: operator(),
  subtract: operator(),
  multiply: operator(),
  divide: operator(),
  power: operator(),
  minimum: operator(),
  maximum: operator(),
  negate: operator(),
  equal: operator(),
  not_equal: operator(),
  less: operator(),
  less_equal: operator(),
  greater: operator(),
  greater_equal: operator(),
  and: operator(),
  or: operator(),
  not: operator(),
  where: operator(),
  /** A number as a value: an operand of arithmetic. */
  scalar: operator([], { value: undefined }),
  /** An elementwise function given as a formula. */
  apply: operator([], { formula: undefined }),

  /**
   * q, k, v, then sinks. `mask` and `score` are formulas. `query_grows`: only the queries do, and a formula reads their
   * positions.
   */
  attend: operator(
    [],
    { scale: none, mask: true, score: none, drop: 0, grows: false, query_grows: false, window: none, behind },
    true,
  ),
  split_heads: operator([], { heads: undefined }),
  join_heads: operator(),
  sinusoidal_positions: operator([], { layout: text('interleaved'), base: 10000, grows: false, behind }, true),
  learned_positions: operator(['weight'], { offset: 0, grows: false, behind }, true),
  axial_positions: operator(['rows', 'columns'], { grows: false, behind }, true),
  /** `frequency` is a function of `element` 0, the frequency, and maybe 1, the length of the sequence. */
  rotary: operator(
    [],
    {
      theta: 10000,
      share: 1,
      pairs: text('halves'),
      frequency: none,
      past: text('again'),
      grows: false,
      behind,
    },
    true,
  ),

  patches: operator([], { size: undefined }),
  crop_or_pad: operator([], { rows: undefined, columns: undefined }),
  resize: operator([], { rows: undefined, columns: undefined, how: text('bilinear'), from: none }, true),
  windows: operator([], { size: undefined, stride: 1, pad: 0 }),
  prepend: operator(),
  at: operator([], { index: undefined }),
  head: operator([], { count: undefined }),
  tail: operator([], { from: undefined }),
  split: operator([], { sizes: undefined }),
  concat: operator([], { axis: text('features'), grows: false }, 'growing'),
  mean: operator([], { axis: text('features'), keep: false }),
  sum: operator([], { axis: text('features'), keep: false }),
  argmax: operator([], { axis: text('features') }),
  top_values: operator([], { count: undefined }),
  in_top: operator([], { count: undefined }),
  running_sum: operator([], { start: 0 }),
  gather: operator([], { axis: text('sequence') }),
  matmul: operator(),
  transpose: operator(),
  reshape: operator([], { shape: undefined }),
  /** The i-th copy's result of a labelled repeat. */
  element: operator([], { index: undefined }),
  /** A raw weight as a value. */
  weight: operator(['weight']),

  gru: operator(recurrent, { reverse: false, grows: false }, true),
  lstm: operator(recurrent, { reverse: false, grows: false }, true),
  gru_cell: operator(recurrent),
  lstm_cell: operator(recurrent),
  /** The rows that score a generated part behind a constant prefix of `prefix` rows. */
  predict: operator([], { prefix: undefined, grows: false }, true),
  /**
   * Of growing rows those whose scores the pass wants: all of them, or in the prefill of a generation one of each sequence.
   * Lowering puts it in front of what only scores rows.
   */
  scored_rows: operator([], {}, true),
  /** Of an input: true where a row holds a real token or value. */
  present: operator([], { grows: false }, 'growing'),
} as const satisfies Record<string, OperatorSignature>;

export type OperatorName = keyof typeof operators;
