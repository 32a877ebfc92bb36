import type { Expression, GraphModel, ParameterDeclaration, ParameterType, Preset } from '../../graph/graph.js';
import { FunctionContext, type ModelContext } from './context.js';
import { scalar, substitute } from './expressions.js';
import { callOf, layout, listOf, objectOf } from './layout.js';
import { spelled } from './spelling.js';
import { printed, type Statement } from './statement.js';
import { camelCase, documentationText, propertyName, stringLiteral, templateText } from './text.js';

const TYPES: Record<ParameterType, string> = {
  integer: 'number',
  number: 'number',
  boolean: 'boolean',
  string: 'string',
  integers: 'readonly number[]',
  numbers: 'readonly number[]',
  booleans: 'readonly boolean[]',
  'optional-integer': 'number | null',
  'optional-number': 'number | null',
};

/** The members of the configuration's interface. */
export function configurationMembers(model: GraphModel) {
  return model.parameters.map(({ name, type, default: value, documentation }) => ({
    name: propertyName(name),
    type: TYPES[type],
    documentation: documentationText(
      documentation,
      value === undefined ? undefined : `Default: \`${spelled(value)}\`.`,
    ),
  }));
}

/**
 * The function that fills in defaults, those that depend on other parameters included, and checks requirements.
 * Members are read as own ones, whatever their names are.
 */
export function configureBody(model: ModelContext): { readonly parameter: string; readonly body: string } {
  const { imports } = model;
  const context = new FunctionContext(model, { constants: [] });
  const given = context.names.declare('given');
  const source = context.names.declare('read');
  const names = model.model.parameters.map(({ name }) => stringLiteral(name));
  const known = callOf(imports.value('configuration'), [stringLiteral(model.model.name), given, listOf(names)]);
  const statements: Statement[] = [{ kind: 'const', target: source, code: known }];
  for (const parameter of model.model.parameters) {
    const code = callOf(`${source}.${camelCase(parameter.type.replace('-', '_'))}`, [
      stringLiteral(parameter.name),
      ...(parameter.default === undefined ? [] : [scalar(parameter.default, context)]),
    ]);
    statements.push({ kind: 'const', target: context.parameter(parameter.name), code });
  }
  for (const { condition, message, place } of model.model.requirements) {
    const text = message
      .map((part) => (typeof part === 'string' ? templateText(part) : `\${${scalar(part, context)}}`))
      .join('');
    const template = message.every((part) => typeof part === 'string')
      ? stringLiteral(message.join(''))
      : `\`${text}\``;
    const at = stringLiteral(`${place.file}:${place.line}:${place.column}`);
    statements.push({
      kind: 'line',
      code: callOf(imports.value('requireThat'), [scalar(condition, context), template, at]),
    });
  }
  const entries = model.model.parameters.map(({ name }) => [propertyName(name), context.parameter(name)] as const);
  statements.push({ kind: 'line', code: ['return ', objectOf(entries)] });
  return { parameter: given, body: printed(statements) };
}

/** The values of a preset. What they take from other parameters is what the preset gives these, or their defaults. */
export function presetValue(preset: Preset, model: ModelContext): string {
  const { parameters } = model.model;
  const context = new FunctionContext(model, { constants: [] });
  const value = (parameter: ParameterDeclaration, depth: number): Expression => {
    const given = preset.values[parameter.name] ?? parameter.default ?? 0;
    if (depth > parameters.length) return given;
    return substitute(given, (leaf) => {
      const other = leaf.kind === 'parameter' && parameters.find(({ name }) => name === leaf.name);
      return other ? value(other, depth + 1) : undefined;
    });
  };
  const entries = parameters
    .filter(({ name }) => Object.hasOwn(preset.values, name))
    .map((parameter) => [propertyName(parameter.name), scalar(value(parameter, 0), context)] as const);
  return layout([objectOf(entries), ` satisfies Partial<${model.configType}>`], 0, preset.name.length + 16);
}
