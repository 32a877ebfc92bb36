import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type {
  CheckpointStep,
  Expression,
  Graph,
  Initializer,
  Node,
  Operator,
  ParameterType,
} from '../../../compiler/src/graph/graph.js';
import { graphProblems, readGraph, schemaProblems } from '../../../compiler/src/graph/validate.js';
import { validateConfig } from '../../../compiler/src/validate-config.gen.js';
import { gpt2 } from '../emit/fixtures/gpt2.js';
import { everything } from './everything.js';

const text = readFileSync(new URL('../../../compiler/schemas/graph.schema.json', import.meta.url), 'utf8');

interface Variant {
  readonly properties: Readonly<Record<string, { readonly const?: string; readonly enum?: readonly string[] }>>;
}

const { $defs } = JSON.parse(text) as {
  readonly $defs: Readonly<Record<string, Variant & { readonly oneOf?: readonly { readonly $ref: string }[] }>>;
};

test.each([
  ['a model written by hand', gpt2],
  ['every type and every optional key', everything],
])('%s follows the schema', (_, graph) => {
  expect(graphProblems(graph)).toStrictEqual([]);
  expect(readGraph(JSON.stringify(graph), 'graph.json')).toStrictEqual({ graph, diagnostics: [] });
});

describe('the schema has the variants of the types', () => {
  const variants = (union: string, tag: string): readonly string[] =>
    ($defs[union]?.oneOf ?? []).map(({ $ref }) => $defs[$ref.slice('#/$defs/'.length)]?.properties[tag]?.const ?? '');
  const enumOf = (type: string, key: string): readonly string[] => $defs[type]?.properties[key]?.enum ?? [];

  // A record of all members: one more or one fewer in the types is a type error here.
  const expressions: Record<Exclude<Expression, number | boolean>['kind'], true> = {
    constant: true,
    string: true,
    parameter: true,
    dimension: true,
    local: true,
    list: true,
    operator: true,
    apply: true,
    axis: true,
    score: true,
    vector: true,
    element: true,
    lookup: true,
  };
  const nodes: Record<Node['kind'], true> = {
    ...{ operator: true, call: true, repeat: true },
    ...{ experts: true, if: true, scan: true },
  };
  const initializers: Record<Initializer['kind'], true> = {
    constant: true,
    normal: true,
    truncated_normal: true,
    uniform: true,
    xavier_uniform: true,
    xavier_normal: true,
    orthogonal: true,
  };
  const steps: Record<CheckpointStep['step'], true> = {
    transpose: true,
    reshape: true,
    axes: true,
    unpack: true,
    add: true,
    rows: true,
  };

  test.each([
    ['tree', 'kind', expressions],
    ['node', 'kind', nodes],
    ['initializer', 'kind', initializers],
    ['step', 'step', steps],
  ])('%s', (union, tag, members) => {
    expect(new Set(variants(union, tag))).toStrictEqual(new Set(Object.keys(members)));
  });

  test('operators and types of parameters', () => {
    const operators: Record<Operator, true> = {
      add: true,
      subtract: true,
      multiply: true,
      divide: true,
      modulo: true,
      power: true,
      negate: true,
      equal: true,
      not_equal: true,
      less: true,
      less_equal: true,
      greater: true,
      greater_equal: true,
      and: true,
      or: true,
      not: true,
      if: true,
      index: true,
      length: true,
      floor: true,
      ceil: true,
      round: true,
      sqrt: true,
      exp: true,
      log: true,
      log2: true,
      abs: true,
      sign: true,
      sin: true,
      cos: true,
      tanh: true,
      sigmoid: true,
      relu: true,
      leaky_relu: true,
      minimum: true,
      maximum: true,
      clamp: true,
      dot: true,
    };
    const parameters: Record<ParameterType, true> = {
      integer: true,
      number: true,
      boolean: true,
      string: true,
      integers: true,
      numbers: true,
      booleans: true,
      'optional-integer': true,
      'optional-number': true,
    };
    expect(enumOf('operatorExpression', 'operator')).toStrictEqual(Object.keys(operators));
    expect(enumOf('parameter', 'type')).toStrictEqual(Object.keys(parameters));
  });
});

