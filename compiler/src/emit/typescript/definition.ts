import { freeNames } from '../../algebra/walk.js';
import type {
  CheckpointDeclaration,
  CheckpointRule,
  CheckpointStep,
  Expression,
  InputDeclaration,
  Node,
} from '../../graph/graph.js';
import { neededFor, readsOf, regionsOf } from '../../graph/uses.js';
import { FunctionContext, type ModelContext } from './context.js';
import { scalar } from './expressions.js';
import { type Code, callOf, layout, listOf, objectOf } from './layout.js';
import { spelled } from './spelling.js';
import { camelCase, propertyName, stringLiteral } from './text.js';

type Entry = readonly [string, Code];

/** What the runtime knows of a model beside its forward pass, as an object literal. */
export function definitionCode(model: ModelContext, source: string): string {
  const { generate, checkpoints, name } = model.model;
  const entries: Entry[] = [
    ['name', stringLiteral(name)],
    ['source', stringLiteral(source)],
    ['configure', model.configureName],
    ['weights', model.declareName],
    [
      'inputs',
      ofConfiguration(model, (context) => listOf(model.model.inputs.map((input) => inputCode(input, context)))),
    ],
    ['outputs', listOf(model.model.outputs.map((output) => stringLiteral(output.name)))],
  ];
  const partial = partialWeights(model);
  if (partial.length > 0) entries.push(['partial', objectOf(partial)]);
  if (generate) entries.push(['generation', ofConfiguration(model, (context) => generationCode(model, context))]);
  if (checkpoints.length > 0) {
    const maps = (context: FunctionContext): Code =>
      objectOf(checkpoints.map((checkpoint) => [propertyName(checkpoint.name), checkpointCode(checkpoint, context)]));
    entries.push(['checkpoints', ofConfiguration(model, maps)]);
  }
  return layout(objectOf(entries), 0, 120);
}

/** Labels of weights that not all outputs need, with the outputs that do. */
function partialWeights({ model }: ModelContext): Entry[] {
  if (model.outputs.length < 2) return [];
  const needs = new Map<string, Set<number>>();
  for (const [node, outputs] of neededFor(model.main)) {
    for (const label of labelsOf(node)) {
      const known = needs.get(label) ?? new Set<number>();
      for (const output of outputs) known.add(output);
      needs.set(label, known);
    }
  }
  return [...needs].flatMap(([label, outputs]): Entry[] => {
    if (outputs.size === model.outputs.length) return [];
    const names = model.outputs.filter((_, index) => outputs.has(index)).map(({ name }) => stringLiteral(name));
    return [[propertyName(label), listOf(names)]];
  });
}

/** The model's labels under which a node's weights are. */
function labelsOf(node: Node): readonly string[] {
  const paths = node.kind === 'operator' ? Object.values(node.weights) : node.kind === 'call' ? [node.scope] : [];
  const own = paths.flatMap(({ segments: [label] }) => (typeof label === 'string' ? [label] : []));
  return [...own, ...regionsOf(node).flatMap((region) => region.nodes.flatMap(labelsOf))];
}

/** `({ width }) => …`, with the parameters that the code uses. */
function ofConfiguration(model: ModelContext, code: (context: FunctionContext) => Code): Code {
  const context = new FunctionContext(model, { constants: [] }, (name) => `sizes[${stringLiteral(name)}]!`);
  const made = code(context);
  const object = typeof made !== 'string' && 'open' in made && made.open === '{';
  return [`(${context.destructured() ?? ''}) => `, object ? ['(', made, ')'] : made];
}

function inputCode(input: InputDeclaration, context: FunctionContext): Code {
  const entries: Entry[] = [
    ['name', stringLiteral(input.name)],
    ['type', stringLiteral(input.type.dtype)],
    ['shape', listOf(input.type.shape.map((size) => sizeCode(size, context)))],
  ];
  for (const key of ['of', 'pad', 'start', 'stop', 'default'] as const) {
    const value = input[key];
    if (value !== undefined) entries.push([key, scalar(value, context)]);
  }
  if (input.presence) entries.push(['presence', 'true']);
  const outputs = outputsNeeding(input.name, context.model);
  if (outputs.length < context.model.model.outputs.length) entries.push(['for', listOf(outputs.map(stringLiteral))]);
  return objectOf(entries);
}

/** The outputs that an input matters for. */
export function outputsNeeding(input: string, { model }: ModelContext): readonly string[] {
  if (model.outputs.length < 2) return model.outputs.map(({ name }) => name);
  const needs = neededFor(model.main);
  const found = new Set<number>();
  model.main.body.results.forEach((id, index) => {
    if (id === input) found.add(index);
  });
  for (const [node, outputs] of needs) if (readsInput(node, input)) for (const output of outputs) found.add(output);
  return model.outputs.filter((_, index) => found.has(index)).map(({ name }) => name);
}

