import { type Environment, evaluate } from '../algebra/evaluate.js';
import type { Value } from '../algebra/operators.js';
import { printLiteral, printValue } from '../algebra/print.js';
import type { GraphModel, ParameterDeclaration, ParameterType, Place, Requirement } from '../graph/graph.js';
import { suggestion } from '../source/suggest.js';
import type { Configuration } from './scope.js';

/** What is wrong with the settings of a model. */
export interface ConfigurationProblem {
  readonly message: string;
  readonly help?: string;
  /** The `require` that does not hold. */
  readonly place?: Place;
}

export interface Instantiation {
  /** Values of all parameters, in the order of their declarations. Absent where there is a problem. */
  readonly configuration?: Configuration;
  readonly problems: readonly ConfigurationProblem[];
}

/**
 * The configuration of a model: `settings` (parameter → value) over the values of `preset` over the defaults, checked
 * against the parameters' types and the spec's requirements. Lists are arrays, `none` is null.
 */
export function instantiate(
  model: GraphModel,
  settings: Readonly<Record<string, unknown>> = {},
  preset?: string,
): Instantiation {
  const problems = unknownNames(model, settings, preset);
  if (problems.length > 0) return { problems };
  const values = resolve(model, settings, preset);
  for (const parameter of model.parameters) {
    const value = values.get(parameter.name);
    if (value === undefined) problems.push(withoutValue(model, parameter));
    else if (!isOfType(value, parameter.type)) problems.push(wrongType(model, parameter, value));
  }
  const environment = { parameters: values as Configuration };
  if (problems.length === 0) problems.push(...failedRequirements(model.requirements, environment));
  return problems.length > 0 ? { problems } : { configuration: environment.parameters, problems };
}

/** The values as given or computed, in the order of declarations; a preset may use parameters that come later. */
function resolve(
  model: GraphModel,
  settings: Readonly<Record<string, unknown>>,
  preset: string | undefined,
): ReadonlyMap<string, unknown> {
  const presetValues = new Map(Object.entries(model.presets.find(({ name }) => name === preset)?.values ?? {}));
  const values = new Map<string, unknown>(Object.entries(settings));
  const environment = { parameters: values as Configuration };
  for (let before = -1; before < values.size; ) {
    before = values.size;
    for (const { name, default: byDefault } of model.parameters) {
      const expression = presetValues.get(name) ?? byDefault;
      const value = values.has(name) || expression === undefined ? undefined : evaluate(expression, environment);
      if (value !== undefined) values.set(name, value);
    }
  }
  return new Map(model.parameters.map(({ name }) => [name, values.get(name)]));
}

function didYouMean(name: string, candidates: readonly string[]): string | undefined {
  const near = suggestion(name, candidates);
  return near === undefined ? undefined : `did you mean '${near}'?`;
}

/** How messages name a type. */
const typeNames: Readonly<Record<ParameterType, string>> = {
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  string: 'text',
  integers: 'a list of whole numbers',
  numbers: 'a list of numbers',
  booleans: 'a list of true and false',
  'optional-integer': 'a whole number or none',
  'optional-number': 'a number or none',
};

function unknownNames(
  model: GraphModel,
  settings: Readonly<Record<string, unknown>>,
  preset: string | undefined,
): ConfigurationProblem[] {
  const names = model.parameters.map(({ name }) => name);
  const problems: ConfigurationProblem[] = Object.keys(settings)
    .filter((name) => !names.includes(name))
    .map((name) => ({
      message: `${model.name} has no parameter '${name}'`,
      help: didYouMean(name, names) ?? `its parameters are ${names.join(', ') || 'none'}`,
    }));
  const presets = model.presets.map(({ name }) => name);
  if (preset !== undefined && !presets.includes(preset)) {
    problems.push({
      message: `${model.name} has no preset '${preset}'`,
      help:
        didYouMean(preset, presets) ??
        (presets.length > 0 ? `its presets are ${presets.join(', ')}` : 'it has no presets'),
    });
  }
  return problems;
}

function withoutValue(model: GraphModel, { name, type }: ParameterDeclaration): ConfigurationProblem {
  const presets = model.presets.map((preset) => preset.name);
  const orPreset = presets.length > 0 ? `, or take a preset: ${presets.join(', ')}` : '';
  return {
    message: `${model.name} needs a value for '${name}' (${typeNames[type]})`,
    help: `--set ${name}=…${orPreset}`,
  };
}

function wrongType(model: GraphModel, { name, type }: ParameterDeclaration, value: unknown): ConfigurationProblem {
  const found = isValue(value) ? printLiteral(value) : String(value);
  return { message: `'${name}' of ${model.name} is ${typeNames[type]}; found ${found}` };
}

function isOfType(value: unknown, type: ParameterType): value is Value {
  switch (type) {
    case 'integer':
      return Number.isSafeInteger(value);
    case 'number':
      return typeof value === 'number' && !Number.isNaN(value);
    case 'boolean':
      return typeof value === 'boolean';
    case 'string':
      return typeof value === 'string';
    case 'integers':
      return Array.isArray(value) && value.every((item) => isOfType(item, 'integer'));
    case 'numbers':
      return Array.isArray(value) && value.every((item) => isOfType(item, 'number'));
    case 'booleans':
      return Array.isArray(value) && value.every((item) => isOfType(item, 'boolean'));
    case 'optional-integer':
      return value === null || isOfType(value, 'integer');
    case 'optional-number':
      return value === null || isOfType(value, 'number');
  }
}

function isValue(value: unknown): value is Value {
  if (Array.isArray(value)) return value.every(isValue);
  return value === null || ['number', 'boolean', 'string'].includes(typeof value);
}

function failedRequirements(requirements: readonly Requirement[], environment: Environment): ConfigurationProblem[] {
  return requirements
    .filter(({ condition }) => evaluate(condition, environment) !== true)
    .map(({ condition, message, place }) => ({
      message: message.map((part) => (typeof part === 'string' ? part : partText(part, environment))).join(''),
      help: `required: ${printValue(condition, {})}`,
      place,
    }));
}

function partText(part: Exclude<Requirement['message'][number], string>, environment: Environment): string {
  const value = evaluate(part, environment);
  if (value === undefined) return printValue(part, {});
  return typeof value === 'string' ? value : printLiteral(value);
}
