import type { Dimension, Name, Stream, Expression as Syntax } from '@tfm-lang/grammar';
import { local } from '../algebra/construct.js';
import { type Constraint, solve } from '../algebra/solve.js';
import type { Expression } from '../graph/graph.js';
import { atSpan, type Context } from './context.js';
import type { Binding } from './environment.js';
import { evaluate } from './expressions.js';
import { agree, showType } from './sizes.js';
import { scalar, type TensorValue } from './values.js';

/** `from x: float[.., width]`: names that mean nothing yet are bound to the stream's sizes, the others must agree. */
export function bindStream(stream: Stream, input: TensorValue, context: Context): boolean {
  const { type } = stream;
  if (!type) return true;
  const { checker, environment } = context;
  const at = atSpan(context, type.span);
  const sizes = input.type.shape;
  const wanted = type.dimensions;
  if (type.open ? sizes.length < wanted.length : sizes.length !== wanted.length) {
    const expected = `${type.open ? 'at least ' : ''}${wanted.length}`;
    checker.report('stream_rank', checker.calls.at(-1) ?? at, { expected, found: showType(checker, input.type) }, [
      { at, text: 'declared here' },
    ]);
    return false;
  }
  const tail = sizes.slice(sizes.length - wanted.length);
  const unknowns = new Map<string, Binding>();
  for (const part of wanted.flatMap((d) => namesIn(d.size))) {
    if (environment.find(part.name)) continue;
    environment.define(part.name, scalar(local(`?${part.name}`)), part.span);
    const binding = environment.find(part.name);
    if (binding) unknowns.set(`?${part.name}`, binding);
  }
  const constraints = wanted.flatMap((dimension, i): Constraint<Dimension>[] => {
    const value = evaluate(dimension.size, context);
    return value.kind === 'scalar' ? [{ left: value.expression, right: tail[i] ?? 0, origin: dimension }] : [];
  });
  return constraints.length === wanted.length && solveStream(constraints, unknowns, context);
}

/** All sizes of the stream are known before the first name is solved for. */
function solveStream(
  constraints: readonly Constraint<Dimension>[],
  unknowns: ReadonlyMap<string, Binding>,
  context: Context,
): boolean {
  const { checker } = context;
  const solution = solve(constraints, [...unknowns.keys()]);
  for (const [name, binding] of unknowns) {
    binding.value = scalar(solution.bindings.get(name)?.value ?? 0);
    if (solution.bindings.has(name)) continue;
    checker.report('unbound_dimension', atSpan(context, binding.span ?? { start: 0, end: 0 }), { name: binding.name });
  }
  let fine = solution.unbound.length === 0;
  for (const { left, right, constraint, against } of solution.contradictions) {
    const at = atSpan(context, constraint.origin.span);
    const call = checker.calls.at(-1) ?? at;
    if (agree(checker, left, right, call)) continue;
    fine = false;
    const [first, second] = [checker.showSize(left), checker.showSize(right)];
    const binding = against.find((b) => `?${b.name.slice(1)}` === printed(constraint.left));
    if (!binding) {
      checker.report('stream_size', call, { expected: first, found: second }, [{ at, text: 'declared here' }]);
      continue;
    }
    checker.report('dimension_bound_twice', call, { name: binding.name.slice(1), first, second }, [
      { at: atSpan(context, binding.origin.span), text: `this is ${first}` },
      { at, text: `this is ${second}` },
    ]);
  }
  return fine;
}

const printed = (size: Expression): string => (typeof size === 'object' && size.kind === 'local' ? size.name : '');

function namesIn(size: Syntax): readonly Name[] {
  switch (size.kind) {
    case 'name':
      return [size];
    case 'binary':
      return [...namesIn(size.left), ...namesIn(size.right)];
    case 'unary':
      return namesIn(size.operand);
    case 'parenthesized':
      return size.items.flatMap(namesIn);
    default:
      return [];
  }
}
