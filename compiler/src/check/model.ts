import type { Input, Model, Output, Preset, Require, Type } from '@tfm-lang/grammar';
import { dimension } from '../algebra/construct.js';
import type {
  DataType,
  Expression,
  GraphModel,
  Preset as GraphPreset,
  InputDeclaration,
  OutputDeclaration,
  ParameterDeclaration,
  ValueType,
} from '../graph/graph.js';
import { suggestion } from '../source/suggest.js';
import { FunctionBuilder } from './builder.js';
import type { Checker } from './checker.js';
import { checkpoint } from './checkpoints.js';
import { atSpan, type Context } from './context.js';
import { declareLocal } from './declarations.js';
import { Environment } from './environment.js';
import { bindLet, evaluate } from './expressions.js';
import type { SpecFile } from './files.js';
import { generation, training } from './generation.js';
import { Home } from './home.js';
import { relabel, tensor } from './nodes.js';
import { bindParameters, configurationsOf, defaultPlaces, presetsOf, settleTypes } from './parameters.js';
import { requirement } from './requirements.js';
import { agree, checkSize, showType } from './sizes.js';
import { describe, failed, scalar, type TensorValue, type Value } from './values.js';

/** What a model's statements made, by name. */
export interface ModelParts {
  readonly inputs: Map<string, InputDeclaration>;
  readonly outputs: Map<string, { readonly declaration: OutputDeclaration; readonly value: TensorValue }>;
}

/** The file that declares a model, and the one that is compiled, whose presets are taken: the same, or one that imports it. */
export interface ModelFiles {
  readonly declared: SpecFile;
  readonly compiled: SpecFile;
}

/** Walks one model: names, shapes and constraints of everything that it says. `undefined` where mistakes were found. */
export function checkModel(
  model: Model,
  presets: readonly Preset[],
  { declared: file, compiled }: ModelFiles,
  checker: Checker,
  settings: Readonly<Record<string, unknown>>,
  failed: boolean,
): GraphModel | undefined {
  const builder = new FunctionBuilder('main');
  const environment = new Environment(file.environment);
  const context: Context = { checker, file, environment, builder, home: Home.of(builder) };
  const parameters = bindParameters(model, context);
  checker.defaults = defaultPlaces(model, context);
  for (const { name } of presets) checker.presets.set(name.name, { file: compiled, span: name.span });
  const made = presetsOf(presets, model, parameters, { ...context, file: compiled });
  checker.configurations = configurationsOf(parameters, made, settings);
  const parts: ModelParts = { inputs: new Map(), outputs: new Map() };
  checker.presenceOf = presenceNodes(parts, context);
  runStatements(model, context, parts);
  if (!model.statements.some((s) => s.kind === 'output')) {
    checker.report('no_output', atSpan(context, model.name.span), { name: model.name.name });
  }
  const scored = generation(model, parts, context);
  const trained = training(model, parts, context);
  if (checker.failedSince(0) || failed) {
    // What follows from a mistake is silent: weights that were never made, values that only the wrong part uses.
    for (const s of model.statements) if (s.kind === 'checkpoint') checkpoint(s, undefined, context);
    return undefined;
  }
  const graph = assemble(model, parameters, made, context, parts, {
    ...(scored && { generate: scored }),
    ...(trained && { train: trained }),
  });
  return checker.failedSince(0) ? undefined : graph;
}

function runStatements(model: Model, context: Context, parts: ModelParts): void {
  // Blocks, functions, masks and scores may be used before they are written.
  for (const statement of model.statements) declareLocal(statement, context);
  for (const statement of model.statements) {
    context.checker.statement = atSpan(context, statement.span);
    switch (statement.kind) {
      case 'require':
        require(statement, context);
        break;
      case 'input':
        input(statement, context, parts);
        break;
      case 'let':
        bindLet(statement, context);
        break;
      case 'output':
        output(statement, context, parts);
        break;
      case 'emit':
        context.checker.report('statement_not_here', atSpan(context, statement.span), {
          statement: 'emit',
          place: 'scan',
        });
        break;
    }
  }
}

