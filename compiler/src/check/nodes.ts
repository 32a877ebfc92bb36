import { freeNames } from '../algebra/walk.js';
import type {
  Expression,
  Initializer,
  Node,
  ValueId,
  ValueType,
  WeightDeclaration,
  WeightPath,
} from '../graph/graph.js';

import type { OperatorName } from '../graph/operators.js';
import type { Context } from './context.js';
import { pathKey } from './home.js';
import { agree } from './sizes.js';
import type { At, CopiesValue, Segment, Site, TensorValue } from './values.js';

interface NodeParts {
  readonly operator: OperatorName;
  readonly inputs: readonly (TensorValue | null)[];
  readonly type: ValueType;
  readonly attributes?: Readonly<Record<string, Expression>>;
  readonly weights?: Readonly<Record<string, WeightPath>>;
  readonly segments?: readonly Segment[] | undefined;
  readonly label?: string | undefined;
}

/** Adds an operator to the function in hand and returns its value. */
export function emit(context: Context, at: At, parts: NodeParts): TensorValue {
  const [value] = emitMany(context, at, { ...parts, types: [parts.type] });
  if (!value) throw new Error('an operator has at least one result');
  return value;
}

/** The same for operators with several results. */
export function emitMany(
  context: Context,
  at: At,
  parts: Omit<NodeParts, 'type'> & { readonly types: readonly ValueType[] },
): TensorValue[] {
  const { builder, checker } = context;
  const outputs = parts.types.map((type) => ({ id: builder.id(parts.label ?? parts.operator), type }));
  builder.add({
    kind: 'operator',
    operator: parts.operator,
    inputs: parts.inputs.map((input) => (input ? builder.use(input) : null)),
    weights: parts.weights ?? {},
    attributes: parts.attributes ?? {},
    outputs,
    ...(parts.label !== undefined && { label: parts.label }),
    place: checker.place(at),
  });
  const constant = parts.inputs.every((input) => input === null || input.constant === true);
  return outputs.map(({ id, type }) => ({ ...tensor(context, id, type, at, parts.segments), constant }));
}

export function tensor(
  context: Context,
  id: ValueId,
  type: ValueType,
  at: At,
  segments?: readonly Segment[],
): TensorValue {
  return { kind: 'tensor', id, builder: context.builder, type, at, ...(segments && { segments }) };
}

/** The i-th copy's result of a labelled repeat. */
export function element(context: Context, copies: CopiesValue, index: Expression, at: At): TensorValue {
  copies.collect();
  const list: TensorValue = { kind: 'tensor', id: copies.id, builder: copies.builder, type: copies.type, at };
  return emit(context, at, {
    operator: 'element',
    inputs: [list],
    type: copies.type,
    attributes: { index },
    segments: copies.segments,
  });
}

/** What a projection is called behind these operators: `q`, then `q_heads`. */
const afterwards: Readonly<Record<string, string>> = { split_heads: 'heads', rotary: 'rotated' };

/** Gives the value that was just made the name of its `let`; an own label stays. */
export function relabel(value: TensorValue, name: string, context: Context): TensorValue {
  const { builder } = context;
  const { nodes, labels } = builder.region;
  const last = nodes.at(-1);
  if (!last || value.builder !== builder || last.label !== undefined || last.outputs[0]?.id !== value.id) return value;
  // Where a stage inside the pipeline has the same label, `explain` shows that one.
  const taken = labels.has(name);
  const state = last.kind === 'operator' ? afterwards[last.operator] : undefined;
  const id = builder.id(taken && state !== undefined ? `${name}_${state}` : name);
  const renamed: Node = {
    ...last,
    ...(!taken && { label: name }),
    outputs: last.outputs.map((o, i) => (i === 0 ? { ...o, id } : o)),
  };
  nodes[nodes.length - 1] = renamed;
  labels.add(name);
  return { ...value, id };
}

export interface WeightRequest {
  readonly role: string;
  readonly shape: readonly Expression[];
  readonly initializer: Initializer;
  readonly trained?: boolean;
  /** Where it exists at all: `bias: gated`. */
  readonly when?: Expression;
}

/**
 * Declares the weights of one use of an operator and returns their paths by role. An instance declares at its first
 * use; later uses must want the same shapes.
 */
