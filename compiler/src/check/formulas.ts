import type { Body, Lambda, Expression as Syntax } from '@tfm-lang/grammar';
import { and, compare, local, or } from '../algebra/construct.js';
import { freeNames, walk } from '../algebra/walk.js';
import type { Expression, FormulaDeclaration } from '../graph/graph.js';
import { runBody } from './blocks.js';
import type { Context } from './context.js';
import { Environment } from './environment.js';
import { evaluate } from './expressions.js';
import {
  describe,
  type FormulaSite,
  type FormulaTemplate,
  type FunctionValue,
  failed,
  type MaskValue,
  type ScalarValue,
  type ScoreValue,
  type Segment,
  scalar,
  type TensorValue,
  type Value,
} from './values.js';

const query: Expression = { kind: 'axis', axis: 'query' };
const key: Expression = { kind: 'axis', axis: 'key' };

/** k ≤ q (Vaswani et al. 2017, section 3.2.3: no position sees a later one). */
export const causal: MaskValue = { kind: 'mask', text: 'causal', resolve: () => compare('less_equal', key, query) };

/** The names that a mask's or score's lambda may take; any of them, in any order. */
const formulaNames = ['s', 'head', 'q', 'k', 'query', 'key'];

export function lambda(expression: Lambda, context: Context): Value {
  const parameters = expression.parameters.map((p) => p.name);
  return {
    kind: 'function',
    name: `(${parameters.join(', ')}) => …`,
    parameters,
    bound: new Map(),
    call: (given, caller, at) => {
      const environment = new Environment(context.environment);
      for (const p of expression.parameters) environment.define(p.name, given.get(p.name) ?? failed, p.span);
      const inner = { ...context, environment, builder: caller.builder, home: caller.home };
      return caller.checker.nested(at, () => bodyValue(expression.body, inner));
    },
  };
}

export function bodyValue(body: Syntax | Body, context: Context): Value {
  return body.kind === 'body' ? runBody(body, context) : evaluate(body, context);
}

// --------------------------------------------------------------------------------------------- masks, scores

/** A value as a mask: a mask, `all`, a lambda over q and k, or a bool value for each key (or query and key). */
export function toMask(value: Value): MaskValue | undefined {
  switch (value.kind) {
    case 'mask':
      return value;
    case 'all':
      return { kind: 'mask', text: 'all', resolve: () => true };
    case 'scalar':
      if (typeof value.expression === 'number') return undefined;
      return { kind: 'mask', text: 'a condition', resolve: () => value.expression };
    case 'function':
      return { kind: 'mask', text: value.name, resolve: (site) => resolveLambda(value, site) };
    case 'template':
      return value.declaration.kind === 'mask' ? instantiate(value, new Map(), 'mask') : undefined;
    case 'tensor':
      return value.type.dtype === 'bool' ? maskOf(value) : undefined;
    default:
      return undefined;
  }
}

export function toScore(value: Value): ScoreValue | undefined {
  switch (value.kind) {
    case 'score':
      return value;
    case 'none':
      return { kind: 'score', text: 'none', resolve: (site) => site.score };
    case 'function':
      return { kind: 'score', text: value.name, resolve: (site) => resolveLambda(value, site) };
    case 'template':
      return value.declaration.kind === 'score' ? instantiate(value, new Map(), 'score') : undefined;
    default:
      return undefined;
  }
}

function maskOf(value: TensorValue): MaskValue {
  const axes = value.type.shape.length;
  const indices = axes === 3 ? [query, key] : [key];
  return {
    kind: 'mask',
    text: value.id,
    resolve: (site) => {
      if (axes !== 2 && axes !== 3) {
        site.context.checker.report('mask_rank', site.at, { found: String(axes) });
        return undefined;
      }
      return { kind: 'lookup', value: site.context.builder.use(value), batched: true, indices };
    },
  };
}

/** `causal and window(256)`; `undefined` where the operands are not masks. */
export function combineMasks(operator: 'and' | 'or', left: Value, right: Value): MaskValue | undefined {
  const maskLike = (v: Value): boolean => v.kind === 'mask' || v.kind === 'all' || v.kind === 'template';
  if (!maskLike(left) && !maskLike(right)) return undefined;
  const a = toMask(left);
  const b = toMask(right);
  if (!a || !b) return undefined;
  return {
    kind: 'mask',
    parts: (a.parts ?? 1) + (b.parts ?? 1),
    text: `${a.text} ${operator} ${b.text}`,
    resolve: (site) => {
      if ((a.parts ?? 1) + (b.parts ?? 1) > 100) {
        site.context.checker.report('too_large', site.at, {
          what: 'this mask is made of too many masks',
          fix: undefined,
        });
        return undefined;
      }
      const x = a.resolve(site);
      const y = b.resolve(site);
      if (x === undefined || y === undefined) return undefined;
      return operator === 'and' ? and(x, y) : or(x, y);
    },
  };
}

