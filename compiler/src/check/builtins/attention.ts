import { compare, divide, modulo, multiply } from '../../algebra/construct.js';
import { print } from '../../algebra/print.js';
import type { Expression, ValueType } from '../../graph/graph.js';
import { formulaKind } from '../formula-kinds.js';
import { toMask, toScore } from '../formulas.js';
import { agree, checkSize, lastSize, shortest, showType } from '../sizes.js';
import { describe, type FormulaSite, failed, type TensorValue, type Value } from '../values.js';
import { attributes, type Builtin, named, positional, type Use } from './builtin.js';

const none: Expression = { kind: 'constant', name: 'none' };

/**
 * softmax(score(q·kᵀ · scale), mask) · v (Vaswani et al. 2017, equation 1). q [B, Tq, H, d_k], k [B, Tk, G, d_k],
 * v [B, Tk, G, d_v]; without a head axis one head; q of rank 2 is one row inside a `scan`.
 */
const attend: Builtin = {
  name: 'attend',
  floats: true,
  operands: 3,
  optionalOperands: true,
  parameters: named('mask', 'score', 'scale', 'sinks', 'drop'),
  run: (use) => {
    const value = use.tensor(2);
    const [q, k] = [use.operands[0], use.operands[1]];
    if (!value) return failed;
    if (!q && !k) return attendWith(use, null, null, value, value.type);
    const query = use.tensor(0);
    const key = use.tensor(1);
    if (!query || !key) return failed;
    const type = attendedType(use, query, key, value);
    return type ? attendWith(use, query, key, value, type) : failed;
  },
};

function attendedType(use: Use, q: TensorValue, k: TensorValue, v: TensorValue): ValueType | undefined {
  const ranks = [q.type.shape.length, k.type.shape.length, v.type.shape.length];
  const fits = [
    [4, 4, 4],
    [3, 3, 3],
    [2, 3, 3],
  ].some((known) => known.every((r, i) => r === ranks[i]));
  if (!fits) {
    use.checker.report(
      'attend_shapes',
      use.at,
      shapes(use, q, k, v, 'ranks 4, 4, 4 with heads or 3, 3, 3 without are needed'),
    );
    return undefined;
  }
  const problem = mismatch(use, q, k, v);
  if (problem !== undefined) {
    const [, , heads] = q.type.shape;
    const fix =
      problem.endsWith('evenly') && heads !== undefined
        ? `choose a number of key heads that divides ${print(heads)}`
        : undefined;
    use.checker.report('attend_shapes', use.at, shapes(use, q, k, v, problem, fix));
    return undefined;
  }
  return { dtype: 'float', shape: [...q.type.shape.slice(0, -1), lastSize(v.type)] };
}

function shapes(use: Use, q: TensorValue, k: TensorValue, v: TensorValue, problem: string, fix?: string) {
  const show = ({ type }: TensorValue): string => showType(use.checker, { ...type, shape: type.shape.map(shortest) });
  return { query: show(q), key: show(k), value: show(v), problem, fix };
}

/** What does not fit between query, key and value. */
function mismatch(use: Use, q: TensorValue, k: TensorValue, v: TensorValue): string | undefined {
  const { checker, at } = use;
  const [, keys, groups] = k.type.shape;
  const [, values, valueGroups] = v.type.shape;
  if (!agree(checker, lastSize(q.type), lastSize(k.type), at)) return 'd_k of query and key differ';
  if (keys === undefined || values === undefined || !agree(checker, keys, values, at))
    return 'there is not one value for each key';
  if (q.type.shape.length < 4) return undefined;
  const heads = q.type.shape[2];
  if (heads === undefined || groups === undefined || valueGroups === undefined) return undefined;
  if (!agree(checker, groups, valueGroups, at)) return 'keys and values have different numbers of heads';
  return sharedHeads(use, heads, groups);
}

/** Grouped queries: each key head serves the same whole number of query heads (Ainslie et al. 2023). */
function sharedHeads(use: Use, heads: Expression, groups: Expression): string | undefined {
  const { checker, at } = use;
  if (checker.sameSize(heads, groups)) return undefined;
  const each = divide(heads, groups);
  const before = checker.diagnostics.length;
  if (checkSize(checker, each, at)) {
    checker.addRequirement({
      condition: compare('equal', modulo(heads, groups), 0),
      message: [
        `${print(heads)} query heads must share ${print(groups)} key heads evenly; they are `,
        heads,
        ' and ',
        groups,
      ],
      place: checker.place(at),
    });
    return undefined;
  }
  checker.takeSince(before);
  return `${checker.showSize(heads)} query heads cannot share ${checker.showSize(groups)} key heads evenly`;
}

