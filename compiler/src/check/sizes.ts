import { call, compare, modulo, not, or } from '../algebra/construct.js';
import { normalize } from '../algebra/normalize.js';
import { print } from '../algebra/print.js';
import { toExpression } from '../algebra/rebuild.js';
import { type ExactDivision, evaluateSize, exactDivisions, type SizeProblem } from '../algebra/size.js';
import { freeNames } from '../algebra/walk.js';
import type { Expression, ValueType } from '../graph/graph.js';
import type { Checker } from './checker.js';
import type { At } from './values.js';

/** `float[B, T, width = 768]` */
export function showType(checker: Checker, type: ValueType): string {
  return `${type.dtype}[${type.shape.map((size) => checker.showSize(size)).join(', ')}]`;
}

/** The size of the last axis. */
export function lastSize(type: ValueType): Expression {
  const size = type.shape.at(-1);
  if (size === undefined) throw new Error('a value without axes has no last one');
  return size;
}

/** The type with another last axis. */
export function withLast(type: ValueType, size: Expression): ValueType {
  return { dtype: 'float', shape: [...type.shape.slice(0, -1), size] };
}

/**
 * Accepts an expression as a size: whole and not negative in every known configuration. What holds only for some
 * configurations becomes a requirement of the generated module. False where it is wrong already (and reported).
 */
export function checkSize(checker: Checker, size: Expression, at: At): boolean {
  checker.markSize(size);
  for (const { name, known } of checker.configurations) {
    if (checker.refused.has(name)) continue;
    const result = evaluateSize(size, { ...known, formulas: checker.formulas });
    if (!('problem' in result) || result.problem === 'unknown') continue;
    const where = name === '' ? '' : ` in preset ${name}`;
    const text = print(size);
    const whole = `${text} is `;
    const detail = result.detail.startsWith(whole) ? `it is ${result.detail.slice(whole.length)}` : result.detail;
    reportSize(checker, result, { size: text, detail, where }, at);
    return false;
  }
  for (const part of exactDivisions(size)) requireWhole(checker, part, at);
  return true;
}

const isDivision = (part: Expression): boolean =>
  typeof part === 'object' && part.kind === 'operator' && part.operator === 'divide';

interface SizeDetail {
  readonly size: string;
  readonly detail: string;
  readonly where: string;
}

function reportSize(checker: Checker, { problem, at: part }: SizeProblem, detail: SizeDetail, at: At): void {
  // A parameter that is no size by its default is wrong there, whatever uses it.
  const source =
    typeof part === 'object' && part.kind === 'parameter' && detail.where === ''
      ? checker.defaults.get(part.name)
      : undefined;
  const place = source ?? at;
  const divides = place.file.text.slice(place.span.start, place.span.end).includes('/') || isDivision(part);
  const fix = divides
    ? 'choose sizes that divide, or write floor(a / b) where rounding down is meant'
    : 'choose a whole number';
  if (problem === 'not_whole') checker.report('division_not_whole', place, { ...detail, fix });
  else if (problem === 'negative') checker.report('negative_size', place, detail);
  else checker.report('size_not_finite', place, detail);
}

function requireWhole(checker: Checker, { division, when }: ExactDivision, at: At): void {
  const [a, b] = division.operands;
  if (a === undefined || b === undefined) return;
  const isWhole = compare('equal', modulo(a, b), 0);
  const condition = when.reduce((whole, arm) => or(arm.holds ? not(arm.condition) : arm.condition, whole), isWhole);
  // Loop indices and input sizes are not part of the configuration; a whole power of them is the spec's affair.
  const names = freeNames(condition);
  if (condition === true || names.locals.size > 0 || names.dimensions.size > 0) return;
  checker.addRequirement({
    condition,
    message: [`${print(division)} must be whole; `, a, ' / ', b, ' is ', call('divide', a, b)],
    place: checker.place(at),
  });
}

/**
 * Whether two sizes agree. Equal for every configuration: yes. Equal at the defaults only: yes, with a warning and a
 * requirement. Else no; the caller reports, because it knows what the sizes are of.
 */
export function agree(checker: Checker, a: Expression, b: Expression, at: At): boolean {
  if (checker.sameSize(a, b)) return true;
  const names = [freeNames(a), freeNames(b)];
  if (names.some((n) => n.locals.size > 0 || n.dimensions.size > 0)) return false;
  const left = checker.value(a);
  if (left === undefined || left !== checker.value(b)) return false;
  if (checker.isRequired(a, b)) return true;
  checker.report('equal_by_default', at, { left: print(a), right: print(b), value: String(left) });
  checker.addRequirement({
    condition: compare('equal', a, b),
    message: [`${print(a)} and ${print(b)} must be equal; they are `, a, ' and ', b],
    place: checker.place(at),
  });
  return true;
}

/** Shapes agree axis by axis. */
export function sameShape(checker: Checker, a: ValueType, b: ValueType, at: At): boolean {
  return a.shape.length === b.shape.length && a.shape.every((size, i) => agree(checker, size, b.shape[i] ?? 0, at));
}

/** The shape of an elementwise operation, trailing axes aligned and 1 stretched; `undefined` where they do not fit. */
export function broadcast(checker: Checker, a: ValueType, b: ValueType, at: At): readonly Expression[] | undefined {
  const rank = Math.max(a.shape.length, b.shape.length);
  const shape: Expression[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const left = a.shape[a.shape.length - rank + axis];
    const right = b.shape[b.shape.length - rank + axis];
    if (left === undefined || left === 1) shape.push(right ?? left ?? 1);
    else if (right === undefined || right === 1 || agree(checker, left, right, at)) shape.push(left);
    else return undefined;
  }
  return shape;
}

/** The shorter of an expression and its canonical form: `heads * (width / heads)` is `width`. */
export function shortest(size: Expression): Expression {
  if (typeof size !== 'object' || size.kind !== 'operator') return size;
  const canonical = normalize(size);
  const other = toExpression(canonical, canonical.atoms);
  return print(other).length < print(size).length ? other : size;
}
