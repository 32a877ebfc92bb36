import { int, text, type Value } from '../builder.js';
import type { OperatorContext } from '../context.js';
import type { OnnxAttribute } from '../model.js';
import type { Ops } from '../ops.js';
import { quotient, type Size, sameSize } from '../sizes.js';
import type { Lower } from './index.js';
import { lastRows } from './rows.js';
import { partOf, recurrence } from './scan.js';

/** A gated recurrence: its operator in ONNX, and one step of it. */
interface Cell {
  readonly operator: 'GRU' | 'LSTM';
  readonly states: number;
  /** ONNX's gates by their places in PyTorch's order, which is that of the weights. */
  readonly gates: readonly number[];
  readonly attributes: Readonly<Record<string, OnnxAttribute>>;
  /** The next states, from the input's part of the gates. */
  readonly step: (context: OperatorContext, fromInput: Value, states: readonly Value[]) => readonly Value[];
}

/** ONNX: update, reset, new; PyTorch: reset, update, new, the reset gate on the product. */
const gru: Cell = {
  operator: 'GRU',
  states: 1,
  gates: [1, 0, 2],
  attributes: { linear_before_reset: int(1) },
  step: gruStep,
};

/** ONNX: input, output, forget, cell; PyTorch: input, forget, cell, output. */
const lstm: Cell = { operator: 'LSTM', states: 2, gates: [0, 3, 1, 2], attributes: {}, step: lstmStep };

export const recurrent = {
  gru: (context) => lowerLayer(context, gru),
  lstm: (context) => lowerLayer(context, lstm),
  gru_cell: (context) => lowerCell(context, gru)[0]!,
  lstm_cell: (context) => lowerCell(context, lstm),
} satisfies Record<string, Lower>;

/** One step: x [B, in] and the states [B, h] → the next states. */
function lowerCell(context: OperatorContext, cell: Cell): readonly Value[] {
  const [x, ...states] = context.floats;
  return cell.step(context, gatesOf(context, 'input', x!), states);
}

/** A whole sequence: x [B, T, in] → [B, T, h]. */
function lowerLayer(context: OperatorContext, cell: Cell): Value {
  const { node, builder, pass } = context;
  const x = context.floats[0]!;
  const shape = [x.shape[0]!, context.needed('hidden.weight').shape[1]!];
  const grows = node.state !== undefined;
  const paths = Array.from({ length: cell.states }, (_, i) => grows && partOf(context.statePath, i, cell.states));
  const before = paths.flatMap((path) => (path && pass.pastState(builder, path, { type: 'float', shape })) || []);
  const mask = context.input(1);
  const { rows, last } = mask ? masked(context, cell, x, mask, before) : layer(context, cell, x, before);
  paths.forEach((path, i) => {
    if (path) pass.present(path, last[i]!);
  });
  return rows;
}

interface Layer {
  /** The first state after each row: [B, T, h]. */
  readonly rows: Value;
  /** The states after the last: [B, h]. */
  readonly last: readonly Value[];
}

/** `GRU`, `LSTM`, which have the sequence in front of the batch, and an axis of directions. */
function layer(context: OperatorContext, cell: Cell, x: Value, before: readonly Value[]): Layer {
  const { builder, ops } = context;
  const [batch = 1, length = 1] = x.shape;
  const width = context.needed('hidden.weight').shape[1]!;
  const states = Array.from({ length: cell.states }, (_, i) => before[i] && ops.unsqueeze(before[i], [0]));
  const state = { type: 'float', shape: [1, batch, width] } as const;
  const all = { type: 'float', shape: [length, 1, batch, width] } as const;
  const weights = [matrices(context, cell, 'input.weight'), matrices(context, cell, 'hidden.weight')];
  const inputs = [ops.transpose(x, [1, 0, 2]), ...weights, biases(context, cell), undefined, ...states];
  const [rows, ...last] = builder.nodes(cell.operator, inputs, [all, ...states.map(() => state)], {
    hidden_size: int(Number(width)),
    ...(context.flag('reverse') && { direction: text('reverse') }),
    ...cell.attributes,
  });
  return {
    rows: ops.transpose(ops.squeeze(rows!, [1]), [1, 0, 2]),
    last: last.map((value) => withoutRows(context, ops.squeeze(value, [0]), length)),
  };
}

