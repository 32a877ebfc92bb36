import { divide, call as operate } from '../../algebra/construct.js';
import { print } from '../../algebra/print.js';
import type { Operator } from '../../graph/graph.js';
import type { OperatorName } from '../../graph/operators.js';
import { asTensor, asVector } from '../arithmetic.js';
import { broadcast, checkSize, lastSize, showType, withLast } from '../sizes.js';
import { describe, failed, type ScalarValue, type Value } from '../values.js';
import { attributes, type Builtin, positional, type Use } from './builtin.js';

type Both = Operator & OperatorName;

/** Acts on every element of a value, on a number of the configuration, and inside masks and scores. */
function elementwise(name: Both, parameters: Readonly<Record<string, number>> = {}): Builtin {
  const names = Object.keys(parameters);
  return {
    name,
    operands: 1,
    numeric: true,
    floats: true,
    preserves: true,
    parameters: positional(...names),
    run: (use) => {
      const [value] = use.operands;
      const given = names.map((n) => use.number(n, parameters[n]));
      if (given.some((g) => g === undefined)) return failed;
      const extra = given.flatMap((g) => (g === undefined ? [] : [g]));
      if (value?.kind === 'scalar') return like(value, operate(name, value.expression, ...extra));
      const x = use.tensor(0);
      if (!x) return failed;
      const all = Object.fromEntries(names.map((n, i) => [n, extra[i] ?? 0]));
      return use.emit(
        name,
        [x],
        { dtype: 'float', shape: x.type.shape },
        { attributes: attributes(all, parameters), segments: x.segments },
      );
    },
  };
}

function like(value: ScalarValue, expression: ScalarValue['expression']): ScalarValue {
  return { kind: 'scalar', expression, ...(value.vector && { vector: true }) };
}

/** Only on values: activations of layers. */
function activation(name: OperatorName, parameters: Readonly<Record<string, number>> = {}): Builtin {
  const names = Object.keys(parameters);
  return {
    name,
    operands: 1,
    floats: true,
    preserves: true,
    parameters: positional(...names),
    run: (use) => {
      const x = use.tensor(0);
      const given = Object.fromEntries(names.map((n) => [n, use.number(n, parameters[n]) ?? 0]));
      if (!x) return failed;
      return use.emit(
        name,
        [x],
        { dtype: 'float', shape: x.type.shape },
        { attributes: attributes(given, parameters), segments: x.segments },
      );
    },
  };
}

/** Only on numbers of the configuration and inside masks and scores. */
function numeric(name: string, operator: Operator): Builtin {
  return {
    name,
    operands: 1,
    numeric: true,
    parameters: [],
    run: (use) => {
      const [value] = use.operands;
      if (value?.kind === 'scalar') return like(value, operate(operator, value.expression));
      use.checker.report('not_yet_supported', use.at, { construct: `${name} of a value` });
      return failed;
    },
  };
}

/** `min(a, b)`, `max(a, b)`, on numbers and values. */
function extremum(name: string, operator: 'minimum' | 'maximum'): Builtin {
  return {
    name,
    operands: 2,
    numeric: true,
    parameters: [],
    run: (use) => {
      const [a, b] = use.operands;
      if (!a || !b) {
        use.checker.report('missing_operand', use.at, {
          callee: name,
          count: 2,
          found: use.operands.filter((o) => o !== null).length,
        });
        return failed;
      }
      if (a.kind === 'scalar' && b.kind === 'scalar') return like(a, operate(operator, a.expression, b.expression));
      const x = asTensor(a, use.context, use.at);
      const y = asTensor(b, use.context, use.at);
      const shape = x && y && broadcast(use.checker, x.type, y.type, use.at);
      if (!x || !y || !shape) return failed;
      return use.emit(operator, [x, y], { dtype: 'float', shape }, { segments: x.segments ?? y.segments });
    },
  };
}

/** Inside a score: the inner product of two vectors of a query, a key or a table. */
const dot: Builtin = {
  name: 'dot',
  operands: 2,
  numeric: true,
  parameters: [],
  run: (use) => {
    const [a, b] = use.operands;
    const left = a && asVector(a, use.context);
    const right = b && asVector(b, use.context);
    if (!left?.vector || !right?.vector) {
      use.checker.report('wrong_kind', use.at, { expected: 'two vectors', found: 'a number' });
      return failed;
    }
    return { kind: 'scalar', expression: operate('dot', left.expression, right.expression) };
  },
};

const clamp: Builtin = {
  name: 'clamp',
  preserves: true,
  operands: 1,
  numeric: true,
  parameters: positional('low', 'high'),
  run: (use) => {
    const low = use.number('low');
    const high = use.number('high');
    const [value] = use.operands;
    if (low === undefined || high === undefined) return failed;
    if (value?.kind === 'scalar') return like(value, operate('clamp', value.expression, low, high));
    const x = use.tensor(0);
    return x ? use.emit('clamp', [x], x.type, { attributes: { low, high }, segments: x.segments }) : failed;
  },
};

