import type { If, Match, Expression as Syntax } from '@tfm-lang/grammar';
import { choose, compare, not, or } from '../algebra/construct.js';
import { print } from '../algebra/print.js';
import { isFormula, substitute } from '../algebra/walk.js';
import type { Expression, ValueType } from '../graph/graph.js';
import { closed } from './builder.js';
import type { Checker } from './checker.js';
import { isCondition } from './conditions.js';
import { atSpan, type Context } from './context.js';
import { evaluate } from './expressions.js';
import { toMask, toScore } from './formulas.js';
import { tensor } from './nodes.js';
import { sameShape, showType } from './sizes.js';
import { instance } from './stages.js';
import {
  type At,
  describe,
  failed,
  type MaskValue,
  type ScoreValue,
  type Site,
  type StageValue,
  scalar,
  type TensorValue,
  type Value,
} from './values.js';

/** `if c then a else b`: decided when the configuration (and the copy) is known; both arms are checked. */
export function choice(expression: If, context: Context): Value {
  const condition = conditionOf(expression.condition, context);
  if (condition === undefined) return failed;
  return either(condition, expression.then, expression.else, context, atSpan(context, expression.span));
}

function conditionOf(syntax: Syntax, context: Context): Expression | undefined {
  const value = evaluate(syntax, context);
  const at = atSpan(context, syntax.span);
  if (value.kind === 'error') return undefined;
  if (value.kind === 'tensor') {
    context.checker.report('condition_is_data', at, {});
    return undefined;
  }
  if (value.kind !== 'scalar' || !isCondition(value.expression, context.checker)) {
    context.checker.report('wrong_kind', at, { expected: 'true or false', found: describe(value) });
    return undefined;
  }
  return value.expression;
}

type Arm = Syntax | ((context: Context) => Value);

const runArm = (arm: Arm, context: Context): Value =>
  typeof arm === 'function' ? arm(context) : evaluate(arm, context);

function either(condition: Expression, then: Arm, otherwise: Arm, context: Context, at: At): Value {
  if (typeof condition === 'boolean') return runArm(condition ? then : otherwise, context);
  const trial = { snapshot: context.builder.snapshot(), names: context.home.mark() };
  const arms = bothArms(condition, context, [then, otherwise]);
  const [a, b] = arms.map((arm) => arm.value);
  if (!a || !b || a.kind === 'error' || b.kind === 'error') return failed;
  if (a.kind === 'tensor' && b.kind === 'tensor') return joined(condition, arms, a, b, context, at);
  const value = plain(condition, a, b);
  if (value) return value;
  const f = instance.toStage(a, context, at);
  const g = instance.toStage(b, context, at);
  if (f && g) {
    // Each use evaluates its arm anew, inside the region where its weights belong.
    context.builder.restore(trial.snapshot);
    trial.names();
    return chosenStage(condition, then, otherwise, `${f.name} or ${g.name}`, context);
  }
  context.checker.report('arms_of_two_kinds', at, { first: describe(a), second: describe(b) });
  return failed;
}

interface ArmResult {
  readonly value: Value;
  readonly region: ReturnType<Context['builder']['inner']>['region'];
}

/** Each arm in its own region, under its condition, with the same names free. */
function bothArms(condition: Expression, context: Context, arms: readonly Arm[]): ArmResult[] {
  const { builder, home } = context;
  const outer = builder.conditions;
  const conditions = isFormula(condition) ? [undefined, undefined] : [condition, not(condition)];
  try {
    return home.exclusive(
      arms.map((arm, i) => () => {
        const own = conditions[i];
        builder.conditions = own === undefined ? outer : [...outer, own];
        const { region, result } = builder.inner([], () => runArm(arm, context));
        return { value: result, region };
      }),
    );
  } finally {
    builder.conditions = outer;
  }
}

/** Two values: an `if` node with what each arm computes inside it. */
function joined(
  condition: Expression,
  arms: readonly ArmResult[],
  a: TensorValue,
  b: TensorValue,
  context: Context,
  at: At,
): Value {
  const { builder, checker } = context;
  const type = joinedType(condition, a.type, b.type, checker, at);
  if (!type) {
    checker.report('arms_differ', at, { first: showType(checker, a.type), second: showType(checker, b.type) });
    return failed;
  }
  const [then, otherwise] = arms;
  if (!then || !otherwise) return failed;
  const id = builder.id('chosen');
  builder.add({
    kind: 'if',
    condition,
    outputs: [{ id, type }],
    // biome-ignore lint/suspicious/noThenProperty: the graph calls the arms so
    then: closed(then.region, [builder.use(a)]),
    else: closed(otherwise.region, [builder.use(b)]),
    place: checker.place(at),
  });
  return { ...tensor(context, id, type, at, a.segments), constant: a.constant === true && b.constant === true };
}

