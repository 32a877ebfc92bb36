import type { Expression, ValueType } from '../graph/graph.js';
import type { OperatorName } from '../graph/operators.js';

/**
 * Floating-point operations, counted by these conventions:
 * - a matrix product [m, k] × [k, n] is 2·m·k·n (a multiply-add is two), a bias m·n more;
 * - an elementwise function is one for each element of its result, whatever the function; a formula, one for each operator in it;
 * - softmax is three for each element (exp, sum, divide), layer norm five (mean, subtract, square, sum, multiply), RMS norm
 *   three, the affine part of a norm one for each of weight and bias;
 * - attention is the full rectangle of queries and keys: 2·d_k for the score, one for the scale, one for a mask, three for the
 *   softmax, 2·d_v for the sum of values, for each head, query and key;
 * - look-ups, copies, slices and changes of shape are free; dropout, which inference leaves out, too.
 */
export interface CostContext {
  /** Rows that are computed now; for keys and values of attention all rows that are read. `[]` for an absent operand. */
  readonly inputs: readonly (readonly number[])[];
  readonly output: readonly number[];
  /** The shape of a weight, by role. */
  weight(role: string): readonly number[] | undefined;
  /** The attribute as the node gives it. */
  attribute(name: string): Expression | undefined;
  /** The number of operators in an elementwise function or in a score. */
  operations(expression: Expression): number;
}

type Cost = (context: CostContext) => number;

export const elements = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/** In memory: float32 and int32, a byte for a truth. */
export const bytesPerElement = ({ dtype }: ValueType): number => (dtype === 'bool' ? 1 : 4);

const free: Cost = () => 0;
const perElement =
  (count: number): Cost =>
  ({ output }) =>
    count * elements(output);
const perInput: Cost = ({ inputs }) => elements(inputs[0] ?? []);

const linear: Cost = (context) => {
  const [outputs = 0, fanIn = 0] = context.weight('weight') ?? [];
  const rows = elements(context.output) / Math.max(1, outputs);
  return 2 * rows * outputs * fanIn + (context.weight('bias') ? rows * outputs : 0);
};

const norm =
  (count: number): Cost =>
  (context) => {
    const affine = ['weight', 'bias'].filter((role) => context.weight(role)).length;
    return (count + affine) * elements(context.output);
  };

const embedding: Cost = ({ output, attribute }) => (attribute('scale') === undefined ? 0 : elements(output));

/** The number of scores: one for each head, query and key. */
export function attentionPairs({ inputs, output }: Pick<CostContext, 'inputs' | 'output'>): number {
  const values = inputs[2] ?? [];
  const keys = values.at(values.length >= 4 ? -3 : -2) ?? 0;
  return (elements(output) / Math.max(1, output.at(-1) ?? 1)) * keys;
}

const attend: Cost = (context) => {
  const { inputs, output, attribute } = context;
  const score = attribute('score');
  const scores = inputs[0]?.length ? 2 * (inputs[0].at(-1) ?? 0) + 1 : 0;
  const mask = attribute('mask') === undefined ? 0 : 1;
  const each = scores + mask + (score === undefined ? 0 : context.operations(score)) + 3 + 2 * (output.at(-1) ?? 0);
  return attentionPairs(context) * each;
};

/** A recurrent layer or cell: two products for each row, and some elementwise work for each of its gates. */
const recurrent =
  (elementwise: number): Cost =>
  (context) => {
    const [gates = 0, fanIn = 0] = context.weight('input.weight') ?? [];
    const hidden = context.weight('hidden.weight')?.[1] ?? 0;
    const biases = ['input.bias', 'hidden.bias'].filter((role) => context.weight(role)).length;
    const rows = elements(context.inputs[0] ?? []) / Math.max(1, fanIn);
    return rows * (2 * gates * (fanIn + hidden) + biases * gates + elementwise * hidden);
  };

/** Each number is the sum of 2 × 2 or 4 × 4 neighbours with their shares; a grid that has the size stays what it is. */
const resize: Cost = ({ inputs, output, attribute }) => {
  if (elements(inputs[0] ?? []) === elements(output)) return 0;
  const how = attribute('how');
  const across = typeof how === 'object' && how.kind === 'string' && how.value === 'bicubic' ? 4 : 2;
  return 2 * across ** 2 * elements(output);
};

const matmul: Cost = ({ inputs, output }) => 2 * elements(output) * (inputs[0]?.at(-1) ?? 0);

const apply: Cost = (context) => {
  const formula = context.attribute('formula');
  return elements(context.output) * (formula === undefined ? 1 : context.operations(formula));
};

/** FLOPs of one execution of each operator. */
export const costs: Readonly<Record<OperatorName, Cost>> = {
  linear,
  embedding,
  unembed: ({ inputs, output }) => 2 * elements(output) * (inputs[0]?.at(-1) ?? 0),
  layer_norm: norm(5),
  rms_norm: norm(3),
  dropout: free,
  ...fromNames(perElement(1), [
    ...(['relu', 'gelu', 'gelu_tanh', 'silu', 'sigmoid', 'tanh', 'elu', 'leaky_relu', 'softplus'] as const),
    ...(['exp', 'log', 'sqrt', 'abs', 'clamp', 'zero', 'add', 'subtract', 'multiply', 'divide', 'power'] as const),
    ...(['minimum', 'maximum', 'negate', 'equal', 'not_equal', 'less', 'less_equal', 'greater'] as const),
    ...(['greater_equal', 'and', 'or', 'not', 'where', 'sinusoidal_positions', 'learned_positions'] as const),
  ]),
  softmax: perElement(3),
  unit: perElement(3),
  maxout: perInput,
  scalar: free,
  apply,
  attend,
  split_heads: free,
  join_heads: free,
  axial_positions: perElement(2),
  /** Four products and two sums for each pair of features. */
  rotary: ({ output, attribute }) => {
    const share = attribute('share');
    return 3 * elements(output) * (typeof share === 'number' ? share : 1);
  },
  ...fromNames(perInput, ['mean', 'sum', 'argmax', 'running_sum', 'top_values', 'in_top']),
  ...fromNames(free, [
    'patches',
    'crop_or_pad',
    'windows',
    'prepend',
    'at',
    'head',
    'tail',
    'split',
    'concat',
    'gather',
    'transpose',
    'reshape',
  ]),
  ...fromNames(free, ['element', 'weight', 'predict', 'scored_rows', 'present']),
  matmul,
  resize,
  gru: recurrent(10),
  gru_cell: recurrent(10),
  lstm: recurrent(9),
  lstm_cell: recurrent(9),
};

/** Operators whose result is another view of their input's memory. */
export const views: ReadonlySet<string> = new Set([
  'split_heads',
  'join_heads',
  'reshape',
  'dropout',
  'element',
  'weight',
  'scalar',
  'scored_rows',
  'present',
]);

function fromNames<Name extends OperatorName>(cost: Cost, names: readonly Name[]): Record<Name, Cost> {
  return Object.fromEntries(names.map((name) => [name, cost])) as Record<Name, Cost>;
}