/** The graph with one value at a path put in, or taken out where it is `undefined`. */
function changed(graph: Graph, path: string, value: unknown): unknown {
  const copy: unknown = JSON.parse(JSON.stringify(graph));
  const keys = path.split('.');
  const last = keys.pop() ?? '';
  const at = keys.reduce((inner, key) => (inner as Record<string, unknown>)[key], copy) as Record<string, unknown>;
  if (value === undefined) delete at[last];
  else at[last] = value;
  return copy;
}

const node = 'models.0.main.body.nodes.0';
const nodePath = 'models[0].main.body.nodes[0]';
const misspelled = { kind: 'truncated_norml', mean: 0, deviation: 1 };

const wrong: readonly [string, string, unknown, object][] = [
  [
    'an unknown key',
    'models.0.presetz',
    [],
    { path: 'models[0]', problem: 'has an unknown key presetz', suggestion: 'presets' },
  ],
  ['a missing key', 'models.0.place.line', undefined, { path: 'models[0].place', problem: 'has no line' }],
  [
    'an unknown kind of node',
    `${node}.kind`,
    'operatr',
    { path: nodePath, problem: 'has an unknown kind operatr', suggestion: 'operator' },
  ],
  [
    'an unknown operator',
    `${node}.operator`,
    'embeding',
    { path: nodePath, problem: 'has an unknown operator embeding', suggestion: 'embedding' },
  ],
  [
    'an unknown initialiser',
    'models.0.main.weights.0.initializer',
    misspelled,
    {
      path: 'models[0].main.weights[0].initializer',
      problem: 'has an unknown kind truncated_norml',
      suggestion: 'truncated_normal',
    },
  ],
  [
    'text for an expression',
    'models.0.parameters.0.default',
    '7',
    { path: 'models[0].parameters[0].default', problem: 'must be number' },
  ],
  [
    'a wrong choice',
    'models.0.generate.scores',
    'previous',
    { path: 'models[0].generate.scores', problem: 'must be one of next, self' },
  ],
  ['an absolute path', 'source', '/home/gpt2.tfm', { path: 'source' }],
  ['no array', 'models.0.presets', {}, { path: 'models[0].presets', problem: 'must be array' }],
];

test.each(wrong)('%s is one clear problem', (_, path, value, expected) => {
  expect(graphProblems(changed(gpt2, path, value))).toMatchObject([expected]);
});

test('as diagnostics', () => {
  const other = { ...gpt2, version: 9 };
  expect(readGraph(JSON.stringify(other), 'g.json').diagnostics).toMatchObject([
    { code: 'TFM9003', message: 'this graph has version 9; this compiler reads version 1' },
  ]);
  expect(readGraph('{', 'g.json').diagnostics).toMatchObject([{ code: 'TFM9004', file: 'g.json' }]);
  expect(readGraph('{"format": "tfm-graph"}', 'g.json').diagnostics.map((d) => d.message)).toStrictEqual([
    'the document has no version',
    'the document has no source',
    'the document has no models',
  ]);
  const unknownKey = changed(gpt2, 'models.0.presetz', []);
  expect(readGraph(JSON.stringify(unknownKey), 'g.json').diagnostics).toMatchObject([
    { code: 'TFM9002', message: 'models[0] has an unknown key presetz', help: 'did you mean presets?' },
  ]);
});

const configurations: readonly [unknown, object[]][] = [
  [{}, []],
  [{ specs: ['specs', 'gpt2.tfm'], out: 'generated', target: 'graph' }, []],
  [{ spec: [] }, [{ path: 'the document', problem: 'has an unknown key spec', suggestion: 'specs' }]],
  [{ target: 'onnx' }, []],
  [{ target: 'coreml' }, [{ path: 'target', problem: 'must be one of typescript, graph, onnx' }]],
  [{ specs: 'gpt2.tfm' }, [{ path: 'specs', problem: 'must be array' }]],
  [[], [{ path: 'the document', problem: 'must be object' }]],
];

test.each(configurations)('the configuration %j', (configuration, expected) => {
  expect(validateConfig(configuration)).toBe(expected.length === 0);
  expect(schemaProblems(validateConfig.errors ?? [])).toMatchObject(expected);
});
