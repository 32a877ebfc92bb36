import type { Model, Preset } from '@tfm-lang/grammar';
import { none, parameter } from '../algebra/construct.js';
import { evaluate as evaluateNow, type Environment as Known } from '../algebra/evaluate.js';
import type { Value as Constant } from '../algebra/operators.js';
import { printLiteral } from '../algebra/print.js';
import type { Expression, Preset as GraphPreset, ParameterDeclaration, ParameterType } from '../graph/graph.js';
import { nearestOf, suggestion } from '../source/suggest.js';
import type { Checker } from './checker.js';
import { atSpan, type Context } from './context.js';
import { evaluate } from './expressions.js';
import { type At, describe, failed, scalar, type Value } from './values.js';

/** Where each parameter's default stands: a default that is no size is wrong there, not where it is used. */
export function defaultPlaces(model: Model, context: Context): Map<string, At> {
  return new Map(
    model.parameters.flatMap((p) => (p.default ? [[p.name.name, atSpan(context, p.default.span)] as const] : [])),
  );
}

/** Binds the model's parameters; a default may use the parameters before it. */
export function bindParameters(model: Model, context: Context): ParameterDeclaration[] {
  const { checker, environment } = context;
  const declared: ParameterDeclaration[] = [];
  for (const p of model.parameters) {
    const { name } = p.name;
    const value = p.default && evaluate(p.default, context);
    const initial = value && constantOf(value);
    if (value && value.kind !== 'error' && initial === undefined) {
      checker.report('wrong_kind', atSpan(context, p.default?.span ?? p.span), {
        expected: 'a number, true or false, a text, a list or none',
        found: describe(value),
      });
    }
    environment.define(name, p.default && initial === undefined ? failed : scalar(parameter(name)), p.name.span);
    declared.push({ name, type: typeOf(initial, declared), ...(initial !== undefined && { default: initial }) });
  }
  return declared;
}

function constantOf(value: Value): Expression | undefined {
  switch (value.kind) {
    case 'scalar':
      return value.expression;
    case 'text':
      return { kind: 'string', value: value.value };
    case 'none':
      return none;
    case 'list':
      return listOf(value.items);
    default:
      return undefined;
  }
}

function listOf(values: readonly Value[]): Expression | undefined {
  const items = values.map(constantOf);
  const known = items.flatMap((item) => (item === undefined ? [] : [item]));
  return known.length === items.length ? { kind: 'list', items: known } : undefined;
}

/** From the default alone; whether a number must be whole is settled when its uses are known. */
function typeOf(initial: Expression | undefined, before: readonly ParameterDeclaration[]): ParameterType {
  if (initial === undefined || typeof initial === 'number') return 'number';
  if (typeof initial === 'boolean') return 'boolean';
  switch (initial.kind) {
    case 'string':
      return 'string';
    case 'constant':
      return initial.name === 'none' ? 'optional-number' : 'number';
    case 'parameter':
      return before.find((p) => p.name === initial.name)?.type ?? 'number';
    case 'list':
      return initial.items.every((item) => typeof item === 'boolean') && initial.items.length > 0
        ? 'booleans'
        : 'numbers';
    case 'operator':
      return comparisons.has(initial.operator) ? 'boolean' : 'number';
    default:
      return 'number';
  }
}

const comparisons = new Set<string>([
  'equal',
  'not_equal',
  'less',
  'less_equal',
  'greater',
  'greater_equal',
  'and',
  'or',
  'not',
]);

/** Parameters that sizes, counts and indices depend on are integers. */
export function settleTypes(parameters: readonly ParameterDeclaration[], checker: Checker): ParameterDeclaration[] {
  const whole: Partial<Record<ParameterType, ParameterType>> = {
    number: 'integer',
    numbers: 'integers',
    'optional-number': 'optional-integer',
  };
  return parameters.map((p) => ({ ...p, type: (checker.sizes.has(p.name) && whole[p.type]) || p.type }));
}

