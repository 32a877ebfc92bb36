import type { Value } from '../builder.js';
import type { OperatorContext } from '../context.js';
import type { Ops } from '../ops.js';
import { type Size, sameSize } from '../sizes.js';
import type { Lower } from './index.js';

export const positions = {
  sinusoidal_positions: lowerSinusoidal,
  learned_positions: lowerLearned,
  axial_positions: lowerAxial,
} satisfies Record<string, Lower>;

/** The position of the first row of a growing stream; 0 for one that does not grow. */
export function firstPosition(context: OperatorContext): Value | 0 {
  return context.flag('grows') ? context.position() : 0;
}

/** Equal for equal positions: rows begin at the same place, and there are as many. */
export function positionsKey(start: Value | 0, length: Size): string {
  return `${start === 0 ? 0 : start.name} ${JSON.stringify(length)}`;
}

/** position · frequency in double precision: far positions times frequencies lose too much in float. [T, n] */
export function angles(ops: Ops, start: Value | 0, length: Size, frequencies: readonly number[] | Value): Value {
  const numbers = ops.cast(ops.unsqueeze(ops.range(start, length), [1]), 'double');
  return ops.multiply(numbers, Array.isArray(frequencies) ? ops.vector(frequencies, 'double') : (frequencies as Value));
}

/**
 * x + PE with PE(p, 2i) = sin(p / base^(2i / width)), PE(p, 2i + 1) = cos(p / base^(2i / width)) (Vaswani et al. 2017,
 * section 3.5).
 */
function lowerSinusoidal(context: OperatorContext): Value {
  const { ops, builder } = context;
  const [x] = context.floats;
  const [length, width] = rowsOf(x!);
  const [layout, base] = [context.attribute('layout'), context.number('base')];
  const start = firstPosition(context);
  const key = `sinusoidal ${String(layout)} ${base} ${width} ${positionsKey(start, length)}`;
  const table = builder.once(key, () => {
    const sines = Math.ceil(width / 2);
    const frequencies = Array.from({ length: sines }, (_, pair) => base ** ((-2 * pair) / width));
    const angle = angles(ops, start, length, frequencies);
    const [sin, cos] = ['Sin', 'Cos'].map((wave) => ops.cast(ops.unary(wave, angle), 'float'));
    const both =
      layout === 'halves'
        ? ops.concat([sin!, cos!], 1)
        : ops.reshape(ops.concat([ops.unsqueeze(sin!, [2]), ops.unsqueeze(cos!, [2])], 2), [length, 2 * sines]);
    return width % 2 === 0 ? both : ops.slice(both, 1, 0, width);
  });
  return ops.add(x!, table);
}

/** x + the rows of a learned table [rows, width] at the positions of this pass (Gehring et al. 2017). */
function lowerLearned(context: OperatorContext): Value {
  const { ops, builder } = context;
  const [x] = context.floats;
  const table = context.needed('weight');
  const [length] = rowsOf(x!);
  const offset = context.number('offset');
  const start = firstPosition(context);
  if (start === 0 && offset === 0 && sameSize(table.shape[0]!, length)) return ops.add(x!, table);
  const key = `learned positions ${table.name} ${offset} ${positionsKey(start, length)}`;
  const rows = builder.once(key, () => {
    // Not `Range` from the first row on: ONNX Runtime makes a slice of that, which is short at the table's end, in silence.
    const more = ops.scalar(offset, 'int64');
    const first = offset === 0 ? start : start === 0 ? more : ops.add(start, more);
    const numbers = ops.range(0, length);
    return ops.gather(table, first === 0 ? numbers : ops.add(numbers, first));
  });
  return ops.add(x!, rows);
}

/**
 * x + rows[⌊p / C⌋] + columns[p mod C] for position p of a grid with C columns, read row by row (Child et al. 2019,
 * section 5; DALL·E).
 */
function lowerAxial(context: OperatorContext): Value {
  const { ops } = context;
  const [x] = context.floats;
  const [rows, columns] = [context.needed('rows'), context.needed('columns')];
  const [length] = rowsOf(x!);
  const places = ops.range(firstPosition(context), length);
  const across = ops.size(columns.shape[0]!);
  const row = ops.gather(rows, ops.divide(places, across));
  const column = ops.gather(columns, ops.binary('Mod', places, across));
  return ops.add(x!, ops.add(row, column));
}

/** Rows and features of [B, T, width], or of [T, width]. */
function rowsOf(x: Value): [length: Size, width: number] {
  return [x.shape.at(-2) ?? 1, Number(x.shape.at(-1) ?? 1)];
}
