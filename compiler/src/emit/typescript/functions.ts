import type { GraphFunction, Node } from '../../graph/graph.js';
import { neededFor, readsOf } from '../../graph/uses.js';
import { axisOf, FunctionContext, type ModelContext } from './context.js';
import { scalar } from './expressions.js';
import { type Code, flat, objectOf } from './layout.js';
import { hasWeights } from './node-kinds.js';
import { valueCode } from './operator-call.js';
import { spelled, spelledType } from './spelling.js';
import { arrowBody, printed, returning, type Statement } from './statement.js';
import { StatementWriter } from './statements.js';
import { propertyName } from './text.js';

export interface MethodCode {
  readonly parameters: readonly { readonly name: string; readonly type: string }[];
  readonly body: string;
}

/** A block of the spec as a private method: its stream, captured values, weights, scalars and scope. */
export function blockMethod(fn: GraphFunction, model: ModelContext): MethodCode {
  const dimensions = new Map<string, string>();
  const context = contextOf(fn, model, dimensions);
  const scope = context.names.declare('scope');
  for (const name of model.openDimensions(fn.name)) dimensions.set(name, context.names.declare(name));
  const parameters = fn.parameters.map(({ id }) => {
    const name = context.names.declare(id);
    context.values.set(id, name);
    const tensor = model.imports.type('Tensor');
    return { name, type: model.listParameters(fn.name).has(id) ? `readonly ${tensor}[]` : tensor };
  });
  const root = context.names.declare('w');
  const weights = hasWeights(fn) ? [{ name: root, type: model.weightsTypeOf(fn.name) }] : [];
  const scalars = fn.scalars.map(({ name, type }) => ({ name: context.bind(name), type }));
  const sizes = [...dimensions.values()].map((name) => ({ name, type: 'number' }));
  const body = new StatementWriter(context, fn, root).body(fn.body);
  const result = valueCode(context, fn.body.results[0] ?? '');
  const statements = [...preamble(context), ...returning(body, result)];
  return {
    parameters: [...parameters, ...weights, ...scalars, ...sizes, { name: scope, type: model.imports.type('Scope') }],
    body: printed(statements),
  };
}

/** `float[B, T, width] → float[B, T, width]`, and what the block captures. */
export function signature(fn: GraphFunction): readonly string[] {
  const stream = fn.parameters.filter(({ captured }) => !captured).map(({ type }) => spelledType(type));
  const [result] = fn.body.results;
  const values = [...fn.parameters, ...fn.body.nodes.flatMap(({ outputs }) => outputs)];
  const output = values.find(({ id }) => id === result);
  const captured = fn.parameters.filter((parameter) => parameter.captured);
  return [
    `\`${[...stream, '→', output ? spelledType(output.type) : ''].join(' ')}\``,
    ...captured.map(({ id, type }) => `\`${id}: ${spelledType(type)}\``),
  ];
}

/** The model's own statements: from the inputs to the outputs. */
export function computeMethod(model: ModelContext): MethodCode {
  const fn = model.model.main;
  const context = contextOf(fn, model);
  const scope = context.names.declare('scope');
  const inputs = fn.parameters.map(({ id }) => {
    const name = context.names.declare(id);
    context.values.set(id, name);
    return name === id ? id : `${propertyName(id)}: ${name}`;
  });
  const root = context.names.declare('w');
  const writer = new StatementWriter(context, fn, root);
  const statements =
    model.model.outputs.length > 1 ? onDemand(fn, model, context, writer) : alone(fn, model, context, writer);
  const usesWeights = hasWeights(fn);
  const weights: Statement[] = usesWeights ? [{ kind: 'const', target: root, code: 'this.weights' }] : [];
  const { imports } = model;
  return {
    parameters: [
      { name: `{ ${inputs.join(', ')} }`, type: `${imports.type('InputTensors')}<${model.inputsType}>` },
      { name: scope, type: imports.type('Scope') },
    ],
    body: printed([...preamble(context), ...weights, ...statements]),
  };
}

