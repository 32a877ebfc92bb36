import { evaluate } from '../../algebra/evaluate.js';
import { add, modulo, multiply, substitute } from '../../algebra/index.js';
import { print } from '../../algebra/print.js';
import type { Expression } from '../../graph/graph.js';
import { callFunction, openParameters } from '../functions.js';
import { declareWeights } from '../nodes.js';
import { lastSize } from '../sizes.js';
import { describe, failed, type Segment, scalar, type TensorValue, type Value } from '../values.js';
import { attributes, type Builtin, named, positional, type Use } from './builtin.js';

const none: Expression = { kind: 'constant', name: 'none' };
const word = (value: string): Expression => ({ kind: 'string', value });

/** sin and cos of position / 10000^(2i/d) added (Vaswani et al. 2017, section 3.5). */
const sinusoidal: Builtin = {
  name: 'sinusoidal_positions',
  floats: true,
  preserves: true,
  operands: 1,
  parameters: [{ name: 'layout', named: true, words: ['interleaved', 'halves'] }, ...named('base')],
  run: (use) => {
    const x = use.rows('a sequence with features');
    const layout = use.word('layout', 'interleaved');
    const base = use.number('base', 10000);
    if (!x || layout === undefined || base === undefined) return failed;
    if (!even(use, lastSize(x.type))) return failed;
    const given = { layout: word(layout), base };
    return use.emit('sinusoidal_positions', [x], x.type, {
      attributes: attributes(given, { layout: word('interleaved'), base: 10000 }),
      segments: x.segments,
    });
  },
};

/** Sines and cosines, and turned pairs, come two by two. */
function even(use: Use, size: Expression): boolean {
  const odd = use.checker.value(modulo(size, 2));
  if (odd !== 1) return true;
  use.checker.report('odd_features', use.at, { callee: use.builtin.name, size: use.checker.showSize(size) });
  return false;
}

/** A learned row for each position; `offset` rows of the table come before position 0. */
const learned: Builtin = {
  name: 'learned_positions',
  floats: true,
  preserves: true,
  operands: 1,
  parameters: [...positional('count'), ...named('offset', 'trained', 'init')],
  run: (use) => {
    const x = use.rows('a sequence with features');
    const count = use.size('count');
    const offset = use.size('offset', 0);
    const trained = use.flag('trained', true);
    const init = use.initializer('init', { kind: 'normal', mean: 0, deviation: 0.02 });
    if (!x || count === undefined || offset === undefined || trained === undefined || !init) return failed;
    if (!enough(use, x, count)) return failed;
    const shape = [add(count, offset), lastSize(x.type)];
    const weights = declareWeights(use.site, 'learned_positions', [
      { role: 'weight', shape, initializer: init, trained: trained !== false },
    ]);
    if (!weights) return failed;
    return use.emit('learned_positions', [x], x.type, {
      weights,
      attributes: attributes({ offset }, { offset: 0 }),
      segments: x.segments,
    });
  },
};

/** The length of a value's sequence axis. */
export function sequenceLength(x: TensorValue): Expression {
  return x.type.shape[x.type.shape.length >= 2 && x.constant !== true ? 1 : 0] ?? 1;
}

/** Whether the longest sequence has a row for each position. */
function enough(use: Use, x: TensorValue, count: Expression): boolean {
  const { checker } = use;
  const length = sequenceLength(x);
  if (checker.sameSize(length, count)) return true;
  const most = new Map(checker.dimensions.flatMap((d) => (d.most === undefined ? [] : [[d.name, d.most] as const])));
  const longest = substitute(length, (leaf) => (leaf.kind === 'dimension' ? most.get(leaf.name) : undefined));
  const known = checker.configurations[0]?.known;
  const [needed, rows] = [known && evaluate(longest, known), checker.value(count)];
  if (typeof needed !== 'number' || typeof rows !== 'number' || needed <= rows) return true;
  const bounded =
    typeof length === 'object' && length.kind === 'dimension'
      ? `bound the input: ${length.name} <= ${print(count)}, or `
      : '';
  const fix = `${bounded}make the table larger`;
  checker.report('too_few_positions', use.at, {
    needed: checker.showSize(longest),
    found: checker.showSize(count),
    fix,
  });
  return false;
}

