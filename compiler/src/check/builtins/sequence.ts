import { add, subtract } from '../../algebra/construct.js';
import type { Expression, ValueType } from '../../graph/graph.js';
import { agree, checkSize, lastSize, showType, withLast } from '../sizes.js';
import { describe, failed, type Segment, type TensorValue } from '../values.js';
import { attributes, type Builtin, positional, type Use } from './builtin.js';
import { sequenceLength } from './positions.js';

const word = (value: string): Expression => ({ kind: 'string', value });
const axis = { name: 'axis', named: true, words: ['features', 'sequence'] } as const;

/** The place of the sequence axis: after the batch; a table of weights has none. */
function sequenceAxis(x: TensorValue): number {
  return x.type.shape.length >= 2 && x.constant !== true ? 1 : 0;
}

function withLength(x: TensorValue, length: Expression): ValueType {
  return withAxis(x, sequenceAxis(x), length);
}

function withAxis(x: TensorValue, axis: number, size: Expression): ValueType {
  return { dtype: x.type.dtype, shape: x.type.shape.map((own, i) => (i === axis ? size : own)) };
}

function without(x: TensorValue, axis: number): ValueType {
  return { dtype: x.type.dtype, shape: x.type.shape.filter((_, i) => i !== axis) };
}

/** Puts rows of a weight before every sequence: a class token. */
const prepend: Builtin = {
  name: 'prepend',
  operands: 1,
  streamOnly: true,
  parameters: positional('rows'),
  run: (use) => {
    const x = use.sequence('a sequence with features', 3);
    const rows = use.value('rows');
    if (!x) return failed;
    if (rows?.kind !== 'tensor' || rows.type.shape.length !== 2) {
      const found = rows ? describe(rows) : 'nothing';
      if (rows?.kind !== 'error')
        use.checker.report('wrong_kind', use.atArgument('rows'), { expected: 'a weight [rows, width]', found });
      return failed;
    }
    const [count = 1, width = 1] = rows.type.shape;
    if (!agree(use.checker, width, lastSize(x.type), use.at)) {
      use.checker.report('shapes_do_not_fit', use.at, { verb: 'joined', fix: undefined }, [
        { at: use.atArgument('rows'), text: `the rows are ${showType(use.checker, rows.type)}` },
        { at: use.at, text: `the sequence is ${showType(use.checker, x.type)}` },
      ]);
      return failed;
    }
    const segments: Segment[] = [{ length: count }, ...(x.segments ?? [{ length: sequenceLength(x) }])];
    return use.emit('prepend', [x, rows], withLength(x, add(count, sequenceLength(x))), { segments });
  },
};

/** One position of every sequence; negative ones count from the end. */
const at: Builtin = {
  name: 'at',
  operands: 1,
  parameters: positional('index'),
  run: (use) => {
    const x = use.stream(2, 'a sequence');
    const index = use.number('index');
    if (!x || index === undefined) return failed;
    return use.alongSequence([x], ([rows = x]) => use.emit('at', [rows], without(rows, 1), { attributes: { index } }));
  },
};

/** The first position. */
const first: Builtin = {
  name: 'first',
  operands: 1,
  parameters: [],
  run: (use) => {
    const x = use.stream(2, 'a sequence');
    if (!x) return failed;
    return use.alongSequence([x], ([rows = x]) =>
      use.emit('at', [rows], without(rows, 1), { attributes: { index: 0 } }),
    );
  },
};

/** The first `count` rows. */
const head: Builtin = {
  name: 'head',
  operands: 1,
  parameters: positional('count'),
  run: (use) => {
    const x = use.stream(2, 'a sequence');
    const count = use.size('count');
    if (!x || count === undefined) return failed;
    return use.alongSequence([x], ([rows = x]) =>
      use.emit('head', [rows], withLength(rows, count), { attributes: { count } }),
    );
  },
};

/** The rows from `from` on. */
const tail: Builtin = {
  name: 'tail',
  operands: 1,
  parameters: positional('from'),
  run: (use) => {
    const x = use.stream(2, 'a sequence');
    const from = use.size('from');
    if (!x || from === undefined) return failed;
    const length = subtract(sequenceLength(x), from);
    if (!checkSize(use.checker, length, use.at)) return failed;
    return use.alongSequence([x], ([rows = x]) =>
      use.emit('tail', [rows], withLength(rows, length), { attributes: { from } }),
    );
  },
};