function alone(fn: GraphFunction, model: ModelContext, context: FunctionContext, writer: StatementWriter): Statement[] {
  const body = writer.body(fn.body);
  const entries = model.model.outputs.map(
    ({ name }, index) => [propertyName(name), valueCode(context, fn.body.results[index] ?? '')] as const,
  );
  return [...body, { kind: 'line', code: ['return ', objectOf(entries)] }];
}

/**
 * Several outputs: each computes what only it needs when it is asked for. What some, but not all, share is computed by
 * the first of them that is asked for.
 */
function onDemand(
  fn: GraphFunction,
  model: ModelContext,
  context: FunctionContext,
  writer: StatementWriter,
): Statement[] {
  const needs = neededFor(fn);
  const count = model.model.outputs.length;
  const groups = new Map<string, (typeof fn.body.nodes)[number][]>();
  for (const node of fn.body.nodes) {
    const key = (needs.get(node) ?? []).join(',');
    groups.set(key, [...(groups.get(key) ?? []), node]);
  }
  const everywhere = Array.from({ length: count }, (_, index) => index).join(',');
  const region = (key: string) => ({ parameters: [], nodes: groups.get(key) ?? [], results: [] });
  const statements: Statement[] = writer.body(region(everywhere));
  const isReadOutside = (id: string, nodes: readonly Node[]): boolean =>
    fn.body.results.includes(id) || fn.body.nodes.some((node) => !nodes.includes(node) && readsOf(node).includes(id));
  // A value is needed by all that its users are needed for: larger sets first.
  const partial = [...groups.keys()].filter((key) => key.includes(',') && key !== everywhere);
  partial.sort((a, b) => b.split(',').length - a.split(',').length || (a < b ? -1 : 1));
  for (const key of partial) {
    const shared = context.names.declare('shared');
    const nodes = region(key);
    const body = writer.body(nodes);
    const made = nodes.nodes.flatMap(({ outputs }) =>
      outputs.flatMap(({ id }) => (context.values.has(id) && isReadOutside(id, nodes.nodes) ? [id] : [])),
    );
    const entries = made
      .map((id) => flat(valueCode(context, id)))
      .filter((name) => /^\w+$/.test(name))
      .map((name) => [name, name] as const);
    statements.push({
      kind: 'const',
      target: shared,
      code: ['lazily(() => ', arrowBody(body, objectOf(entries)), ')'],
    });
    model.imports.value('lazily');
    for (const [name] of entries) {
      const id = made.find((each) => flat(valueCode(context, each)) === name);
      if (id !== undefined) context.values.set(id, `${shared}().${name}`);
    }
  }
  const outputs = model.model.outputs.map(({ name }, index): Code => {
    const body = writer.body(region(String(index)));
    const result = valueCode(context, fn.body.results[index] ?? '');
    return [`${propertyName(name)}: () => `, arrowBody(body, result)];
  });
  return [...statements, { kind: 'line', code: ['return ', { open: '{', items: outputs, close: '}', spaced: true }] }];
}

function contextOf(
  fn: GraphFunction,
  model: ModelContext,
  dimensions: ReadonlyMap<string, string> = new Map(),
): FunctionContext {
  const context: FunctionContext = new FunctionContext(model, fn, (name) => {
    const given = dimensions.get(name);
    if (given !== undefined) return given;
    const told = axisOf(fn, name);
    if (told) return `${flat(valueCode(context, told.id))}.shape[${told.axis}]!`;
    throw new Error(`no input of '${fn.name}' has the dimension '${spelled({ kind: 'dimension', name })}'`);
  });
  return context;
}

/** `const { width, heads } = this.config;` and the named sizes that the body uses. */
export function preamble(context: FunctionContext): Statement[] {
  const constants: Statement[] = [];
  for (const { name, value } of context.usedConstants()) {
    constants.unshift({ kind: 'const', target: context.local(name), code: scalar(value, context) });
  }
  const destructured = context.destructured();
  if (destructured === undefined) return constants;
  return [{ kind: 'const', target: destructured, code: 'this.config' }, ...constants];
}
