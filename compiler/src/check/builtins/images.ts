import { divide, multiply } from '../../algebra/construct.js';
import type { ValueType } from '../../graph/graph.js';
import { checkSize } from '../sizes.js';
import { failed, type TensorValue } from '../values.js';
import { type Builtin, positional, type Use } from './builtin.js';

/** Non-overlapping squares of an image, each a row of features in the order (y x channel) (Dosovitskiy et al. 2021). */
const patches: Builtin = {
  name: 'patches',
  floats: true,
  operands: 1,
  parameters: positional('size'),
  run: (use) => {
    const x = imageOf(use);
    const size = use.size('size');
    if (!x || size === undefined) return failed;
    const [batch = 1, height = 1, width = 1, channels = 1] = x.type.shape;
    const rows = divide(height, size);
    const columns = divide(width, size);
    if (!checkSize(use.checker, rows, use.at) || !checkSize(use.checker, columns, use.at)) return failed;
    const length = multiply(rows, columns);
    const features = multiply(multiply(size, size), channels);
    return use.emit(
      'patches',
      [x],
      { dtype: 'float', shape: [batch, length, features] },
      {
        attributes: { size },
        segments: [{ length, grid: { rows, columns } }],
      },
    );
  },
};

/** An image as it is, or a sequence of patches on a grid as an image of them (the merging of Liu et al. 2021). */
function imageOf(use: Use): TensorValue | undefined {
  const [x] = use.operands;
  const [only, more] = x?.kind === 'tensor' ? (x.segments ?? []) : [];
  if (x?.kind !== 'tensor' || x.type.shape.length !== 3 || !only?.grid || more) {
    return use.stream(4, 'an image [B, height, width, channels] or a sequence on a grid');
  }
  const [batch = 1, , channels = 1] = x.type.shape;
  const { rows, columns } = only.grid;
  return use.reshaped(x, [batch, rows, columns, channels], [-1, rows, columns, channels]);
}

/** An image or a grid of another size: what is too much at the right and the bottom goes, what lacks there is zeros. */
const cropOrPad: Builtin = {
  name: 'crop_or_pad',
  floats: true,
  operands: 1,
  parameters: positional('rows', 'columns'),
  run: (use) => {
    const x = imageOf(use);
    const rows = use.size('rows');
    const columns = use.size('columns');
    if (!x || rows === undefined || columns === undefined) return failed;
    const [batch = 1, , , channels = 1] = x.type.shape;
    const type: ValueType = { dtype: 'float', shape: [batch, rows, columns, channels] };
    const image = use.emit('crop_or_pad', [x], type, { attributes: { rows, columns } });
    const [given] = use.operands;
    if (given?.kind !== 'tensor' || given.type.shape.length === 4) return image;
    const length = multiply(rows, columns);
    const sequence = use.reshaped(image, [batch, length, channels], [-1, length, channels]);
    return { ...sequence, segments: [{ length, grid: { rows, columns } }] };
  },
};

export const images: readonly Builtin[] = [patches, cropOrPad];