function require(statement: Require, context: Context): void {
  const made = requirement(statement, context);
  if (made) context.checker.addRequirement(made);
}

// ---------------------------------------------------------------------------------------------------- inputs

const dataTypes: readonly DataType[] = ['float', 'token', 'int', 'bool'];

function input(statement: Input, context: Context, parts: ModelParts): void {
  const { checker, builder, environment } = context;
  const { name } = statement;
  const type = valueType(statement.type, context, true);
  if (!type) {
    environment.define(name.name, failed, name.span);
    return;
  }
  const of = statement.type.of ? sizeOf(statement.type.of, context) : undefined;
  if (type.dtype === 'token' && of === undefined) {
    checker.report('token_needs_size', atSpan(context, statement.type.span), { name: name.name });
  }
  const options: Record<string, Expression> = {};
  for (const option of statement.options) {
    const value = evaluate(option.value, context);
    if (value.kind === 'scalar') options[option.name] = value.expression;
  }
  const declaration: InputDeclaration = {
    name: name.name,
    ...(statement.documentation && { documentation: statement.documentation.text }),
    type,
    ...(of !== undefined && { of }),
    ...options,
    presence: false,
  };
  const id = builder.parameter(name.name, type);
  const length = type.shape[1];
  const at = atSpan(context, name.span);
  const value: TensorValue = {
    ...tensor(context, id, type, at, length === undefined ? undefined : [{ name: name.name, length }]),
    input: declaration,
  };
  environment.define(name.name, value, name.span);
  checker.inputPlaces.set(name.name, at);
  parts.inputs.set(name.name, declaration);
}

function sizeOf(syntax: Type['of'] & object, context: Context): Expression | undefined {
  const value = evaluate(syntax, context);
  const at = atSpan(context, syntax.span);
  if (value.kind === 'scalar') return checkSize(context.checker, value.expression, at) ? value.expression : undefined;
  if (value.kind !== 'error') context.checker.report('wrong_kind', at, { expected: 'a size', found: describe(value) });
  return undefined;
}

/** A written type. In an input, a name that nothing defines is a dimension that arrives with the data. */
function valueType(type: Type, context: Context, binds: boolean): ValueType | undefined {
  const { checker, environment } = context;
  const dtype = dataTypes.find((d) => d === type.dtype.name);
  if (!dtype) {
    checker.report('unknown_dtype', atSpan(context, type.dtype.span), {
      name: type.dtype.name,
      suggestion: suggestion(type.dtype.name, dataTypes),
    });
  }
  if (type.open) checker.report('open_type', atSpan(context, type.span), {});
  if (!dtype || type.open) return undefined;
  const shape: Expression[] = [];
  for (const d of type.dimensions) {
    const { size: syntax } = d;
    if (syntax.kind === 'name' && !environment.find(syntax.name)) {
      if (!binds) {
        checker.report('unbound_dimension', atSpan(context, syntax.span), { name: syntax.name });
        return undefined;
      }
      environment.define(syntax.name, scalar(dimension(syntax.name)), syntax.span);
      const most = d.most && sizeOf(d.most, context);
      checker.dimensions.push({ name: syntax.name, ...(most !== undefined && { most }) });
    }
    const size = sizeOf(syntax, context);
    if (size === undefined) return undefined;
    shape.push(size);
  }
  return { dtype, shape };
}

