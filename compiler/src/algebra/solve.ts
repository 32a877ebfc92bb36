import type { Expression } from '../graph/graph.js';
import { call, divide, isOperator, local, same, subtract } from './construct.js';
import { constantDifference, equal, normalize } from './normalize.js';
import { atomPolynomial, dividePowers, type Polynomial, type Term } from './polynomial.js';
import { toExpression } from './rebuild.js';
import { freeNames, substitute } from './walk.js';

/** Two sizes that must agree, and where that is said. */
export interface Constraint<Origin> {
  readonly left: Expression;
  readonly right: Expression;
  readonly origin: Origin;
}

interface Binding<Origin> {
  readonly value: Expression;
  readonly origin: Origin;
}

/** A constraint that does not hold. */
interface Contradiction<Origin> {
  /** Both sides with the bindings put in. */
  readonly left: Expression;
  readonly right: Expression;
  readonly constraint: Constraint<Origin>;
  /** The bindings that it contradicts, with their own places. */
  readonly against: readonly ({ readonly name: string } & Binding<Origin>)[];
  /** The sides differ by a number that is not 0: no configuration can make them agree. */
  readonly never: boolean;
}

export interface Solution<Origin> {
  readonly bindings: ReadonlyMap<string, Binding<Origin>>;
  /** Unknowns that nothing determines, in the order given. */
  readonly unbound: readonly string[];
  readonly contradictions: readonly Contradiction<Origin>[];
}

/**
 * Solves for the unknowns (`local` names). All constraints are known before the first is solved, so their order does
 * not matter, but for this: of two different values for one name the first binds it and the second is the mistake.
 */
export function solve<Origin>(
  constraints: readonly Constraint<Origin>[],
  unknowns: readonly string[],
): Solution<Origin> {
  const bindings = new Map<string, Binding<Origin>>();
  const values = new Map<string, Expression>();
  const used = new Set<Constraint<Origin>>();
  const open = new Set(unknowns);
  const bind = (name: string, value: Expression, constraint: Constraint<Origin>): void => {
    bindings.set(name, { value, origin: constraint.origin });
    values.set(name, value);
    used.add(constraint);
    open.delete(name);
  };
  const step = (solveOne: typeof direct): boolean => {
    for (const constraint of constraints) {
      if (used.has(constraint)) continue;
      const sides = [substitute(constraint.left, values), substitute(constraint.right, values)] as const;
      const found = solveOne(sides[0], sides[1], open);
      if (!found) continue;
      bind(found.name, found.value, constraint);
      return true;
    }
    return false;
  };
  while (open.size > 0 && (step(direct) || step(linear)));
  return { bindings, unbound: [...open], contradictions: contradictions(constraints, bindings, values, open, used) };
}

interface Found {
  readonly name: string;
  readonly value: Expression;
}

const unknownsIn = (expression: Expression, open: ReadonlySet<string>): readonly string[] =>
  [...freeNames(expression).locals].filter((name) => open.has(name));

/** `width = 768`: one side is the unknown itself. */
function direct(left: Expression, right: Expression, open: ReadonlySet<string>): Found | undefined {
  for (const [side, other] of [
    [left, right],
    [right, left],
  ] as const) {
    if (typeof side !== 'object' || side.kind !== 'local' || !open.has(side.name)) continue;
    if (unknownsIn(other, open).length === 0) return { name: side.name, value: other };
  }
  return undefined;
}

/** One unknown, to the first power: `2 * h = width`. */
function linear(left: Expression, right: Expression, open: ReadonlySet<string>): Found | undefined {
  const names = new Set([...unknownsIn(left, open), ...unknownsIn(right, open)]);
  const [name] = names;
  if (name === undefined || names.size > 1) return undefined;
  const unknown = local(name);
  const inLeft = occurrences(left, name);
  const inRight = occurrences(right, name);
  const isolated =
    inLeft + inRight > 1 ? undefined : inLeft === 1 ? isolate(left, right, unknown) : isolate(right, left, unknown);
  const value = isolated ?? collected(subtract(left, right), name);
  return value === undefined ? undefined : { name, value };
}