function formulaArguments(site: FormulaSite): ReadonlyMap<string, Value> {
  const position = (axis: 'query' | 'key', segments: readonly Segment[] | undefined): ScalarValue => ({
    kind: 'scalar',
    expression: { kind: 'axis', axis },
    position: { axis, ...(segments && { segments }) },
  });
  const vector = (of: 'query' | 'key'): ScalarValue => ({
    kind: 'scalar',
    expression: { kind: 'vector', of },
    vector: true,
  });
  return new Map<string, Value>([
    ['s', scalar(site.score)],
    ['head', scalar(site.head)],
    ['q', position('query', site.query)],
    ['k', position('key', site.key)],
    ['query', vector('query')],
    ['key', vector('key')],
  ]);
}

function resolveLambda(value: FunctionValue, site: FormulaSite): Expression | undefined {
  const { checker } = site.context;
  const unknown = value.parameters.find((p) => !formulaNames.includes(p));
  if (unknown !== undefined) {
    checker.report('formula_parameter', site.at, { name: unknown });
    return undefined;
  }
  return asFormula(value.call(formulaArguments(site), site.context, site.at), site);
}

function asFormula(value: Value, site: FormulaSite): Expression | undefined {
  if (value.kind === 'scalar' && !value.vector) return value.expression;
  if (value.kind !== 'error') {
    site.context.checker.report('wrong_kind', site.at, {
      expected: 'a condition or a number for each query and key',
      found: value.kind === 'scalar' ? 'a vector' : describe(value),
    });
  }
  return undefined;
}

/** `window(256)`, `relative(table)`: a mask or score with its arguments. */
export function instantiate(template: FormulaTemplate, given: ReadonlyMap<string, Value>, kind: 'mask'): MaskValue;
export function instantiate(template: FormulaTemplate, given: ReadonlyMap<string, Value>, kind: 'score'): ScoreValue;
export function instantiate(
  template: FormulaTemplate,
  given: ReadonlyMap<string, Value>,
  kind: 'mask' | 'score',
): MaskValue | ScoreValue {
  const { declaration } = template;
  const bodyIn = (arguments_: ReadonlyMap<string, Value>, site: FormulaSite): Expression | undefined => {
    const environment = new Environment(template.environment);
    for (const p of declaration.parameters) environment.define(p.name.name, arguments_.get(p.name.name) ?? failed);
    const inner = { ...site.context, file: template.file, environment };
    const at = { file: template.file, span: declaration.name.span };
    const result = site.context.checker.insideOf(declaration, at, () => {
      const value = evaluate(declaration.value, inner);
      const made = kind === 'mask' ? toMask(value) : toScore(value);
      const formula = made ? made.resolve(site) : asFormula(value, site);
      return formula === undefined ? failed : scalar(formula);
    });
    return result.kind === 'scalar' ? result.expression : undefined;
  };
  return {
    kind,
    text: declaration.name.name,
    resolve: (site: FormulaSite) =>
      named(site.context, { name: declaration.name.name, kind, ...sourceOf(template) }, given, (arguments_) =>
        bodyIn(arguments_, site),
      ),
  };
}

/** The definition as written, and the comment above it. */
function sourceOf({ declaration, file }: FormulaTemplate): Pick<FormulaDeclaration, 'text' | 'documentation'> {
  const { span, documentation } = declaration;
  const text = file.text.slice(span.start, span.end).replace(/\s+/g, ' ');
  return { text, ...(documentation && { documentation: documentation.text }) };
}

/**
 * Keeps the user's name for a formula where it depends on nothing but its arguments and the configuration: the graph
 * then has a declaration and a call of it. Else (tables, grids, loop indices) the formula is written out.
 */
export function named(
  context: Context,
  what: Pick<FormulaDeclaration, 'name' | 'kind' | 'text' | 'documentation'>,
  given: ReadonlyMap<string, Value>,
  body: (arguments_: ReadonlyMap<string, Value>) => Expression | undefined,
): Expression | undefined {
  const scalars = [...given].flatMap(([name, v]) =>
    v.kind === 'scalar' && !v.vector && !v.position ? [{ name, value: v.expression }] : [],
  );
  if (scalars.length < given.size) return body(given);
  const open = body(new Map(scalars.map(({ name }) => [name, scalar(local(name))])));
  if (open === undefined) return undefined;
  const names = new Set(scalars.map((s) => s.name));
  if (!selfContained(open, names)) return body(given);
  const declaration: FormulaDeclaration = {
    ...what,
    parameters: scalars.map(({ name }) => ({ name, kind: 'scalar' })),
    expression: open,
  };
  return { kind: 'apply', formula: declare(context, declaration), arguments: scalars.map((s) => s.value) };
}

function selfContained(expression: Expression, parameters: ReadonlySet<string>): boolean {
  for (const name of freeNames(expression).locals) if (!parameters.has(name)) return false;
  for (const part of walk(expression)) {
    if (typeof part !== 'object') continue;
    if (part.kind === 'lookup' || part.kind === 'dimension' || part.kind === 'vector') return false;
  }
  return typeof expression === 'object';
}

function declare(context: Context, declaration: FormulaDeclaration): string {
  const { formulas } = context.checker;
  const body = JSON.stringify(declaration.expression);
  let name = declaration.name;
  for (let n = 2; ; n++) {
    const known = formulas.get(name);
    if (!known) break;
    if (JSON.stringify(known.expression) === body) return name;
    name = `${declaration.name}_${n}`;
  }
  formulas.set(name, { ...declaration, name });
  return name;
}