/** A learned row for each grid row, and one for each column, added (Ho et al. 2019; DALL·E). */
const axial: Builtin = {
  name: 'axial_positions',
  floats: true,
  preserves: true,
  operands: 1,
  parameters: [...positional('rows', 'columns'), ...named('init')],
  run: (use) => {
    const x = use.rows('a sequence with features');
    const rows = use.size('rows');
    const columns = use.size('columns');
    const init = use.initializer('init', { kind: 'normal', mean: 0, deviation: 0.02 });
    if (!x || rows === undefined || columns === undefined || !init) return failed;
    if (!enough(use, x, multiply(rows, columns))) return failed;
    const width = lastSize(x.type);
    const weights = declareWeights(use.site, 'axial_positions', [
      { role: 'rows', shape: [rows, width], initializer: init },
      { role: 'columns', shape: [columns, width], initializer: init },
    ]);
    if (!weights) return failed;
    const segments = (x.segments ?? [{ length: sequenceLength(x) }]).map(
      (s): Segment => ({ ...s, grid: { rows, columns } }),
    );
    return use.emit('axial_positions', [x], x.type, { weights, segments });
  },
};

/** Pairs of features turned by an angle that grows with the position (Su et al. 2021). */
const rotary: Builtin = {
  name: 'rotary',
  floats: true,
  preserves: true,
  operands: 1,
  parameters: [
    ...named('theta', 'share', 'frequency'),
    { name: 'pairs', named: true, words: ['halves', 'interleaved'] },
    { name: 'past', named: true, words: ['again', 'kept'] },
  ],
  run: (use) => {
    const x = use.stream(3, 'a sequence with heads');
    const theta = use.number('theta', 10000);
    const share = use.number('share', 1);
    const pairs = use.word('pairs', 'halves');
    const past = use.word('past', 'again');
    const frequency = frequencyOf(use);
    if (!x || theta === undefined || share === undefined || frequency === undefined) return failed;
    if (pairs === undefined || past === undefined) return failed;
    if (!even(use, share === 1 ? lastSize(x.type) : multiply(lastSize(x.type), share))) return failed;
    const given = { theta, share, pairs: word(pairs), frequency, past: word(past) };
    const usual = { theta: 10000, share: 1, pairs: word('halves'), frequency: none, past: word('again') };
    return use.emit('rotary', [x], x.type, {
      attributes: attributes(given, usual),
      segments: x.segments,
    });
  },
};

/** `frequency: (f) => …`: a number for each frequency; `(f, length) => …`: for each length of the sequence, too. */
function frequencyOf(use: Use): Expression | undefined {
  const value = use.value('frequency');
  if (!value || value.kind === 'none') return none;
  if (value.kind === 'error') return undefined;
  const open = value.kind === 'function' ? openParameters(value) : [];
  if (value.kind !== 'function' || open.length < 1 || open.length > 2) {
    use.checker.report('wrong_kind', use.atArgument('frequency'), {
      expected: 'a function of a frequency, or of a frequency and a length',
      found: describe(value),
    });
    return undefined;
  }
  const own = open.map((name, index) => [name, scalar({ kind: 'element', index })] as const);
  const given = new Map<string, Value>([...value.bound, ...own]);
  const all = value.complete?.(given, use.context) ?? given;
  const result = callFunction(value, all, use.context, use.atArgument('frequency'));
  return result.kind === 'scalar' ? result.expression : undefined;
}

export const positions: readonly Builtin[] = [sinusoidal, learned, axial, rotary];