function occurrences(expression: Expression, name: string): number {
  if (typeof expression !== 'object') return 0;
  if (expression.kind === 'local') return expression.name === name ? 1 : 0;
  if (expression.kind !== 'operator') return freeNames(expression).locals.has(name) ? 1 : 0;
  return expression.operands.reduce<number>((sum, operand) => sum + occurrences(operand, name), 0);
}

/** Takes the operators around the unknown to the other side, which keeps the user's form of it. */
function isolate(side: Expression, other: Expression, unknown: Expression): Expression | undefined {
  if (same(side, unknown)) return other;
  if (isOperator(side, 'negate')) return isolate(side.operands[0]!, call('negate', other), unknown);
  if (typeof side !== 'object' || side.kind !== 'operator' || side.operands.length !== 2) return undefined;
  const [a, b] = side.operands as readonly [Expression, Expression];
  const name = (unknown as { readonly name: string }).name;
  const inFirst = occurrences(a, name) > 0;
  const [inner, rest] = inFirst ? [a, b] : [b, a];
  switch (side.operator) {
    case 'add':
      return isolate(inner, subtract(other, rest), unknown);
    case 'subtract':
      return isolate(inner, inFirst ? call('add', other, rest) : subtract(rest, other), unknown);
    case 'multiply':
      return equal(rest, 0) ? undefined : isolate(inner, divide(other, rest), unknown);
    case 'divide':
      if (inFirst) return isolate(inner, call('multiply', other, rest), unknown);
      return equal(other, 0) ? undefined : isolate(inner, divide(rest, other), unknown);
    default:
      return undefined;
  }
}

/** a · x + b = 0 with x in several places: −b / a. */
function collected(difference: Expression, name: string): Expression | undefined {
  const { numerator, atoms } = normalize(difference);
  const key = [...atomPolynomial(`local:${name}`).keys()][0]!;
  const factor = new Map<string, Term>();
  const rest = new Map<string, Term>();
  for (const [termKey, term] of numerator) {
    const exponent = term.powers.get(key) ?? 0;
    if (exponent > 1) return undefined;
    (exponent === 1 ? factor : rest).set(termKey, term);
    for (const atom of term.powers.keys()) {
      const meaning = atoms.get(atom);
      if (atom !== key && meaning !== undefined && freeNames(meaning).locals.has(name)) return undefined;
    }
  }
  if (factor.size === 0) return undefined;
  const coefficient = dividePowers(factor, new Map([[key, 1]]));
  const one: Polynomial = normalize(1).numerator;
  const above = toExpression({ numerator: rest, denominator: one }, atoms);
  const quotient = divide(call('negate', above), toExpression({ numerator: coefficient, denominator: one }, atoms));
  const canonical = normalize(quotient);
  return toExpression(canonical, canonical.atoms);
}

function contradictions<Origin>(
  constraints: readonly Constraint<Origin>[],
  bindings: ReadonlyMap<string, Binding<Origin>>,
  values: ReadonlyMap<string, Expression>,
  open: ReadonlySet<string>,
  used: ReadonlySet<Constraint<Origin>>,
): readonly Contradiction<Origin>[] {
  const result: Contradiction<Origin>[] = [];
  for (const constraint of constraints) {
    if (used.has(constraint)) continue;
    const left = substitute(constraint.left, values);
    const right = substitute(constraint.right, values);
    // What a name that nothing determines would have to be is not known: that it is unbound is the mistake to report.
    if (equal(left, right) || unknownsIn(left, open).length > 0 || unknownsIn(right, open).length > 0) continue;
    const names = new Set([...freeNames(constraint.left).locals, ...freeNames(constraint.right).locals]);
    const against = [...names].flatMap((name) => {
      const binding = bindings.get(name);
      return binding ? [{ name, ...binding }] : [];
    });
    result.push({ left, right, constraint, against, never: (constantDifference(left, right) ?? 0) !== 0 });
  }
  return result;
}