const readsInput = (node: Parameters<typeof readsOf>[0], input: string): boolean => readsOf(node).includes(input);

/** A size of an input: bound by the first input that names it, fixed by the configuration, or computed from others. */
function sizeCode(size: Expression, context: FunctionContext): Code {
  const text = stringLiteral(spelled(size));
  if (typeof size === 'object' && size.kind === 'dimension') {
    const most = context.model.model.dimensions.find(({ name }) => name === size.name)?.most;
    const items: Code[] = [stringLiteral(size.name)];
    if (most !== undefined) items.push(scalar(most, context), stringLiteral(spelled(most)));
    return callOf(context.model.imports.value('dimension'), items);
  }
  const value = scalar(size, context);
  const derived = freeNames(size).dimensions.size > 0;
  return callOf(context.model.imports.value('size'), [derived ? `(sizes) => ${value}` : value, text]);
}

function generationCode(model: ModelContext, context: FunctionContext): Code {
  const { generate } = model.model;
  if (!generate) return '{}';
  const entries: Entry[] = [
    ['input', stringLiteral(generate.input)],
    ['output', stringLiteral(generate.output)],
    ['scores', stringLiteral(generate.scores)],
    ['prefix', scalar(generate.prefix, context)],
  ];
  if (generate.capacity !== undefined) entries.push(['capacity', scalar(generate.capacity, context)]);
  return objectOf(entries);
}

function checkpointCode({ rules, ignore }: CheckpointDeclaration, context: FunctionContext): Code {
  const at = (place: { readonly file: string; readonly line: number }): Entry => [
    'at',
    objectOf([
      ['file', stringLiteral(place.file)],
      ['line', String(place.line)],
    ]),
  ];
  const ignored = ignore.map(({ template, when, place }): Code => {
    const rule = objectOf([['glob', stringLiteral(template)], at(place)]);
    return when === undefined ? rule : ['...', `(${scalar(when, context)} ? `, listOf([rule]), ' : [])'];
  });
  return objectOf([
    ['rules', listOf(rules.map((rule) => objectOf([...ruleEntries(rule, context), at(rule.place)])))],
    ['ignore', listOf(ignored)],
  ]);
}

function ruleEntries(rule: CheckpointRule, context: FunctionContext): Entry[] {
  const entries: Entry[] = [
    ['path', stringLiteral(rule.path)],
    ['template', stringLiteral(rule.template)],
  ];
  if (rule.steps.length > 0) entries.push(['steps', listOf(rule.steps.map((step) => stepCode(step, context)))]);
  for (const key of ['also', 'or'] as const) {
    if (rule[key].length > 0) entries.push([key, listOf(rule[key].map(stringLiteral))]);
  }
  if (rule.default !== undefined) entries.push(['default', scalar(rule.default, context)]);
  if (rule.when !== undefined) entries.push(['when', scalar(rule.when, context)]);
  const all = context.model.model.outputs.length;
  if (rule.outputs.length > 0 && rule.outputs.length < all)
    entries.push(['for', listOf(rule.outputs.map(stringLiteral))]);
  return entries;
}

function stepCode(step: CheckpointStep, context: FunctionContext): Code {
  const value = (expression: Expression): string => scalar(expression, context);
  const kind: Entry = ['kind', stringLiteral(camelCase(step.step))];
  switch (step.step) {
    case 'transpose':
      return objectOf([kind]);
    case 'reshape':
      return objectOf([kind, ['shape', listOf(step.shape.map(value))]]);
    case 'axes': {
      const sizes = Object.entries(step.sizes).map(([name, size]) => [propertyName(name), value(size)] as const);
      return objectOf([kind, ['pattern', stringLiteral(step.pattern)], ['sizes', objectOf(sizes)]]);
    }
    case 'unpack': {
      const parts = step.parts.map(({ name, size }) =>
        objectOf([
          ['name', stringLiteral(name)],
          ['size', value(size)],
        ]),
      );
      return objectOf([
        kind,
        ['outer', value(step.outer ?? 1)],
        ['parts', listOf(parts)],
        ['inner', value(step.inner ?? 1)],
      ]);
    }
    case 'add':
      return objectOf([kind, ['value', value(step.value)]]);
    case 'rows':
      return objectOf([kind, ['begin', value(step.from)], ['end', value(step.to)]]);
  }
}