/** Parts of the features: `let (a, b) = x -> split(m, n)`. */
const split: Builtin = {
  name: 'split',
  operands: 1,
  rest: 'sizes',
  parameters: [],
  run: (use) => {
    const x = use.stream(1, 'a value with features');
    const sizes = use.rest.flatMap((given) => use.asSize(given) ?? []);
    if (!x || sizes.length < use.rest.length || sizes.length === 0) return failed;
    const total = sizes.reduce((a, b) => add(a, b));
    if (!agree(use.checker, total, lastSize(x.type), use.at)) {
      use.checker.report('dimension_mismatch', use.at, {
        name: 'the sum of the parts',
        expected: use.checker.showSize(lastSize(x.type)),
        found: use.checker.showSize(total),
        fix: undefined,
      });
      return failed;
    }
    const items = use.emitMany(
      'split',
      [x],
      sizes.map((s) => withLast(x.type, s)),
      {
        attributes: { sizes: { kind: 'list', items: sizes } },
      },
    );
    return { kind: 'tensors', items: items.map((item) => ({ ...item, ...(x.segments && { segments: x.segments }) })) };
  },
};

/** Values side by side along the features, or one after the other along the sequence. */
const concat: Builtin = {
  name: 'concat',
  operands: Number.POSITIVE_INFINITY,
  parameters: [axis],
  run: (use) => {
    const along = use.word('axis', 'features');
    const parts = use.operands.flatMap((o) => (o?.kind === 'tensor' ? [o] : []));
    const [start] = parts;
    if (along === undefined || !start) return failed;
    if (parts.length < 2) {
      use.checker.report('missing_operand', use.at, {
        callee: 'concat',
        count: 2,
        found: use.operands.filter((o) => o !== null).length,
      });
      return failed;
    }
    const place = along === 'features' ? start.type.shape.length - 1 : sequenceAxis(start);
    if (along === 'sequence' && start.type.shape.length < 2) {
      use.checker.report('wrong_rank', use.at, {
        callee: 'concat',
        expected: 'sequences',
        found: showType(use.checker, start.type),
      });
      return failed;
    }
    if (!parts.every((_, i) => fitsBeside(use, parts, place, i))) return failed;
    const length = parts.map((p) => p.type.shape[place] ?? 1).reduce((a, b) => add(a, b));
    const type: ValueType = {
      dtype: start.type.dtype,
      shape: start.type.shape.map((s, i) => (i === place ? length : stretched(parts, i, s))),
    };
    const segments =
      along === 'features' ? start.segments : parts.flatMap((p) => p.segments ?? [{ length: sequenceLength(p) }]);
    const emit = (inputs: readonly TensorValue[]): TensorValue => {
      const shape = inputs[0] === start ? type.shape : [1, ...type.shape];
      return use.emit(
        'concat',
        inputs,
        { dtype: type.dtype, shape },
        {
          attributes: attributes({ axis: word(along) }, { axis: word('features') }),
          segments,
        },
      );
    };
    return along === 'sequence' ? use.alongSequence(parts, emit) : emit(parts);
  },
};

/** Axes behind the sequence that are 1 in some parts are as long as in the others: one key for all heads. */
function stretched(parts: readonly TensorValue[], axis: number, size: Expression): Expression {
  return parts.map((part) => part.type.shape[axis]).find((other) => other !== undefined && other !== 1) ?? size;
}

function fitsBeside(use: Use, parts: readonly TensorValue[], place: number, of: number): boolean {
  const [a, b] = [parts[0], parts[of]];
  if (!a || !b) return false;
  const same = a.type.shape.every((size, i) => {
    const other = b.type.shape[i];
    if (i === place || (i > 1 && other === 1)) return true;
    return other !== undefined && agree(use.checker, i > 1 ? stretched(parts, i, size) : size, other, use.at);
  });
  if (same && a.type.shape.length === b.type.shape.length) return true;
  use.checker.report('shapes_do_not_fit', use.at, { verb: 'joined', fix: undefined }, [
    { at: use.atOperand(0), text: `this is ${showType(use.checker, a.type)}` },
    { at: use.atOperand(of), text: `this is ${showType(use.checker, b.type)}` },
  ]);
  return false;
}

function reduction(name: 'mean' | 'sum' | 'argmax'): Builtin {
  return {
    name,
    operands: 1,
    parameters: name === 'argmax' ? [axis] : [axis, { name: 'keep', named: true }],
    run: (use) => {
      const along = use.word('axis', 'features');
      const keep = use.flag('keep', false);
      const x = along === 'sequence' ? use.stream(2, 'a sequence') : use.stream(1, 'a value');
      if (!x || along === undefined || typeof keep !== 'boolean') return failed;
      const emit = (input: TensorValue): TensorValue => {
        const place = along === 'features' ? input.type.shape.length - 1 : 1;
        const { shape } = keep ? withAxis(input, place, 1) : without(input, place);
        return use.emit(
          name,
          [input],
          { dtype: name === 'argmax' ? 'int' : 'float', shape },
          {
            attributes: attributes({ axis: word(along), keep }, { axis: word('features'), keep: false }),
            segments: along === 'features' ? input.segments : undefined,
          },
        );
      };
      return along === 'features' ? emit(x) : use.alongSequence([x], ([rows = x]) => emit(rows));
    },
  };
}

