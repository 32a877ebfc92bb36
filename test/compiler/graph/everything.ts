import type {
  Expression,
  Graph,
  GraphFunction,
  Node,
  ValueType,
  WeightPath,
} from '../../../compiler/src/graph/graph.js';

const place = { file: 'all.tfm', line: 1, column: 1 };
const width: Expression = { kind: 'parameter', name: 'width' };
const type: ValueType = {
  dtype: 'float',
  shape: [{ kind: 'dimension', name: 'B' }, { kind: 'local', name: 'i' }, width],
};
const path: WeightPath = { root: 'model', segments: ['layers', { index: { kind: 'local', name: 'i' } }, 'weight'] };
const loops = [{ index: 'i', count: 2 }];
const outputs = [{ id: 'y', type }];
const region = { parameters: ['x'], nodes: [], results: ['x'] };

const nodes: readonly Node[] = [
  {
    kind: 'operator',
    operator: 'linear',
    inputs: ['x', null],
    weights: { weight: path },
    attributes: { groups: 2, mask: { kind: 'apply', formula: 'causal', arguments: [width] } },
    state: 'attention',
    outputs,
    label: 'up',
    growth: 'causal',
    keep: 'table',
    place,
  },
  { kind: 'call', function: 'F', inputs: ['x'], scalars: { i: 1 }, scope: path, outputs, place },
  { kind: 'repeat', count: 2, index: 'i', inputs: ['x'], region, collects: true, scope: path, outputs, place },
  // biome-ignore lint/suspicious/noThenProperty: the key of the contract
  { kind: 'if', condition: true, then: region, else: region, outputs, growth: 'constant', place },
  { kind: 'scan', states: ['s'], sequences: ['x'], region, state: 'gru', outputs, growth: 'pointwise', place },
];

const made: GraphFunction = {
  name: 'F',
  documentation: 'A block.',
  place,
  parameters: [{ id: 'x', type, captured: true }],
  scalars: [{ name: 'i', type: 'number' }],
  constants: [{ name: 'd_k', value: { kind: 'operator', operator: 'divide', operands: [width, 2] } }],
  weights: (
    [
      { kind: 'constant', value: 1 },
      { kind: 'normal', mean: 0, deviation: 0.02 },
      { kind: 'truncated_normal', mean: 0, deviation: 0.02 },
      { kind: 'uniform', low: -1, high: 1 },
      { kind: 'xavier_uniform', gain: 1 },
      { kind: 'xavier_normal', gain: 1 },
      { kind: 'orthogonal', gain: 1 },
    ] as const
  ).map((initializer) => ({ path, shape: [width], initializer, trained: false, loops, when: true, was: path, place })),
  scopes: [{ path, function: 'F', scalars: { i: 2 }, loops, when: false, was: path }],
  body: { parameters: ['x'], nodes, results: ['y'] },
};

const formula: Expression = {
  kind: 'list',
  items: [
    { kind: 'constant', name: 'pi' },
    { kind: 'string', value: 'text' },
    { kind: 'axis', axis: 'head' },
    { kind: 'score' },
    { kind: 'vector', of: 'key' },
    { kind: 'element', index: 0 },
    { kind: 'lookup', value: 'table', batched: false, indices: [{ kind: 'axis', axis: 'query' }] },
    true,
    1.5,
  ],
};

/** A graph with every type and every optional key of the contract; it means nothing. */
export const everything: Graph = {
  format: 'tfm-graph',
  version: 1,
  source: 'specs/all.tfm',
  models: [
    {
      name: 'All',
      documentation: 'Everything.',
      place,
      parameters: [
        { name: 'width', type: 'integers', default: { kind: 'list', items: [1, 2] }, documentation: 'Sizes.' },
      ],
      presets: [{ name: 'Big', documentation: 'A big one.', values: { width: 9 } }],
      requirements: [{ condition: true, message: ['width is ', width], place }],
      dimensions: [{ name: 'B' }, { name: 'T', most: width }],
      inputs: [
        {
          name: 'x',
          documentation: 'Tokens.',
          type: { dtype: 'token', shape: [width] },
          of: 9,
          pad: 0,
          start: 1,
          stop: 2,
          default: 0,
          presence: true,
        },
      ],
      outputs: [{ name: 'y', documentation: 'Scores.', type }],
      formulas: [
        {
          name: 'causal',
          kind: 'mask',
          documentation: 'A mask.',
          text: 'mask causal = …',
          parameters: [
            { name: 'n', kind: 'scalar' },
            { name: 't', kind: 'table' },
          ],
          expression: formula,
        },
      ],
      functions: [made],
      main: made,
      generate: {
        input: 'x',
        output: 'y',
        dimension: 'T',
        scores: 'self',
        capacity: width,
        prefix: 1,
        state: [{ path, loops, kind: 'keys_values', types: [type], window: 4 }],
      },
      train: {
        output: 'y',
        loss: 'mean_squared_error',
        attributes: { label_smoothing: 0.1 },
        against: { kind: 'labels', type },
      },
      checkpoints: [
        {
          name: 'theirs',
          rules: [
            {
              path: 'layers[i]',
              template: 'h.{i}',
              steps: [
                { step: 'transpose' },
                { step: 'reshape', shape: [width] },
                { step: 'axes', pattern: 'a b -> b a', sizes: { a: width } },
                { step: 'unpack', outer: 2, parts: [{ name: 'q', size: width }], inner: 3 },
                { step: 'add', value: 1 },
                { step: 'rows', from: 0, to: 4 },
              ],
              also: ['tied'],
              or: ['other'],
              default: 0,
              when: true,
              outputs: ['y'],
              place,
            },
          ],
          ignore: [{ template: '*.bias', when: true, place }],
          inputs: [{ input: 'tokens', presence: true, theirs: 'attention_mask', axes: ['b t -> b t'] }],
          outputs: [{ output: 'logits', theirs: 'logits' }],
        },
      ],
    },
  ],
};
