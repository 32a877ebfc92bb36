import { float, text, type Value } from '../builder.js';
import type { OperatorContext } from '../context.js';
import { product, type Size, sameSize } from '../sizes.js';

/**
 * [.., Y, X, d] or [.., Y · X, d] → the same with `rows` and `columns`. A `Resize` for each axis, with lines of numbers behind it:
 * of both at once, ONNX Runtime takes no other order of the axes than [N, d, Y, X], and moves transpositions through it.
 */
export function lowerResize(context: OperatorContext): Value {
  const { ops } = context;
  const x = context.floats[0]!;
  const isFlat = context.attribute('from') !== null;
  const leading = x.shape.slice(0, isFlat ? -2 : -3);
  const [height = 1, width = 1] = isFlat ? context.sizes('from') : x.shape.slice(-3);
  const [rows, columns] = [context.size('rows'), context.size('columns')];
  const [count, depth] = [product(...leading), x.shape.at(-1)!];
  if (sameSize(height, rows) && sameSize(width, columns)) return x;
  const tall = along(context, ops.reshape(x, [count, 1, height, product(width, depth)]), rows);
  const wide = along(context, ops.reshape(tall, [product(count, rows), 1, width, depth]), columns);
  return ops.reshape(wide, [...leading, ...(isFlat ? [product(rows, columns)] : [rows, columns]), depth]);
}

/** [N, 1, before, f] → [N, 1, after, f] */
function along(context: OperatorContext, x: Value, after: Size): Value {
  const { builder, ops } = context;
  const [count = 1, , before = 1, features = 1] = x.shape;
  if (sameSize(before, after)) return x;
  const shape = [count, 1, after, features];
  const isCubic = context.attribute('how') === 'bicubic';
  return builder.node(
    'Resize',
    [x, undefined, undefined, ops.sizes(shape)],
    { type: 'float', shape },
    {
      mode: text(isCubic ? 'cubic' : 'linear'),
      coordinate_transformation_mode: text('half_pixel'),
      ...(isCubic && { cubic_coeff_a: float(-0.75) }),
    },
  );
}