/** At each position `start` and the rows up to it together; of conditions, how many hold. */
const runningSum: Builtin = {
  name: 'running_sum',
  operands: 1,
  parameters: [{ name: 'start', named: true }],
  run: (use) => {
    const x = use.sequence('a sequence');
    const start = use.number('start', 0);
    if (!x || start === undefined) return failed;
    const type = { dtype: x.type.dtype === 'float' ? 'float' : 'int', shape: x.type.shape } as const;
    return use.emit('running_sum', [x], type, {
      attributes: attributes({ start }, { start: 0 }),
      segments: x.segments,
    });
  },
};

/** One position of each sequence, chosen by data. */
const gather: Builtin = {
  name: 'gather',
  operands: 2,
  parameters: [axis],
  run: (use) => {
    const x = use.tensor(0);
    const indices = use.tensor(1);
    const along = use.word('axis', 'sequence');
    if (!x || !indices || along === undefined) return failed;
    if (x.type.shape.length < 2 || indices.type.shape.length !== 1) {
      use.checker.report('wrong_rank', use.at, {
        callee: 'gather',
        expected: 'a sequence and one index for each row of the batch',
        found: `${showType(use.checker, x.type)} and ${showType(use.checker, indices.type)}`,
      });
      return failed;
    }
    return use.emit('gather', [x, indices], without(x, 1));
  },
};

const matmul: Builtin = {
  name: 'matmul',
  floats: true,
  operands: 2,
  parameters: [],
  run: (use) => {
    const a = use.tensor(0);
    const b = use.tensor(1);
    if (!a || !b) return failed;
    const inner = b.type.shape.at(-2);
    if (inner === undefined || !agree(use.checker, lastSize(a.type), inner, use.at)) {
      use.checker.report('shapes_do_not_fit', use.at, { verb: 'multiplied', fix: undefined }, [
        { at: use.atOperand(0), text: `this is ${showType(use.checker, a.type)}` },
        { at: use.atOperand(1), text: `this is ${showType(use.checker, b.type)}` },
      ]);
      return failed;
    }
    return use.emit('matmul', [a, b], withLast(a.type, lastSize(b.type)));
  },
};

const transpose: Builtin = {
  name: 'transpose',
  operands: 1,
  parameters: [],
  run: (use) => {
    const x = use.stream(2, 'a value with two axes');
    if (!x) return failed;
    const [rows = 1, columns = 1] = x.type.shape.slice(-2);
    return use.emit('transpose', [x], { dtype: x.type.dtype, shape: [...x.type.shape.slice(0, -2), columns, rows] });
  },
};

/** true where an input holds a real row, from the lengths or the mask given with it. */
const present: Builtin = {
  name: 'present',
  operands: 1,
  parameters: [],
  run: (use) => {
    const x = use.tensor(0);
    if (!x) return failed;
    const value = x.input && use.checker.presence(x.input.name);
    if (value) return value;
    use.checker.report('present_needs_input', use.at, { found: describe(x) });
    return failed;
  },
};

/** The rows that score a part of the sequence: from the one before its first. */
const predict: Builtin = {
  name: 'predict',
  operands: 1,
  streamOnly: true,
  parameters: positional('part'),
  run: (use) => {
    const x = use.sequence('a sequence with features', 3);
    const part = use.value('part');
    if (!x) return failed;
    const segments = x.segments ?? [];
    const place = part?.kind === 'tensor' && part.input ? segments.findIndex((s) => s.name === part.input?.name) : -1;
    const segment = segments[place];
    if (!segment || place === 0) {
      use.checker.report('predict_part', use.at, {
        known: segments.flatMap((s) => s.name ?? []).join(', ') || 'none',
      });
      return failed;
    }
    const prefix = segments.slice(0, place).reduce<Expression>((sum, s) => add(sum, s.length), 0);
    return use.emit('predict', [x], withLength(x, add(segment.length, 1)), { attributes: { prefix } });
  },
};

export const sequence: readonly Builtin[] = [
  prepend,
  at,
  first,
  head,
  tail,
  split,
  concat,
  reduction('mean'),
  reduction('sum'),
  reduction('argmax'),
  runningSum,
  gather,
  matmul,
  transpose,
  present,
  predict,
];
