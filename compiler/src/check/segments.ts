import type { Binary } from '@tfm-lang/grammar';
import { and, compare, divide, modulo, call as operate, subtract } from '../algebra/construct.js';
import type { Expression } from '../graph/graph.js';
import { atSpan, type Context } from './context.js';
import { evaluate } from './expressions.js';
import { type At, failed, type ScalarValue, type Segment, scalar, type Value } from './values.js';

/** `q.row`, `q.column`: on the one grid of the sequence. */
export function positionMember(object: ScalarValue, property: string, context: Context, at: At): Value {
  const { segments = [], axis = 'query' } = object.position ?? {};
  const place = segments.findIndex((s) => s.grid);
  const grid = segments[place]?.grid;
  if (property !== 'row' && property !== 'column') {
    context.checker.report('no_such_member', at, {
      name: property,
      found: axis === 'query' ? 'the query position' : 'the key position',
    });
    return failed;
  }
  if (!grid) {
    context.checker.report('no_grid', at, { name: property });
    return failed;
  }
  const inGrid = subtract(object.expression, offsetOf(segments, place));
  if (property === 'column') return scalar(modulo(inGrid, grid.columns));
  return scalar(operate('floor', divide(inGrid, grid.columns)));
}

function offsetOf(segments: readonly Segment[], place: number): Expression {
  return segments.slice(0, place).reduce<Expression>((sum, s) => operate('add', sum, s.length), 0);
}

/** `k in text`: the position lies in that part of the sequence. */
export function inSegment(expression: Binary, context: Context): Value {
  const left = evaluate(expression.left, context);
  const at = atSpan(context, expression.span);
  if (left.kind === 'error') return failed;
  if (left.kind !== 'scalar' || !left.position || expression.right.kind !== 'name') {
    context.checker.report('in_needs_position', at, {});
    return failed;
  }
  const wanted = expression.right.name;
  const { segments = [] } = left.position;
  const place = segments.findIndex((s) => s.name === wanted);
  const segment = segments[place];
  if (!segment) {
    const known = segments.flatMap((s) => (s.name === undefined ? [] : [s.name]));
    context.checker.report('no_such_segment', atSpan(context, expression.right.span), {
      name: wanted,
      known: known.join(', ') || 'none',
    });
    return failed;
  }
  const offset = offsetOf(segments, place);
  const from = offset === 0 ? true : compare('greater_equal', left.expression, offset);
  // The last part may still grow while text is generated: it has no upper end.
  if (place === segments.length - 1) return scalar(from);
  return scalar(and(from, compare('less', left.expression, operate('add', offset, segment.length))));
}
