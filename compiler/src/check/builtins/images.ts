import { divide, list, multiply } from '../../algebra/construct.js';
import type { Expression, ValueType } from '../../graph/graph.js';
import { agree, checkSize, lastSize } from '../sizes.js';
import { failed, scalar, type TensorValue } from '../values.js';
import { attributes, type Builtin, named, positional, type Use } from './builtin.js';

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

/** A grid of vectors with another number of rows and columns, its numbers between those that are there. */
const resize: Builtin = {
  name: 'resize',
  floats: true,
  operands: 1,
  parameters: [
    ...positional('rows', 'columns'),
    { name: 'how', named: true, words: ['bilinear', 'bicubic'] },
    ...named('from'),
  ],
  run: (use) => {
    const x = use.stream(2, 'an image, a sequence on a grid or a table of weights');
    const rows = use.size('rows');
    const columns = use.size('columns');
    const how = use.word('how', 'bilinear');
    const from = x && sourceOf(use, x);
    if (!x || rows === undefined || columns === undefined || how === undefined || !from) return failed;
    const { shape } = x.type;
    const grid = from === 'image' ? [rows, columns] : [multiply(rows, columns)];
    const type: ValueType = { dtype: 'float', shape: [...shape.slice(0, -1 - grid.length), ...grid, lastSize(x.type)] };
    const given = {
      how: { kind: 'string', value: how },
      ...(from !== 'image' && { from: list(from) }),
    } as const;
    const bilinear = { kind: 'string', value: 'bilinear' } as const;
    const resized = use.emit('resize', [x], type, {
      attributes: { rows, columns, ...attributes(given, { how: bilinear }) },
    });
    if (from === 'image') return resized;
    return { ...resized, segments: [{ length: multiply(rows, columns), grid: { rows, columns } }] };
  },
};

/** Rows and columns of what is resized: an image has them as axes, a sequence may lie on them, of a table `from` tells them. */
function sourceOf(use: Use, x: TensorValue): readonly [rows: Expression, columns: Expression] | 'image' | undefined {
  const [only, more] = x.segments ?? [];
  const told = use.given.get('from');
  const { shape } = x.type;
  if (!told && shape.length === 4) return 'image';
  if (!told && only?.grid && !more) return [only.grid.rows, only.grid.columns];
  if (!told) {
    use.checker.report('missing_argument', use.at, { callee: 'resize', name: 'from' });
    return undefined;
  }
  const sizes = told.value.kind === 'scalar' ? told.value.expression : undefined;
  if (typeof sizes !== 'object' || sizes.kind !== 'list' || sizes.items.length !== 2)
    return use.wrong(told, 'a list of two sizes, rows and columns');
  const [rows, columns] = sizes.items.flatMap((item) => use.asSize({ value: scalar(item), at: told.at }) ?? []);
  if (rows === undefined || columns === undefined) return undefined;
  const length = shape.at(-2) ?? 1;
  if (agree(use.checker, multiply(rows, columns), length, told.at)) return [rows, columns];
  use.checker.report('dimension_mismatch', told.at, {
    name: 'the number of rows of the table',
    expected: use.checker.showSize(length),
    found: `${use.checker.showSize(rows)} · ${use.checker.showSize(columns)}`,
    fix: 'say `from` of which rows and columns the table is',
  });
  return undefined;
}

export const images: readonly Builtin[] = [patches, cropOrPad, resize];
