import { multiply } from '../../algebra/construct.js';
import type { Expression, Initializer, ValueType, WeightPath } from '../../graph/graph.js';
import { declareWeights } from '../nodes.js';
import { agree, lastSize, sameShape, showType } from '../sizes.js';
import { describe, failed, type TensorValue, type Value } from '../values.js';
import { attributes, type Builtin, named, positional, type Use, zeros } from './builtin.js';

const orthogonal: Initializer = { kind: 'orthogonal', gain: 1 };
const xavier: Initializer = { kind: 'xavier_uniform', gain: 1 };

/** Stacked gate matrices, in PyTorch's order: r, z, n of a GRU; i, f, g, o of an LSTM. */
function gates(
  use: Use,
  name: string,
  count: number,
  into: Expression,
  width: Expression,
): Record<string, WeightPath> | undefined {
  const rows = multiply(count, width);
  return declareWeights(use.site, name, [
    { role: 'input.weight', shape: [rows, into], initializer: xavier },
    { role: 'hidden.weight', shape: [rows, width], initializer: orthogonal },
    { role: 'input.bias', shape: [rows], initializer: zeros },
    { role: 'hidden.bias', shape: [rows], initializer: zeros },
  ]);
}

/** A recurrence over a whole sequence, from a zero state (Cho et al. 2014; Hochreiter and Schmidhuber 1997). */
function layer(name: 'gru' | 'lstm', count: number): Builtin {
  return {
    name,
    operands: 1,
    floats: true,
    parameters: [...positional('width'), ...named('reverse', 'mask')],
    run: (use) => {
      const x = use.stream(3, 'a sequence with features');
      const width = use.size('width');
      const reverse = use.flag('reverse', false);
      const mask = x && maskOf(use, x);
      if (!x || width === undefined || reverse === undefined || mask === failed) return failed;
      const weights = gates(use, name, count, lastSize(x.type), width);
      if (!weights) return failed;
      return use.emit(
        name,
        [x, ...(mask?.kind === 'tensor' ? [mask] : [])],
        { dtype: 'float', shape: [...x.type.shape.slice(0, -1), width] },
        {
          weights,
          attributes: attributes({ reverse }, { reverse: false }),
          segments: x.segments,
        },
      );
    },
  };
}

/** `mask: present(source)`: rows of padding leave the state as it is, from whichever end the recurrence begins. */
function maskOf(use: Use, x: TensorValue): Value | undefined {
  const mask = use.value('mask');
  if (!mask || mask.kind === 'all') return undefined;
  const expected: ValueType = { dtype: 'bool', shape: x.type.shape.slice(0, 2) };
  if (mask.kind === 'tensor' && mask.type.dtype === 'bool' && sameShape(use.checker, mask.type, expected, use.at))
    return mask;
  if (mask.kind !== 'error') {
    const found = mask.kind === 'tensor' ? showType(use.checker, mask.type) : describe(mask);
    use.checker.report('wrong_kind', use.atArgument('mask'), { expected: showType(use.checker, expected), found });
  }
  return failed;
}

/** One step, for `scan`: the next state. */
const gruCell: Builtin = {
  name: 'gru_cell',
  floats: true,
  operands: 2,
  parameters: [],
  run: (use) => {
    const x = use.tensor(0);
    const state = use.tensor(1);
    if (!x || !state || !sameBatch(use, x, state)) return failed;
    const weights = gates(use, 'gru_cell', 3, lastSize(x.type), lastSize(state.type));
    return weights ? use.emit('gru_cell', [x, state], state.type, { weights }) : failed;
  },
};

/** `let (h, c) = lstm_cell(x, h, c)`. */
const lstmCell: Builtin = {
  name: 'lstm_cell',
  floats: true,
  operands: 3,
  parameters: [],
  run: (use) => {
    const x = use.tensor(0);
    const hidden = use.tensor(1);
    const cell = use.tensor(2);
    if (!x || !hidden || !cell || !sameBatch(use, x, hidden) || !sameBatch(use, hidden, cell)) return failed;
    const weights = gates(use, 'lstm_cell', 4, lastSize(x.type), lastSize(hidden.type));
    if (!weights) return failed;
    return {
      kind: 'tensors',
      items: use.emitMany('lstm_cell', [x, hidden, cell], [hidden.type, cell.type], { weights }),
    };
  },
};

function sameBatch(use: Use, a: TensorValue, b: TensorValue): boolean {
  const [batch, other] = [a.type.shape[0], b.type.shape[0]];
  const fits = a.type.shape.length === 2 && b.type.shape.length === 2;
  if (fits && batch !== undefined && other !== undefined && agree(use.checker, batch, other, use.at)) return true;
  use.checker.report('wrong_rank', use.at, {
    callee: use.builtin.name,
    expected: 'rows [B, features]',
    found: `${showType(use.checker, a.type)} and ${showType(use.checker, b.type)}`,
  });
  return false;
}

export const recurrent: readonly Builtin[] = [layer('gru', 3), layer('lstm', 4), gruCell, lstmCell];
