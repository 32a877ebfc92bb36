import {
  type ClassDeclarationStructure,
  type FunctionDeclarationStructure,
  type GetAccessorDeclarationStructure,
  type InterfaceDeclarationStructure,
  type MethodDeclarationStructure,
  type PropertyDeclarationStructure,
  Scope,
  type StatementStructures,
  StructureKind,
  type TypeAliasDeclarationStructure,
} from 'ts-morph';
import type { GraphModel } from '../../graph/graph.js';
import { configurationMembers, configureBody, presetValue } from './configuration.js';
import type { CopiesInterface, ModelContext } from './context.js';
import { definitionCode, outputsNeeding } from './definition.js';
import { blockMethod, computeMethod, signature } from './functions.js';
import { formulaConstants, formulaMethods, nameFormulas } from './named-formulas.js';
import { hasWeights } from './node-kinds.js';
import { spelledType } from './spelling.js';
import { documentationText, pascalCase, propertyName } from './text.js';
import { lossMethod } from './training.js';
import { type WeightMember, weightBases, weightDeclaration, weightMembers } from './weights.js';

type Documented = { description: string }[];

const docs = (...parts: readonly (string | undefined)[]): Documented => {
  const text = documentationText(...parts);
  if (text === '') return [];
  return [{ description: text.includes('\n') ? `\n${text}` : text }];
};

/** A constant, as text: ts-morph would indent the lines of its value. */
function constant(name: string, type: string, code: string, documentation: Documented, exported = false): string {
  const [description = ''] = documentation.map((each) => each.description);
  const comment = description.startsWith('\n')
    ? `/**${description.replaceAll('\n', '\n * ')}\n */\n`
    : description === ''
      ? ''
      : `/** ${description} */\n`;
  return `\n${comment}${exported ? 'export ' : ''}const ${name}${type} = ${code};`;
}

/** The declarations of one model, in reading order: configuration, weights, inputs and outputs, the class. */
export function modelStructures(model: ModelContext, source: string): (string | StatementStructures)[] {
  const presets = model.model.presets.map((preset) => presetConstant(preset, model));
  nameFormulas(model);
  const blocks = model.model.functions.filter(hasWeights);
  const weights = [...blocks, model.model.main].map((fn) => weightsInterface(fn, model));
  const definition = definitionConstant(model, source);
  // Before the formulas: it says which of them are used.
  const made = modelClass(model);
  return [
    configurationInterface(model),
    configureFunction(model),
    ...presets,
    ...model.copies.map((copies) => copiesInterface(copies)),
    ...weights,
    ...[...blocks, model.model.main].map((fn) => declarationFunction(fn, model)),
    inputsInterface(model),
    outputsInterface(model),
    ...formulaConstants(model).map(({ name, code, documentation }) => constant(name, '', code, docs(...documentation))),
    definition,
    made,
  ];
}

function configurationInterface(model: ModelContext): InterfaceDeclarationStructure {
  return {
    kind: StructureKind.Interface,
    name: model.configType,
    isExported: true,
    docs: docs(`The configuration of {@link ${model.className}}.`),
    properties: configurationMembers(model.model).map(({ name, type, documentation }) => ({
      name,
      type,
      isReadonly: true,
      docs: docs(documentation),
    })),
  };
}

function configureFunction(model: ModelContext): FunctionDeclarationStructure {
  const { parameter, body } = configureBody(model);
  return {
    kind: StructureKind.Function,
    name: model.configureName,
    docs: docs('Fills in defaults and checks what the spec requires.'),
    parameters: [{ name: parameter, type: `Partial<${model.configType}>` }],
    returnType: model.configType,
    statements: body,
  };
}

function presetConstant(preset: GraphModel['presets'][number], model: ModelContext): string {
  const name = model.names.declare(pascalCase(preset.name));
  model.presetNames.set(preset.name, name);
  const documentation = docs(preset.documentation ?? `A configuration of {@link ${model.className}}.`);
  return constant(name, '', presetValue(preset, model), documentation, true);
}

function weightsInterface(fn: GraphModel['main'], model: ModelContext): WeightsStructure {
  const main = fn === model.model.main;
  const about = main ? `The weights of {@link ${model.className}}, by label.` : `The weights of block \`${fn.name}\`.`;
  return weightsStructure(model.weightsTypeOf(fn.name), weightBases(fn, model), weightMembers(fn, model), about);
}