/** `present(x)` of each input, made once beside it; those that nothing reads are dropped at the end. */
function presenceNodes(parts: ModelParts, context: Context): (name: string) => TensorValue | undefined {
  const made = new Map<string, TensorValue>();
  return (name) => {
    const known = made.get(name);
    if (known) return known;
    const declaration = parts.inputs.get(name);
    if (!declaration || declaration.type.shape.length < 2) return undefined;
    const { builder, checker, environment } = context;
    const type: ValueType = { dtype: 'bool', shape: declaration.type.shape.slice(0, 2) };
    const id = builder.id(`${name}_present`);
    const at = { file: context.file, span: environment.find(name)?.span ?? { start: 0, end: 0 } };
    builder.first({
      kind: 'operator',
      operator: 'present',
      inputs: [name],
      weights: {},
      attributes: {},
      outputs: [{ id, type }],
      place: checker.place(at),
    });
    parts.inputs.set(name, { ...declaration, presence: true });
    const value = tensor(context, id, type, at);
    made.set(name, value);
    return value;
  };
}

// --------------------------------------------------------------------------------------------------- outputs

function output(statement: Output, context: Context, parts: ModelParts): void {
  const { checker } = context;
  const { name } = statement;
  const declared = statement.type && valueType(statement.type, context, false);
  const value = evaluate(statement.value, context);
  const define = (made: TensorValue): void => {
    context.environment.define(name.name, made, name.span);
    const declaration: OutputDeclaration = {
      name: name.name,
      ...(statement.documentation && { documentation: statement.documentation.text }),
      type: declared ?? made.type,
    };
    parts.outputs.set(name.name, { declaration, value: made });
  };
  if (value.kind === 'tensor') {
    const named = relabel(value, name.name, context);
    if (declared) fits(statement, declared, named, context);
    define(named);
    return;
  }
  if (value.kind !== 'error') {
    checker.report('stage_needs_input', atSpan(context, statement.value.span), {
      found: describe(value),
      stage: stageName(value),
    });
  }
  // What reads the output goes on with the type that it should have.
  if (declared) define(tensor(context, context.builder.id(name.name), declared, atSpan(context, name.span)));
  else context.environment.define(name.name, failed, name.span);
}

function stageName(value: Value): string | undefined {
  if (value.kind === 'builtin') return value.builtin.name;
  if (value.kind === 'block') return value.declaration.name.name;
  return value.kind === 'stage' || value.kind === 'function' ? value.name : undefined;
}

function fits(statement: Output, declared: ValueType, value: TensorValue, context: Context): void {
  const { checker } = context;
  const at = atSpan(context, statement.type?.span ?? statement.span);
  const same =
    declared.dtype === value.type.dtype &&
    declared.shape.length === value.type.shape.length &&
    declared.shape.every((size, i) => agree(checker, size, value.type.shape[i] ?? 0, at));
  if (same) return;
  const end = statement.value.kind === 'pipe' ? (statement.value.parts.at(-1) ?? statement.value) : statement.value;
  checker.report(
    'output_type',
    at,
    { name: statement.name.name, expected: showType(checker, declared), found: showType(checker, value.type) },
    [{ at: atSpan(context, end.span), text: `this is ${showType(checker, value.type)}` }],
  );
}

// -------------------------------------------------------------------------------------------------- assembly

function assemble(
  model: Model,
  parameters: readonly ParameterDeclaration[],
  presets: readonly GraphPreset[],
  context: Context,
  parts: ModelParts,
  uses: Pick<GraphModel, 'generate' | 'train'>,
): GraphModel {
  const { checker, builder, file } = context;
  const place = checker.place({ file, span: model.name.span });
  const results = [...parts.outputs.values()].map(({ value }) => builder.use(value));
  const main = builder.finish(results, [], place);
  const base: GraphModel = {
    name: model.name.name,
    ...(model.documentation && { documentation: model.documentation.text }),
    place,
    parameters: settleTypes(parameters, checker),
    presets,
    requirements: checker.requirements,
    dimensions: checker.dimensions,
    inputs: [...parts.inputs.values()],
    outputs: [...parts.outputs.values()].map(({ declaration }) => declaration),
    formulas: [...checker.formulas.values()],
    functions: checker.functions,
    main,
    ...uses,
    checkpoints: [],
  };
  const checkpoints = model.statements.flatMap((s) => (s.kind === 'checkpoint' ? [checkpoint(s, base, context)] : []));
  return { ...base, checkpoints };
}
