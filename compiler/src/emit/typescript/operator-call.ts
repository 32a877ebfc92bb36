import type { Expression, OperatorNode } from '../../graph/graph.js';
import { type OperatorSignature, operators } from '../../graph/operators.js';
import type { FunctionContext } from './context.js';
import { scalar } from './expressions.js';
import type { FormulaPrinter } from './formulas.js';
import { frequencyCode } from './frequencies.js';
import { type Code, callOf, objectOf } from './layout.js';
import { camelCase, propertyName } from './text.js';
import type { WeightAccess } from './weight-path.js';

export interface OperatorSurroundings {
  readonly context: FunctionContext;
  readonly weights: WeightAccess;
  readonly formulas: FormulaPrinter;
  /** The variable of the scope. */
  readonly scope: string;
}

export function signatureOf(operator: string): OperatorSignature {
  if (!Object.hasOwn(operators, operator))
    throw new Error(`the graph uses the operator '${operator}', which does not exist`);
  return operators[operator as keyof typeof operators];
}

/** The call of an operator: inputs, weights by role, options that differ from the defaults, scope. */
export function operatorCall(node: OperatorNode, around: OperatorSurroundings): Code {
  const { context } = around;
  const signature = signatureOf(node.operator);
  const name = context.model.imports.value(camelCase(node.operator));
  const inputs = node.inputs.map((id) => (id === null ? 'null' : valueCode(context, id)));
  if (node.operator === 'apply') {
    return callOf(name, [around.formulas.elementwise(node.attributes.formula ?? 0), ...inputs]);
  }
  const options = optionsOf(node, inputs, around);
  const items: Code[] = inputs.slice(0, inputsAsOptions[node.operator]?.from);
  const weighted = signature.weights.length > 0;
  if (weighted) items.push(weightsOf(node, signature, around.weights));
  const scoped = signature.scope === 'growing' ? node.attributes.grows === true : signature.scope;
  if (options.length > 0) items.push(objectOf(options));
  else if (scoped && (weighted || Object.keys(signature.attributes).length > 0)) items.push('{}');
  if (scoped) items.push(scopeOf(node, around));
  return callOf(name, items);
}

/** Inputs that calls give by name: the first of them, and its option. */
const inputsAsOptions: Readonly<Record<string, { readonly from: number; readonly option: string }>> = {
  attend: { from: 3, option: 'sinks' },
  gru: { from: 1, option: 'mask' },
  lstm: { from: 1, option: 'mask' },
};

/** Where in the sequence a growing operator is, is told by its position; attention also keeps the rows before it. */
const POSITIONAL = new Set(['axial_positions', 'learned_positions', 'rotary', 'sinusoidal_positions']);

/**
 * Where a constant prefix stands before the growing rows, the positions of a stream depend on whether it has joined
 * the prefix yet: `behind` says that it has not.
 */
function scopeOf({ operator, attributes }: OperatorNode, { scope, context }: OperatorSurroundings): string {
  const { generate } = context.model.model;
  if (attributes.behind !== undefined) return `${scope}.alone()`;
  const prefixed = generate !== undefined && generate.prefix !== 0 && attributes.grows === true;
  return prefixed && POSITIONAL.has(operator) ? `${scope}.joined()` : scope;
}

export function valueCode(context: FunctionContext, id: string): Code {
  const code = context.values.get(id);
  if (code === undefined) throw new Error(`the graph reads the value '${id}' before it is made`);
  return code;
}

function optionsOf(
  node: OperatorNode,
  inputs: readonly Code[],
  { context, formulas }: OperatorSurroundings,
): (readonly [string, Code])[] {
  const options = Object.entries(node.attributes)
    .filter(([key, value]) => !isNone(value) && key !== 'behind') // the scope says it
    .map(([key, value]) => [camelCase(key), attribute(key, value, context, formulas)] as const);
  const named = inputsAsOptions[node.operator];
  const input = named && inputs[named.from];
  return named && input !== undefined && input !== 'null' ? [...options, [named.option, input] as const] : options;
}

function attribute(key: string, value: Expression, context: FunctionContext, formulas: FormulaPrinter): Code {
  if (key === 'mask') return formulas.mask(value);
  if (key === 'score') return formulas.score(value);
  if (key === 'frequency') return frequencyCode(value, context);
  return scalar(value, context);
}

const isNone = (value: Expression): boolean =>
  typeof value === 'object' && value.kind === 'constant' && value.name === 'none';

/** `w.ln_1` where the label holds exactly the operator's weights, else an object of them. */
function weightsOf(node: OperatorNode, signature: OperatorSignature, access: WeightAccess): Code {
  const given = signature.weights.flatMap((role) => {
    const path = node.weights[role];
    return path ? [{ role: role.split('.'), path }] : [];
  });
  const [first] = given;
  if (first) {
    const parent = { ...first.path, segments: first.path.segments.slice(0, -first.role.length) };
    const inside = given.every(
      ({ role, path }) =>
        path.root === parent.root && JSON.stringify(path.segments) === JSON.stringify([...parent.segments, ...role]),
    );
    const { code, node: label } = access.at(parent);
    const others = label ? signature.weights.some((role) => !node.weights[role] && label.children.has(role)) : true;
    if (inside && !others) return code;
  }
  return nested(given.map(({ role, path }) => [role, access.at(path).code] as const));
}

/** `{ input: { weight: … }, hidden: { … } }` from roles with dots. */
function nested(entries: readonly (readonly [readonly string[], string])[]): Code {
  const heads = [...new Set(entries.map(([role]) => role[0] ?? ''))];
  return objectOf(
    heads.map((head) => {
      const inner = entries.filter(([role]) => role[0] === head);
      const [only] = inner;
      if (only && only[0].length === 1) return [propertyName(head), only[1]] as const;
      return [propertyName(head), nested(inner.map(([role, code]) => [role.slice(1), code] as const))] as const;
    }),
  );
}