const copiesInterface = ({ name, label, extended, members }: CopiesInterface): WeightsStructure =>
  weightsStructure(name, extended, members, `The weights of one of \`${label}\`.`);

type WeightsStructure = InterfaceDeclarationStructure | TypeAliasDeclarationStructure;

/** An interface; but a type where it is a list or a choice of blocks: no interface extends a tuple or a union. */
function weightsStructure(
  name: string,
  bases: readonly string[],
  members: readonly WeightMember[],
  about: string,
): WeightsStructure {
  const common = { name, isExported: true, docs: docs(about) };
  if (!bases.some((base) => base.includes('|') || base.startsWith('readonly '))) {
    return { kind: StructureKind.Interface, ...common, extends: [...bases], properties: weightProperties(members) };
  }
  const own = members
    .map((member) => `readonly ${member.name}${member.optional ? '?' : ''}: ${member.type}`)
    .join('; ');
  const type = [...bases, ...(own === '' ? [] : [`{ ${own} }`])].join(' & ');
  return { kind: StructureKind.TypeAlias, ...common, type };
}

const weightProperties = (members: readonly WeightMember[]) =>
  members.map(({ name, type, optional, documentation }) => ({
    name,
    type,
    isReadonly: true,
    hasQuestionToken: optional,
    docs: docs(documentation),
  }));

function declarationFunction(fn: GraphModel['main'], model: ModelContext): FunctionDeclarationStructure {
  const { parameters, body } = weightDeclaration(fn, model);
  return {
    kind: StructureKind.Function,
    name: model.declareNameOf(fn.name),
    parameters: [...parameters],
    returnType: `${model.imports.type('Declared')}<${model.weightsTypeOf(fn.name)}>`,
    statements: body,
  };
}

function inputsInterface(model: ModelContext): InterfaceDeclarationStructure {
  const { inputs, outputs } = model.model;
  return {
    kind: StructureKind.Interface,
    name: model.inputsType,
    isExported: true,
    docs: docs(`The inputs of {@link ${model.className}}.`),
    properties: inputs.map((input) => ({
      name: propertyName(input.name),
      type: model.imports.type(`${pascalCase(input.type.dtype)}Input`),
      isReadonly: true,
      hasQuestionToken: input.default !== undefined || outputsNeeding(input.name, model).length < outputs.length,
      docs: docs(input.documentation, `\`${spelledType(input.type)}\``),
    })),
  };
}

function outputsInterface(model: ModelContext): InterfaceDeclarationStructure {
  return {
    kind: StructureKind.Interface,
    name: model.outputsType,
    isExported: true,
    docs: docs(`The outputs of {@link ${model.className}}.`),
    properties: model.model.outputs.map(({ name, type, documentation }) => ({
      name: propertyName(name),
      type: model.imports.type('Tensor'),
      isReadonly: true,
      docs: docs(documentation, `\`${spelledType(type)}\``),
    })),
  };
}

function definitionConstant(model: ModelContext, source: string): string {
  const type = `: ${model.imports.type('ModelDefinition')}<${model.configType}, ${model.weightsType}>`;
  const documentation = docs(`What the runtime knows of {@link ${model.className}} beside its forward pass.`);
  return constant(model.definitionName, type, definitionCode(model, source), documentation);
}

function modelClass(model: ModelContext): ClassDeclarationStructure {
  const { className, imports, configType, weightsType, inputsType, outputsType, definitionName } = model;
  const base = imports.value(model.model.generate ? 'GenerativeModel' : 'Model');
  const computing = [computeStructure(model), ...blocks(model)];
  const presets = model.model.presets.map(({ name }) => {
    const variable = model.presetNames.get(name) ?? '';
    return name === variable ? name : `${propertyName(name)}: ${variable}`;
  });
  return {
    kind: StructureKind.Class,
    name: className,
    isExported: true,
    docs: docs(model.model.documentation),
    extends: `${base}<${configType}, ${weightsType}, ${inputsType}, ${outputsType}>`,
    properties: [
      {
        name: 'presets',
        isStatic: true,
        isReadonly: true,
        docs: docs('Named configurations.'),
        initializer: presets.length === 0 ? '{}' : `{ ${presets.join(', ')} }`,
      },
      ...frequencies(model),
    ],
    getAccessors: defaults(model),
    ctors: [
      {
        docs: docs('A model with the given weights, which it owns from now on.'),
        parameters: [
          { name: 'config', type: configType },
          { name: 'weights', type: weightsType },
        ],
        statements: `super(${definitionName}, config, weights);`,
      },
    ],
    methods: [...statics(model), ...computing, ...formulas(model), ...lossMethod(model)],
  };
}