export function declareWeights(
  site: Site,
  wanted: string,
  requests: readonly WeightRequest[],
): Record<string, WeightPath> | undefined {
  const { context, at } = site;
  const home = enterLabel(site, wanted);
  const paths: Record<string, WeightPath> = {};
  for (const request of requests) {
    const leaf = request.role === '' ? [] : request.role.split('.');
    const path = home.path(context.builder, ...leaf);
    if (!path) {
      context.checker.report('not_yet_supported', at, {
        construct: 'an instance shared from a block with an inner block',
      });
      return undefined;
    }
    const own: WeightPath = { root: 'function', segments: path.segments };
    if (!declare(context, at, request, own, home, site.was)) return undefined;
    paths[request.role] = path;
  }
  return paths;
}

/** The scope of a labelled or unlabelled thing: its label, or a free name made of what it is. */
export function enterLabel(site: Site, wanted: string): Context['home'] {
  const { context, at, label } = site;
  if (label === undefined && site.inPlace) return context.home;
  if (label === undefined) {
    const name = context.home.free(wanted);
    if (name !== wanted) context.checker.renumbered.add(name);
    return context.home.enter(name);
  }
  takeLabel(context, label, site.labelAt ?? at, site.was);
  return context.home.enter(label);
}

/** Takes a label in the scope in hand, with what is wrong with it. */
export function takeLabel({ home, checker }: Context, label: string, at: At, was?: string): void {
  const problem = home.label(label, was);
  if (!problem) return;
  if ('twice' in problem) checker.report('label_twice', at, { label });
  else checker.report('was_twice', at, { name: problem.old });
}

function declare(
  context: Context,
  at: At,
  request: WeightRequest,
  path: WeightPath,
  home: Context['home'],
  was: string | undefined,
): boolean {
  if (!sizesAreKnown(context, at, request)) return false;
  const key = pathKey(path.segments);
  const known = home.declared?.get(key);
  if (known !== undefined && typeof known !== 'string') return sameWeight(context, at, known, request);
  const own = request.when === undefined || request.when === true ? [] : [request.when];
  const [when, ...more] = [...home.conditions, ...own];
  const declaration: WeightDeclaration = {
    path,
    shape: request.shape,
    initializer: request.initializer,
    trained: request.trained ?? true,
    loops: home.loops,
    ...(when !== undefined && { when: more.reduce<Expression>((a, b) => operatorAnd(a, b), when) }),
    ...(was !== undefined && { was: renamed(path, was, request.role) }),
    place: context.checker.place(at),
  };
  home.owner.weights.push(declaration);
  home.declared?.set(key, declaration);
  return true;
}

/** A weight is there before any input: a dimension of the inputs cannot be one of its sizes. */
function sizesAreKnown({ checker }: Context, at: At, { shape }: WeightRequest): boolean {
  const open = shape.find((size) => freeNames(size).dimensions.size > 0);
  if (open === undefined) return true;
  checker.report('wrong_kind', at, {
    expected: 'sizes of weights that the configuration decides',
    found: `${checker.showSize(open)}, which the inputs decide`,
  });
  return false;
}

export function operatorAnd(a: Expression, b: Expression): Expression {
  return { kind: 'operator', operator: 'and', operands: [a, b] };
}

/** The path with the label before it was renamed: `as new was old`. */
export function renamed(path: WeightPath, was: string, role: string): WeightPath {
  const leaf = role === '' ? 0 : role.split('.').length;
  const place = path.segments.length - 1 - leaf;
  return { ...path, segments: path.segments.map((s, i) => (i === place ? was : s)) };
}

function sameWeight(context: Context, at: At, known: WeightDeclaration, request: WeightRequest): boolean {
  const { checker } = context;
  const fits =
    known.shape.length === request.shape.length &&
    known.shape.every((size, i) => agree(checker, size, request.shape[i] ?? 0, at));
  if (!fits) {
    const show = (shape: readonly Expression[]): string => `[${shape.map((s) => checker.showSize(s)).join(', ')}]`;
    const use = checker.instanceUses.at(-1) ?? at;
    checker.report('instance_shape', use, { first: show(known.shape), now: show(request.shape) }, [
      { at, text: 'the instance' },
    ]);
  }
  return fits;
}