/** The largest of each `pieces` consecutive features (Goodfellow et al. 2013). */
const maxout: Builtin = {
  name: 'maxout',
  floats: true,
  operands: 1,
  parameters: positional('pieces'),
  run: (use) => {
    const x = use.stream(1, 'a value with features');
    const pieces = use.size('pieces');
    if (!x || pieces === undefined) return failed;
    const out = divide(lastSize(x.type), pieces);
    if (!checkSize(use.checker, out, use.at)) return failed;
    return use.emit('maxout', [x], withLast(x.type, out), { attributes: { pieces }, segments: x.segments });
  },
};

/** `where(condition, a, b)`: choice by data, element by element. */
const where: Builtin = {
  name: 'where',
  operands: 3,
  numeric: true,
  parameters: [],
  run: (use) => {
    const [condition, a, b] = use.operands;
    if (!condition || !a || !b) {
      use.checker.report('missing_operand', use.at, {
        callee: 'where',
        count: 3,
        found: use.operands.filter((o) => o !== null).length,
      });
      return failed;
    }
    if (condition.kind === 'scalar') return formulaWhere(condition, a, b, use);
    const c = use.tensor(0);
    const x = asTensor(a, use.context, use.at);
    const y = asTensor(b, use.context, use.at);
    if (!c || !x || !y) return failed;
    return chosen(use, c, x, y);
  },
};

function chosen(use: Use, c: Extract<Value, { kind: 'tensor' }>, x: typeof c, y: typeof c): Value {
  const values = broadcast(use.checker, x.type, y.type, use.at);
  const shape = values && broadcast(use.checker, c.type, { dtype: 'float', shape: values }, use.at);
  if (!shape) {
    use.checker.report('shapes_do_not_fit', use.at, { verb: 'chosen from', fix: undefined }, [
      {
        at: use.at,
        text: `condition ${showType(use.checker, c.type)}, values ${showType(use.checker, x.type)} and ${showType(use.checker, y.type)}`,
      },
    ]);
    return failed;
  }
  return use.emit('where', [c, x, y], { dtype: 'float', shape }, { segments: c.segments ?? x.segments ?? y.segments });
}

function formulaWhere(condition: ScalarValue, a: Value, b: Value, use: Use): Value {
  if (a.kind === 'scalar' && b.kind === 'scalar') {
    return { kind: 'scalar', expression: operate('if', condition.expression, a.expression, b.expression) };
  }
  use.checker.report('wrong_kind', use.at, { expected: 'a condition on data', found: print(condition.expression) });
  return failed;
}

/** 0 where the condition holds: `zero(where: not present(tokens))`. */
const zero: Builtin = {
  name: 'zero',
  preserves: true,
  operands: 1,
  parameters: [{ name: 'where', named: true }],
  run: (use) => {
    const x = use.stream(2, 'a sequence');
    const condition = use.value('where');
    if (!x) return failed;
    if (condition?.kind !== 'tensor' || condition.type.dtype !== 'bool') {
      use.checker.report('wrong_kind', use.atArgument('where'), {
        expected: 'true or false for each position',
        found: 'no such value',
      });
      return failed;
    }
    return use.emit('zero', [x, condition], x.type, { segments: x.segments });
  },
};

/** How many items a list has. */
const length: Builtin = {
  name: 'length',
  operands: 1,
  numeric: true,
  parameters: [],
  run: (use) => {
    const [value] = use.operands;
    if (value?.kind === 'list') return { kind: 'scalar', expression: value.items.length };
    if (value?.kind === 'scalar') return { kind: 'scalar', expression: operate('length', value.expression) };
    use.checker.report('wrong_kind', use.at, { expected: 'a list', found: value ? describe(value) : 'nothing' });
    return failed;
  },
};

export const elementwiseBuiltins: readonly Builtin[] = [
  elementwise('exp'),
  elementwise('log'),
  elementwise('sqrt'),
  elementwise('abs'),
  elementwise('tanh'),
  elementwise('sigmoid'),
  elementwise('relu'),
  elementwise('leaky_relu', { slope: 0.01 }),
  activation('gelu'),
  activation('gelu_tanh'),
  activation('silu'),
  activation('elu', { alpha: 1 }),
  activation('softplus'),
  activation('softmax'),
  activation('unit'),
  length,
  numeric('floor', 'floor'),
  numeric('ceil', 'ceil'),
  numeric('round', 'round'),
  numeric('log2', 'log2'),
  numeric('sign', 'sign'),
  numeric('sin', 'sin'),
  numeric('cos', 'cos'),
  extremum('min', 'minimum'),
  extremum('max', 'maximum'),
  clamp,
  dot,
  maxout,
  where,
  zero,
];