/** Functions that are members: they are the same in every pass. */
function frequencies(model: ModelContext): PropertyDeclarationStructure[] {
  return [...model.frequencies.values()].map(({ name, parameters, body, documentation }) => ({
    kind: StructureKind.Property,
    name,
    scope: Scope.Private,
    isReadonly: true,
    docs: docs(...documentation),
    initializer: (writer) => writer.write(`${parameters}: number => `).inlineBlock(() => writer.write(body)),
  }));
}

/** The configuration that nothing was changed in; where every parameter has a default. */
function defaults(model: ModelContext): GetAccessorDeclarationStructure[] {
  if (model.model.parameters.some((parameter) => parameter.default === undefined)) return [];
  return [
    {
      kind: StructureKind.GetAccessor,
      name: 'defaults',
      isStatic: true,
      docs: docs('The configuration of the spec.'),
      returnType: model.configType,
      statements: `return ${model.configureName}({});`,
    },
  ];
}

function statics(model: ModelContext): MethodDeclarationStructure[] {
  const { className, imports, configType, definitionName, configureName } = model;
  return [
    {
      kind: StructureKind.Method,
      name: 'configure',
      isStatic: true,
      docs: docs(
        'Fills in defaults and checks what the spec requires.',
        'Throws `TfmError` with the words of the spec.',
      ),
      parameters: [{ name: 'given', type: `Partial<${configType}>`, initializer: '{}' }],
      returnType: configType,
      statements: `return ${configureName}(given);`,
    },
    {
      kind: StructureKind.Method,
      name: 'init',
      isStatic: true,
      docs: docs('A model with fresh weights: the same for the same seed, on every backend.'),
      parameters: [{ name: 'options', type: `${imports.type('InitOptions')}<${configType}>`, initializer: '{}' }],
      returnType: className,
      statements: `return new ${className}(...${imports.value('initialize')}(${definitionName}, options));`,
    },
    {
      kind: StructureKind.Method,
      name: 'load',
      isStatic: true,
      isAsync: true,
      docs: docs('A model with the weights of a safetensors file, or of a set of shards.'),
      parameters: [
        { name: 'from', type: imports.type('SourceLike') },
        { name: 'options', type: `${imports.type('LoadModelOptions')}<${configType}>`, initializer: '{}' },
      ],
      returnType: `Promise<${className}>`,
      statements: `return new ${className}(...(await ${imports.value('loadModel')}(${definitionName}, from, options)));`,
    },
  ];
}

function computeStructure(model: ModelContext): MethodDeclarationStructure {
  const { parameters, body } = computeMethod(model);
  return {
    kind: StructureKind.Method,
    name: 'compute',
    scope: Scope.Protected,
    hasOverrideKeyword: true,
    docs: docs(
      'The forward pass, line by line as in the spec.',
      ...model.model.inputs.map(({ name, type }) => `\`${name}: ${spelledType(type)}\``),
    ),
    parameters: [...parameters],
    returnType: `${model.imports.type('Computed')}<${model.outputsType}>`,
    statements: body,
  };
}

function blocks(model: ModelContext): MethodDeclarationStructure[] {
  return [...model.model.functions].reverse().map((fn) => {
    const { parameters, body } = blockMethod(fn, model);
    return {
      kind: StructureKind.Method,
      name: model.methodOf(fn.name),
      scope: Scope.Private,
      docs: docs(fn.documentation ?? `Block \`${fn.name}\`.`, ...signature(fn)),
      parameters: [...parameters],
      returnType: model.imports.type('Tensor'),
      statements: body,
    };
  });
}

function formulas(model: ModelContext): MethodDeclarationStructure[] {
  return formulaMethods(model).map(({ name, documentation, parameters, returnType, body }) => ({
    kind: StructureKind.Method,
    name,
    scope: Scope.Private,
    docs: docs(...documentation),
    parameters: [...parameters],
    returnType,
    statements: body,
  }));
}
