import { local } from '../../algebra/construct.js';
import type { ExpertsNode, ValueType } from '../../graph/graph.js';
import { mixingIn } from '../../graph/rowwise.js';
import { closed } from '../builder.js';
import { enterLabel, tensor } from '../nodes.js';
import { agree, showType, withLast } from '../sizes.js';
import { describe, failed, type TensorValue, type Value } from '../values.js';
import { type Builtin, named, positional, type Use } from './builtin.js';

/** The `n` largest features, falling. */
const topValues: Builtin = {
  name: 'top_values',
  operands: 1,
  floats: true,
  parameters: positional('n'),
  run: (use) => {
    const x = use.stream(1, 'a value with features');
    const count = use.size('n');
    if (!x || count === undefined) return failed;
    return use.emit('top_values', [x], withLast(x.type, count), { attributes: { count }, segments: x.segments });
  },
};

/** Whether each feature is among the `n` largest; of equal ones the first are. */
const inTop: Builtin = {
  name: 'in_top',
  operands: 1,
  floats: true,
  parameters: positional('n'),
  run: (use) => {
    const x = use.stream(1, 'a value with features');
    const count = use.size('n');
    if (!x || count === undefined) return failed;
    const type: ValueType = { dtype: 'bool', shape: x.type.shape };
    return use.emit('in_top', [x], type, { attributes: { count }, segments: x.segments });
  },
};

/**
 * Σ share · expert(row) over the `top` experts with the largest shares of each row (Shazeer et al. 2017, equation 1): every
 * expert is a copy of the stage in braces with weights of its own.
 */
const mixture: Builtin = {
  name: 'experts',
  operands: 1,
  streamOnly: true,
  floats: true,
  braces: true,
  parameters: [...positional('count'), ...named('top', 'weigh')],
  run: (use) => {
    const x = use.stream(2, 'rows of features');
    const [count, top] = [use.size('count'), use.size('top')];
    const shares = x && count !== undefined ? sharesOf(use, x, count) : undefined;
    if (!use.braced) {
      const found = `${use.builtin.name}(…) without one`;
      use.checker.report('wrong_kind', use.at, { expected: 'an expert in braces behind the arguments', found });
    }
    if (!x || count === undefined || top === undefined || !shares || !use.braced) return failed;
    return mix(use, { x, shares, count, top });
  },
};

/** A number for each row and expert. */
function sharesOf(use: Use, x: TensorValue, count: ExpertsNode['count']): TensorValue | undefined {
  const value = use.value('weigh');
  if (value === undefined) {
    use.checker.report('missing_argument', use.at, { callee: use.builtin.name, name: 'weigh' });
    return undefined;
  }
  if (value.kind === 'error') return undefined;
  const expected = withLast({ ...x.type, dtype: 'float' }, count);
  const at = use.atArgument('weigh');
  const fits =
    value.kind === 'tensor' &&
    value.type.dtype === 'float' &&
    value.type.shape.length === expected.shape.length &&
    value.type.shape.every((size, axis) => agree(use.checker, size, expected.shape[axis] ?? 1, at));
  if (fits) return value;
  const found = value.kind === 'tensor' ? showType(use.checker, value.type) : describe(value);
  use.checker.report('wrong_kind', at, {
    expected: `a share for each expert, ${showType(use.checker, expected)}`,
    found,
  });
  return undefined;
}

interface Parts extends Pick<ExpertsNode, 'count' | 'top'> {
  readonly x: TensorValue;
  readonly shares: TensorValue;
}

function mix(use: Use, { x, shares, count, top }: Parts): Value {
  const { context, checker } = use;
  const { builder } = context;
  const home = enterLabel(use.site, 'experts');
  const index = builder.freshIndex('expert');
  const outer = builder.loops;
  builder.loops = [...outer, { index, count }];
  const stream = builder.id('rows');
  const { region, result } = builder.inner([stream], () =>
    use.braced?.(tensor(context, stream, x.type, x.at), { builder, home: home.copy(local(index)) }),
  );
  builder.loops = outer;
  if (result === undefined || result.kind === 'error') return failed;
  const scope = home.path(builder);
  if (result.kind !== 'tensor' || !scope) {
    checker.report('cannot_flow', use.at, { found: describe(result) });
    return failed;
  }
  const body = closed(region, [builder.use(result)]);
  if (!treatsRowsAlone(use, body)) return failed;
  const { label } = use.site;
  const id = builder.id(label ?? 'mixed');
  const node: ExpertsNode = {
    kind: 'experts',
    ...{ count, top, index },
    inputs: [builder.use(x), builder.use(shares)],
    region: body,
    scope,
    outputs: [{ id, type: result.type }],
    ...(label !== undefined && { label }),
    place: checker.place(use.at),
  };
  builder.add(node);
  return tensor(context, id, result.type, use.at, x.segments);
}

/** An expert sees some of the rows: it may not look at others, nor at values that have a row for each of them. */
function treatsRowsAlone(use: Use, body: ExpertsNode['region']): boolean {
  const { checker } = use;
  const found = mixingIn(body, (name) => checker.functions.find((each) => each.name === name));
  if (!found) return true;
  const what =
    'value' in found
      ? `reads ${found.value}, which is made outside of it`
      : `has ${found.node.kind === 'operator' ? found.node.operator : found.node.kind} inside`;
  checker.report('experts_rows', use.at, { what });
  return false;
}

export const experts: readonly Builtin[] = [mixture, topValues, inTop];