/** The presets of this model, their arguments checked against its parameters. */
export function presetsOf(
  presets: readonly Preset[],
  model: Model,
  parameters: readonly ParameterDeclaration[],
  context: Context,
): GraphPreset[] {
  const { checker } = context;
  const names = parameters.map((p) => p.name);
  return presets.map((preset) => {
    const values: Record<string, Expression> = {};
    const seen = new Set<string>();
    let position = 0;
    for (const argument of preset.arguments) {
      const name = argument.name?.name ?? names[position++];
      const at = atSpan(context, argument.name?.span ?? argument.span);
      if (name === undefined || !names.includes(name)) {
        checker.report('unknown_preset_parameter', at, {
          model: model.name.name,
          name: name ?? 'at this place',
          fix: name === undefined ? undefined : nearestOf(name, names, 'it takes'),
        });
        continue;
      }
      const value = constantOf(evaluate(argument.value, context));
      if (seen.has(name)) checker.report('argument_twice', at, { name });
      seen.add(name);
      const expected = parameters.find((p) => p.name === name)?.type;
      if (value !== undefined && expected !== undefined && !isOf(expected, value)) {
        checker.report('configuration_value', atSpan(context, argument.value.span), {
          name,
          expected: typeNames[expected] ?? 'a number',
          found: printLiteral(evaluateNow(value) ?? null),
        });
      } else if (value !== undefined) values[name] = value;
    }
    return {
      name: preset.name.name,
      ...(preset.documentation && { documentation: preset.documentation.text }),
      values,
      ...(preset.outputs.length > 0 && { outputs: outputsOf(preset, model, context) }),
    };
  });
}

/** What a preset is for: outputs of its model. */
function outputsOf(preset: Preset, model: Model, context: Context): string[] {
  const known = model.statements.flatMap((s) => (s.kind === 'output' ? [s.name.name] : []));
  return preset.outputs.map(({ name, span }) => {
    if (!known.includes(name)) {
      const parameters = { model: model.name.name, name, suggestion: suggestion(name, known) };
      context.checker.report('unknown_preset_output', atSpan(context, span), parameters);
    }
    return name;
  });
}

const typeNames: Partial<Record<ParameterType, string>> = {
  boolean: 'true or false',
  string: 'a text',
  numbers: 'a list of numbers',
  booleans: 'a list of true and false',
  'optional-number': 'a number or none',
};

/** Whether a literal can be the value of a parameter; what is no literal is known only later. */
function isOf(type: ParameterType, value: Expression): boolean {
  if (typeof value === 'object' && !['string', 'list', 'constant'].includes(value.kind)) return true;
  const isNone = typeof value === 'object' && value.kind === 'constant' && value.name === 'none';
  const isNumber = typeof value === 'number' || (typeof value === 'object' && value.kind === 'constant' && !isNone);
  switch (type) {
    case 'boolean':
      return typeof value === 'boolean';
    case 'string':
      return typeof value === 'object' && value.kind === 'string';
    case 'numbers':
    case 'booleans':
      return typeof value === 'object' && value.kind === 'list';
    default:
      return isNumber || (isNone && type.startsWith('optional'));
  }
}

/** What is known of the parameters: by default (with settings), and in each preset. */
export function configurationsOf(
  parameters: readonly ParameterDeclaration[],
  presets: readonly GraphPreset[],
  settings: Readonly<Record<string, unknown>>,
): { readonly name: string; readonly known: Known }[] {
  const given = new Map(
    Object.entries(settings).flatMap(([name, value]) => (isConstant(value) ? [[name, value] as const] : [])),
  );
  const all = [{ name: '', values: {} }, ...presets];
  return all.map(({ name, values }) => {
    const known = new Map<string, Constant>();
    for (const p of parameters) {
      const fixed = given.get(p.name);
      const source = (values as Readonly<Record<string, Expression>>)[p.name] ?? p.default;
      const value = fixed ?? (source === undefined ? undefined : evaluateNow(source, { parameters: known }));
      if (value !== undefined) known.set(p.name, value);
    }
    return { name, known: { parameters: known } };
  });
}

function isConstant(value: unknown): value is Constant {
  if (Array.isArray(value)) return value.every(isConstant);
  return value === null || ['number', 'boolean', 'string'].includes(typeof value);
}
