import type { AxesStep } from './map.js';

/** A side of a pattern: every axis is the product of its names; an axis of one has none. */
type Side = readonly (readonly string[])[];

/** An arrangement with all sizes known. */
export interface Arrangement {
  /** The sizes of the single axes, in the order of the left side. */
  readonly sizes: readonly number[];
  /** Position on the left of every single axis of the right. */
  readonly order: readonly number[];
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/** The arrangement that turns a tensor of this shape; a text says why there is none. */
export function arrangementFrom(step: AxesStep, before: readonly number[]): Arrangement | string {
  return arrange(step, before, 'left');
}

/** The arrangement that gives a tensor of this shape; a text says why there is none. */
export function arrangementTo(step: AxesStep, after: readonly number[]): Arrangement | string {
  return arrange(step, after, 'right');
}

/** Whether the step leaves a tensor of this rank as it is: a bias beside a weight that it rearranges. */
export function passesThrough(step: AxesStep, rank: number, side: 'before' | 'after'): boolean {
  const sides = parse(step.pattern);
  if (rank !== 1 || typeof sides === 'string') return false;
  return (side === 'before' ? sides.left : sides.right).length > 1;
}

function arrange(step: AxesStep, shape: readonly number[], side: 'left' | 'right'): Arrangement | string {
  const sides = parse(step.pattern);
  if (typeof sides === 'string') return sides;
  const sizes = solve(sides[side], shape, step);
  if (typeof sizes === 'string') return sizes;
  const left = sides.left.flat();
  const product = (names: readonly string[]): number =>
    names.reduce((total, name) => total * (sizes.get(name) ?? 1), 1);
  return {
    sizes: left.map((name) => sizes.get(name) ?? 1),
    order: sides.right.flat().map((name) => left.indexOf(name)),
    before: sides.left.map(product),
    after: sides.right.map(product),
  };
}

function parse(pattern: string): { left: Side; right: Side } | string {
  const halves = pattern.split('->');
  if (halves.length !== 2) return `'${pattern}' is not 'axes -> axes'`;
  const left = parseSide(halves[0] ?? '');
  const right = parseSide(halves[1] ?? '');
  if (typeof left === 'string') return left;
  if (typeof right === 'string') return right;
  const names = left.flat();
  const others = right.flat();
  if (new Set(names).size !== names.length || new Set(others).size !== others.length) {
    return `'${pattern}' has an axis twice on one side`;
  }
  const missing = names.find((name) => !others.includes(name)) ?? others.find((name) => !names.includes(name));
  return missing === undefined ? { left, right } : `'${pattern}' has the axis '${missing}' on one side only`;
}

function parseSide(text: string): Side | string {
  const groups: string[][] = [];
  let rest = text.trim();
  while (rest !== '') {
    const token = /^(?:\(([^()]*)\)|(\w+))\s*/.exec(rest);
    if (token === null) return `'${rest}' in '${text.trim()}' is neither an axis nor axes in parentheses`;
    const names = (token[1] ?? token[2] ?? '').split(/\s+/).filter((name) => name !== '' && name !== '1');
    const wrong = names.find((name) => !/^[A-Za-z_]\w*$/.test(name));
    if (wrong !== undefined) return `'${wrong}' is not the name of an axis`;
    groups.push(names);
    rest = rest.slice(token[0].length);
  }
  return groups;
}

/** The size of every name, from the sizes that are given and from those of the whole axes. */
function solve(side: Side, shape: readonly number[], step: AxesStep): Map<string, number> | string {
  const text = `[${shape.join(', ')}]`;
  if (side.length !== shape.length) return `'${step.pattern}' speaks of ${side.length} axes, the tensor is ${text}`;
  const sizes = new Map(Object.entries(step.sizes ?? {}));
  for (const [axis, names] of side.entries()) {
    const whole = shape[axis] ?? 1;
    const unknown = names.filter((name) => !sizes.has(name));
    const known = names.reduce((product, name) => product * (sizes.get(name) ?? 1), 1);
    const [name] = unknown;
    if (unknown.length > 1) return `the sizes of ${unknown.join(' and ')} are not known: write ${name}: … in axes(…)`;
    if (name !== undefined) {
      if (known === 0 || whole % known !== 0)
        return `${whole} is not a multiple of ${known} on axis ${axis} of ${text}`;
      sizes.set(name, whole / known);
    } else if (known !== whole) return `axis ${axis} of ${text} should be ${known}`;
  }
  return sizes;
}