/**
 * The shape of both arms. Of `if a == b` the first arm is taken where they are equal: its shape then is that of the second with one
 * written for the other.
 */
function joinedType(
  condition: Expression,
  a: ValueType,
  b: ValueType,
  checker: Checker,
  at: At,
): ValueType | undefined {
  if (typeof condition === 'object' && condition.kind === 'operator') {
    const { operator, operands } = condition;
    const [parameter, other] = operands;
    if (operator === 'not_equal') return joinedType({ ...condition, operator: 'equal' }, b, a, checker, at);
    if (
      operator === 'equal' &&
      typeof parameter === 'object' &&
      parameter.kind === 'parameter' &&
      other !== undefined
    ) {
      const replaced = (type: ValueType): ValueType => ({
        ...type,
        shape: type.shape.map((size) =>
          substitute(size, (leaf) => (leaf.kind === 'parameter' && leaf.name === parameter.name ? other : undefined)),
        ),
      });
      return sameShape(checker, replaced(a), replaced(b), at) ? b : undefined;
    }
  }
  return sameShape(checker, a, b, at) ? a : undefined;
}

/** Two things that are not values of the graph: numbers, masks, scores. */
function plain(condition: Expression, a: Value, b: Value): Value | undefined {
  const none: Expression = { kind: 'constant', name: 'none' };
  if (a.kind === 'scalar' && b.kind === 'scalar') return scalar(choose(condition, a.expression, b.expression));
  if (a.kind === 'scalar' && b.kind === 'none') return scalar(choose(condition, a.expression, none));
  if (a.kind === 'none' && b.kind === 'scalar') return scalar(choose(condition, none, b.expression));
  if (a.kind === b.kind && (a.kind === 'none' || a.kind === 'all' || a.kind === 'identity')) return a;
  const kinds = [a.kind, b.kind];
  if (kinds.some((k) => k === 'mask' || k === 'all') || isTemplate(a, 'mask') || isTemplate(b, 'mask')) {
    const masks = formulas(condition, toMask(a), toMask(b));
    if (masks) return { kind: 'mask', ...masks };
  }
  if (kinds.includes('score') || isTemplate(a, 'score') || isTemplate(b, 'score')) {
    const scores = formulas(condition, toScore(a), toScore(b));
    if (scores) return { kind: 'score', ...scores };
  }
  return undefined;
}

function isTemplate(value: Value, kind: 'mask' | 'score'): boolean {
  return value.kind === 'template' && value.declaration.kind === kind;
}

function formulas<T extends MaskValue | ScoreValue>(
  condition: Expression,
  a: T | undefined,
  b: T | undefined,
): Pick<T, 'text' | 'resolve'> | undefined {
  if (!a || !b) return undefined;
  return {
    text: `${a.text} or ${b.text}, by ${print(condition)}`,
    resolve: (site) => {
      const left = a.resolve(site);
      const right = b.resolve(site);
      return left === undefined || right === undefined ? undefined : choose(condition, left, right);
    },
  };
}

function chosenStage(condition: Expression, then: Arm, otherwise: Arm, name: string, context: Context): StageValue {
  return {
    kind: 'stage',
    name,
    apply: (input: TensorValue, site: Site) => {
      const arm = (own: Arm) => (inner: Context) => {
        const moved = { ...context, builder: inner.builder, home: inner.home };
        const value = runArm(own, moved);
        const stage = value.kind === 'error' ? undefined : instance.toStage(value, moved, site.at);
        return stage ? stage.apply(input, { ...site, context: moved }) : failed;
      };
      return either(condition, arm(then), arm(otherwise), site.context, site.at);
    },
  };
}