/** ONNX says nothing of the last state of no rows at all (ONNX Runtime leaves what was in memory): it is the first, zeros. */
function withoutRows({ ops, pass }: OperatorContext, state: Value, length: Size): Value {
  if (!pass.mayBeEmpty(length)) return state;
  const isEmpty = ops.compare('Equal', ops.size(length), ops.scalar(0, 'int64'));
  return ops.where(isEmpty, ops.scalar(0), state);
}

/** Gate matrices, or biases, in ONNX's order: [gates · h, ..]. */
function inOrder({ ops }: OperatorContext, { gates }: Cell, weight: Value): Value {
  const width = Number(weight.shape[0]) / gates.length;
  const parts = ops.split(
    weight,
    0,
    gates.map(() => width),
  );
  return ops.concat(
    gates.map((gate) => parts[gate]!),
    0,
  );
}

/** The gate matrices of one direction: [1, gates · h, ..]. */
function matrices(context: OperatorContext, cell: Cell, role: string): Value {
  const weight = context.needed(role);
  return context.builder.constantOnce(`${cell.operator} ${weight.name}`, () =>
    context.ops.unsqueeze(inOrder(context, cell, weight), [0]),
  );
}

/** Both biases, one behind the other: [1, 2 · gates · h]. */
function biases(context: OperatorContext, cell: Cell): Value {
  const both = [context.needed('input.bias'), context.needed('hidden.bias')];
  return context.builder.constantOnce(`${cell.operator} ${both.map(({ name }) => name).join()}`, () => {
    const ordered = both.map((bias) => inOrder(context, cell, bias));
    return context.ops.unsqueeze(context.ops.concat(ordered, 0), [0]);
  });
}

/** Row by row, in the open: padding leaves the states as they are. */
function masked(context: OperatorContext, cell: Cell, x: Value, mask: Value, before: readonly Value[]): Layer {
  const { builder, ops, node, pass } = context;
  const [batch = 1, length = 1] = x.shape;
  const zeros = (): Value => ops.expand(ops.scalar(0), [batch, context.needed('hidden.weight').shape[1]!]);
  const real = sameSize(mask.shape[1]!, length) ? mask : lastRows(ops, mask, length);
  const { emitted, last } = recurrence(builder, {
    path: node.label ?? node.operator,
    states: Array.from({ length: cell.states }, (_, i) => before[i] ?? zeros()),
    sequences: [gatesOf(context, 'input', x), ops.cast(real, 'bool')],
    reverse: context.flag('reverse'),
    mayBeEmpty: pass.mayBeEmpty(length),
    body: (states, [row, present]) => {
      const isReal = ops.unsqueeze(present!, [1]);
      const next = cell.step(context, row!, states).map((state, i) => ops.where(isReal, state, states[i]!));
      return { next, emit: next[0]! };
    },
  });
  return { rows: emitted, last };
}

/** x·Wᵀ + b, of all gates */
function gatesOf(context: OperatorContext, of: 'input' | 'hidden', x: Value): Value {
  const product = context.ops.matmul(x, context.needed(`${of}.weight`, true));
  return context.ops.add(product, context.needed(`${of}.bias`));
}

function gruStep(context: OperatorContext, fromInput: Value, states: readonly Value[]): Value[] {
  const { ops } = context;
  const [state] = states;
  const [ir, iz, inew] = parts(ops, fromInput, 3);
  const [hr, hz, hnew] = parts(ops, gatesOf(context, 'hidden', state!), 3);
  const reset = ops.unary('Sigmoid', ops.add(ir!, hr!));
  const update = ops.unary('Sigmoid', ops.add(iz!, hz!));
  const fresh = ops.unary('Tanh', ops.add(inew!, ops.multiply(reset, hnew!)));
  return [ops.add(fresh, ops.multiply(update, ops.subtract(state!, fresh)))];
}

function lstmStep(context: OperatorContext, fromInput: Value, states: readonly Value[]): Value[] {
  const { ops } = context;
  const [h, c] = states;
  const [input, forget, cell, output] = parts(ops, ops.add(fromInput, gatesOf(context, 'hidden', h!)), 4);
  const sigmoid = (gate: Value): Value => ops.unary('Sigmoid', gate);
  const fresh = ops.multiply(sigmoid(input!), ops.unary('Tanh', cell!));
  const next = ops.add(ops.multiply(sigmoid(forget!), c!), fresh);
  return [ops.multiply(sigmoid(output!), ops.unary('Tanh', next)), next];
}

/** The features in so many equal parts. */
function parts(ops: Ops, x: Value, count: number): Value[] {
  const width = quotient(x.shape.at(-1)!, count);
  return ops.split(x, -1, Array<Size>(count).fill(width));
}
