import { int, type Value } from '../builder.js';
import { type Made, type OperatorContext, sequenceAxis } from '../context.js';
import { difference, type Size } from '../sizes.js';
import type { Lower } from './index.js';

export const sequence = {
  prepend: lowerPrepend,
  at: lowerAt,
  head: (context) => rowsOf(context, 0, context.size('count')),
  tail: (context) => rowsFrom(context, context.size('from')),
  split: (context) => context.ops.split(context.inputs[0]!, -1, context.sizes('sizes')),
  concat: lowerConcat,
  gather: lowerGather,
  element: lowerElement,
  predict: lowerPredict,
  scored_rows: ({ inputs }) => inputs[0]!, // a graph has the scores of all its rows
  present: ({ pass, inputs }) => pass.presenceOf(inputs[0]!),
  dropout: ({ inputs }) => inputs[0]!, // acts in training only
} satisfies Record<string, Lower>;

/** The rows w [n, width] in front of every sequence. */
function lowerPrepend({ ops, inputs, type }: OperatorContext): Value {
  const [x, w] = inputs;
  const [batch = 1] = x!.shape;
  const rows = ops.expand(ops.unsqueeze(ops.cast(w!, type), [0]), [batch, ...w!.shape]);
  return ops.concat([rows, ops.cast(x!, type)], 1);
}

function lowerAt(context: OperatorContext): Value {
  const { ops } = context;
  const [x] = context.inputs;
  return ops.gather(x!, ops.size(context.size('index')), sequenceAxis(x!));
}

function rowsOf({ ops, inputs }: OperatorContext, from: Size, count: Size): Value {
  return ops.part(inputs[0]!, sequenceAxis(inputs[0]!), from, count);
}

function rowsFrom(context: OperatorContext, from: Size): Value {
  const [x] = context.inputs;
  return rowsOf(context, from, difference(x!.shape[sequenceAxis(x!)]!, from));
}

/** Of a constant prefix and the generated rows, a later step has the latter. */
function lowerConcat(context: OperatorContext): Value {
  const { ops, inputs, pass, type } = context;
  const parts = context.flag('grows') && pass.continues ? inputs.slice(-1) : inputs;
  const axis = context.axisOf(parts[0]!);
  return ops.concat(
    parts.map((part) => ops.cast(stretched(ops, part, parts, axis), type)),
    axis,
  );
}

/** With axes of size 1 behind the sequence as long as in the other parts. */
function stretched(ops: OperatorContext['ops'], part: Value, parts: readonly Value[], along: number): Value {
  const shape = part.shape.map((size, axis) => {
    if (axis < 2 || axis === along || size !== 1) return size;
    return parts.map((other) => other.shape[axis]!).find((other) => other !== 1) ?? 1;
  });
  return shape.every((size, axis) => size === part.shape[axis]) ? part : ops.expand(part, shape);
}

/** For each sequence of the batch the row at its own index: x [B, T, ..], indices [B] → [B, ..]. */
function lowerGather({ ops, builder, inputs, type }: OperatorContext): Value {
  const [x, indices] = inputs;
  const places = ops.unsqueeze(ops.cast(indices!, 'int64'), [1]);
  const [batch = 1, , ...rest] = x!.shape;
  const rows = builder.node(
    'GatherND',
    [x, places],
    { type: x!.type, shape: [batch, ...rest] },
    { batch_dims: int(1) },
  );
  return ops.cast(rows, type);
}

/** The result of one copy of a repeat, negative from the end. */
function lowerElement(context: OperatorContext): Made {
  const list = context.made(context.node.inputs[0] ?? '');
  const index = context.number('index');
  const item = Array.isArray(list) ? (list as readonly Made[]).at(index) : undefined;
  if (item === undefined) throw new Error(`the graph reads copy ${index} of a repeat that has no such copy`);
  return item;
}

/** The rows from the one that scores the first generated token; in later steps all rows are such rows. */
function lowerPredict(context: OperatorContext): Value {
  if (context.flag('grows') && context.pass.continues) return context.inputs[0]!;
  return rowsFrom(context, difference(context.size('prefix'), 1));
}