/** `match i % 4 { 0, 2 => a, 1 => b, _ => c }`. */
export function matchChoice(expression: Match, context: Context): Value {
  const subject = evaluate(expression.subject, context);
  const at = atSpan(context, expression.span);
  if (subject.kind === 'error') return failed;
  if (subject.kind === 'tensor') {
    context.checker.report('condition_is_data', atSpan(context, expression.subject.span), {});
    return failed;
  }
  const arms = expression.arms.map((arm) => ({
    patterns: arm.patterns.map((p) => patternOf(p, subject, context)),
    value: arm.value,
  }));
  if (arms.some((arm) => arm.patterns.some((p) => p.kind === 'error'))) return failed;
  reportUnreachable(
    arms.map((a) => a.patterns),
    expression,
    context,
  );
  if (!exhaustive(subject, arms, context)) {
    context.checker.report('match_not_exhaustive', at, {});
    return failed;
  }
  return arm(subject, arms, context, at);
}

/** A pattern of the kind of what is matched: a text for a text, a number for a number. */
function patternOf(syntax: Syntax, subject: Value, context: Context): Value {
  const pattern = evaluate(syntax, context);
  if (pattern.kind === 'error') return failed;
  const kind = (value: Value): string => {
    const known = value.kind === 'scalar' ? context.checker.value(value.expression) : undefined;
    return value.kind === 'text' ? 'string' : value.kind === 'scalar' ? typeof known : value.kind;
  };
  const [wanted, found] = [kind(subject), kind(pattern)];
  if (wanted === found || [wanted, found].includes('undefined')) return pattern;
  const expected = { string: 'a text', number: 'a number', boolean: 'true or false' }[wanted] ?? describe(subject);
  context.checker.report('wrong_kind', atSpan(context, syntax.span), { expected, found: describe(pattern) });
  return failed;
}

/** A case behind `_`, or with patterns that stand in earlier cases. */
function reportUnreachable(arms: readonly (readonly Value[])[], { arms: syntax }: Match, context: Context): void {
  const seen = new Set<string>();
  let open = true;
  for (const [i, patterns] of arms.entries()) {
    const keys = patterns.flatMap((p) =>
      p.kind === 'scalar' ? [JSON.stringify(p.expression)] : p.kind === 'text' ? [JSON.stringify(p.value)] : [],
    );
    const known = keys.length > 0 && keys.length === patterns.length && keys.every((k) => seen.has(k));
    const span = syntax[i]?.span;
    if (span && (known || !open)) context.checker.report('match_unreachable', atSpan(context, span), {});
    for (const k of keys) seen.add(k);
    open &&= patterns.length > 0;
  }
}

interface MatchArm {
  readonly patterns: readonly Value[];
  readonly value: Syntax;
}

function arm(subject: Value, arms: readonly MatchArm[], context: Context, at: At): Value {
  const [first, ...rest] = arms;
  if (!first) return failed;
  if (first.patterns.length === 0 || rest.length === 0) return evaluate(first.value, context);
  const condition = first.patterns
    .map((p) => matches(subject, p))
    .reduce((a, b) => (a !== undefined && b !== undefined ? or(a, b) : undefined));
  if (condition === undefined) {
    context.checker.report('wrong_operands', at, {
      left: describe(subject),
      right: describe(first.patterns.find((p) => matches(subject, p) === undefined) ?? subject),
    });
    return failed;
  }
  return either(condition, first.value, (inner) => arm(subject, rest, inner, at), context, at);
}

function matches(subject: Value, pattern: Value): Expression | undefined {
  if (subject.kind === 'scalar' && pattern.kind === 'scalar')
    return compare('equal', subject.expression, pattern.expression);
  if (subject.kind === 'text' && pattern.kind === 'text') return subject.value === pattern.value;
  if (subject.kind === 'scalar' && pattern.kind === 'text') {
    return compare('equal', subject.expression, { kind: 'string', value: pattern.value });
  }
  return undefined;
}

/** `_`, both truth values, or every remainder of `x % n`. */
function exhaustive(subject: Value, arms: readonly MatchArm[], context: Context): boolean {
  if (arms.some((a) => a.patterns.length === 0)) return true;
  const given = new Set(arms.flatMap((a) => a.patterns.map((p) => (p.kind === 'scalar' ? p.expression : undefined))));
  if (given.has(true) && given.has(false)) return true;
  if (subject.kind !== 'scalar') return false;
  const { expression } = subject;
  if (typeof expression === 'number' || typeof expression === 'boolean') return given.has(expression);
  if (typeof expression !== 'object' || expression.kind !== 'operator' || expression.operator !== 'modulo')
    return false;
  const n = context.checker.value(expression.operands[1] ?? 0);
  if (typeof n !== 'number' || typeof expression.operands[1] !== 'number' || n > given.size) return false;
  return Array.from({ length: n }, (_, i) => given.has(i)).every(Boolean);
}