function attendWith(use: Use, q: TensorValue | null, k: TensorValue | null, v: TensorValue, type: ValueType): Value {
  const site: FormulaSite = {
    context: use.context,
    at: use.at,
    ...((q ?? v).segments && { query: (q ?? v).segments ?? [] }),
    ...((k ?? v).segments && { key: (k ?? v).segments ?? [] }),
    head: { kind: 'axis', axis: 'head' },
    score: { kind: 'score' },
  };
  const mask = maskOf(use, site);
  const score = scoreOf(use, site);
  const defaultScale = q ? ({ kind: 'operator', operator: 'power', operands: [lastSize(q.type), -0.5] } as const) : 1;
  const scale = use.number('scale', defaultScale);
  const drop = use.number('drop', 0);
  const sinks = sinksOf(use);
  if (mask === undefined || score === undefined || scale === undefined || drop === undefined || sinks === failed)
    return failed;
  const given = { mask, score, scale, drop };
  const isDefault = scale === defaultScale || use.checker.sameSize(scale, defaultScale);
  const defaults = { mask: true, score: none, scale: isDefault ? scale : none, drop: 0 };
  return use.emit('attend', [q, k, v, ...(sinks?.kind === 'tensor' ? [sinks] : [])], type, {
    attributes: attributes(given, defaults),
    segments: (q ?? v).segments,
  });
}

function maskOf(use: Use, site: FormulaSite): Expression | undefined {
  const value = use.value('mask');
  if (!value) return true;
  const mask = toMask(value);
  const at = use.atArgument('mask');
  if (mask) {
    const formula = mask.resolve({ ...site, at });
    if (formula === undefined || formulaKind(formula, use.checker.formulas) !== 'number') return formula;
    use.checker.report('mask_not_boolean', at, { found: 'a number' });
    return undefined;
  }
  if (value.kind !== 'error') {
    const found = value.kind === 'tensor' ? showType(use.checker, value.type) : describe(value);
    use.checker.report('wrong_kind', use.atArgument('mask'), { expected: 'a mask', found });
  }
  return undefined;
}

function scoreOf(use: Use, site: FormulaSite): Expression | undefined {
  const value = use.value('score');
  if (!value || value.kind === 'none') return none;
  const score = toScore(value);
  const at = use.atArgument('score');
  if (score) {
    const formula = score.resolve({ ...site, at });
    if (formula === undefined || formulaKind(formula, use.checker.formulas) !== 'condition') return formula;
    use.checker.report('score_not_number', at, { found: 'a condition' });
    return undefined;
  }
  if (value.kind !== 'error') {
    use.checker.report('wrong_kind', use.atArgument('score'), { expected: 'a score', found: describe(value) });
  }
  return undefined;
}

function sinksOf(use: Use): Value | undefined {
  const value = use.value('sinks');
  if (!value || value.kind === 'none') return undefined;
  if (value.kind === 'tensor') return value;
  if (value.kind !== 'error') {
    use.checker.report('wrong_kind', use.atArgument('sinks'), {
      expected: 'a weight for each head',
      found: describe(value),
    });
  }
  return failed;
}

/** [.., T, heads·d] → [.., T, heads, d]. */
const splitHeads: Builtin = {
  name: 'split_heads',
  floats: true,
  operands: 1,
  parameters: positional('heads'),
  run: (use) => {
    const x = use.stream(1, 'a value with features');
    const heads = use.size('heads');
    if (!x || heads === undefined) return failed;
    const each = shortest(divide(lastSize(x.type), heads));
    if (!checkSize(use.checker, each, use.at)) return failed;
    const type: ValueType = { dtype: 'float', shape: [...x.type.shape.slice(0, -1), heads, each] };
    return use.emit('split_heads', [x], type, { attributes: { heads }, segments: x.segments });
  },
};

/** [.., T, heads, d] → [.., T, heads·d]. */
const joinHeads: Builtin = {
  name: 'join_heads',
  operands: 1,
  parameters: [],
  run: (use) => {
    const x = use.stream(2, 'a value with heads');
    if (!x) return failed;
    const [heads = 1, each = 1] = x.type.shape.slice(-2);
    const type: ValueType = { dtype: 'float', shape: [...x.type.shape.slice(0, -2), shortest(multiply(heads, each))] };
    return use.emit('join_heads', [x], type, { segments: x.segments });
  },
};

export const attention: readonly Builtin[] = [attend, splitHeads, joinHeads];
