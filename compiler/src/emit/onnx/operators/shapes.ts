import { call } from '../../../algebra/index.js';
import type { Value } from '../builder.js';
import type { OperatorContext } from '../context.js';
import { canonical, difference, known, product, quotient, type Shape, sameShape, sameSize, sum } from '../sizes.js';
import type { Lower } from './index.js';
import { lowerResize } from './resize.js';

export const shapes = {
  split_heads: lowerSplitHeads,
  join_heads: ({ ops, inputs }) => {
    const { shape } = inputs[0]!;
    return ops.reshape(inputs[0]!, [...shape.slice(0, -2), product(...shape.slice(-2))]);
  },
  patches: lowerPatches,
  crop_or_pad: lowerCropOrPad,
  resize: lowerResize,
  windows: lowerWindows,
  transpose: ({ ops, inputs }) => {
    const axes = inputs[0]!.shape.map((_, axis) => axis);
    return ops.transpose(inputs[0]!, [...axes.slice(0, -2), ...axes.slice(-2).reverse()]);
  },
  reshape: lowerReshape,
  matmul: ({ ops, floats }) => ops.matmul(floats[0]!, floats[1]!),
} satisfies Record<string, Lower>;

/** [.., heads · d] → [.., heads, d] */
function lowerSplitHeads(context: OperatorContext): Value {
  const [x] = context.inputs;
  const heads = context.size('heads');
  return context.ops.reshape(x!, [...x!.shape.slice(0, -1), heads, quotient(x!.shape.at(-1)!, heads)]);
}

/**
 * [B, Y, X, C] → [B, Y / size, size, X / size, size · C], the lines of a patch one under the other, and these as one row:
 * [B, (Y / size)(X / size), size · size · C].
 */
function lowerPatches(context: OperatorContext): Value {
  const { ops } = context;
  const [image] = context.floats;
  const side = context.size('size');
  const [batch = 1, height = 1, width = 1, channels = 1] = image!.shape;
  const [rows, columns] = [quotient(height, side), quotient(width, side)];
  const lines = ops.reshape(image!, [batch, rows, side, columns, product(side, channels)]);
  const patches = ops.transpose(lines, [0, 1, 3, 2, 4]);
  return ops.reshape(patches, [batch, product(rows, columns), product(side, side, channels)]);
}

/** Zeros behind the rows and columns, as many as may lack; then those that are wanted: [B, rows, columns, C]. */
function lowerCropOrPad(context: OperatorContext): Value {
  const { builder, ops } = context;
  const [image] = context.floats;
  const [batch = 1, height = 1, width = 1, channels = 1] = image!.shape;
  const wanted = [context.size('rows'), context.size('columns')];
  const lacking = [height, width].map((size, i) => {
    if (sameSize(size, wanted[i]!)) return 0;
    return known([size, wanted[i]!]) ? Math.max(0, Number(wanted[i]) - Number(size)) : wanted[i]!;
  });
  const filled: Shape = [batch, sum(height, lacking[0]!), sum(width, lacking[1]!), channels];
  const around = (): Value => ops.sizes([0, 0, 0, 0, 0, ...lacking, 0]);
  const padded = sameShape(filled, image!.shape)
    ? image!
    : builder.node('Pad', [image!, around()], { type: 'float', shape: filled });
  const shape: Shape = [batch, ...wanted, channels];
  if (sameShape(filled, shape)) return padded;
  const inputs = [padded, ops.vector([0, 0]), ops.sizes(wanted), ops.vector([1, 2])];
  return builder.node('Slice', inputs, { type: 'float', shape });
}

/** The rows at one place of every window are a slice with steps; places stand side by side: [B, windows, size · C]. */
function lowerWindows(context: OperatorContext): Value {
  const { builder, ops } = context;
  const [x] = context.floats;
  const [size, stride, pad] = ['size', 'stride', 'pad'].map((name) => context.number(name)) as [number, number, number];
  const [batch = 1, length = 1, features = 1] = x!.shape;
  const rest = difference(sum(length, 2 * pad), size);
  const made = stride === 1 ? sum(rest, 1) : sum(canonical(call('floor', quotient(rest, stride))), 1);
  const around = ops.vector([0, pad, 0, 0, pad, 0]);
  const padded =
    pad === 0
      ? x!
      : builder.node('Pad', [x!, around], { type: 'float', shape: [batch, sum(length, 2 * pad), features] });
  const places = Array.from({ length: size }, (_, place) => {
    const end = ops.sizes([sum(rest, place + 1)]);
    const inputs = [padded, ops.vector([place]), end, ops.vector([1]), ops.vector([stride])];
    return builder.node('Slice', inputs, { type: 'float', shape: [batch, made, features] });
  });
  return ops.concat(places, -1);
}

/** Another shape of as many elements; −1 is what is left over. */
function lowerReshape(context: OperatorContext): Value {
  const { ops } = context;
  const [x] = context.inputs;
  const sizes = context.sizes('shape');
  const rest = quotient(product(...x!.shape), product(...sizes.filter((size) => size !== -1)));
  const shape: Shape = sizes.map((size) => (size === -1 ? rest : size));
  return ops.reshape(x!, shape);
}
