import { describe, expect, test } from 'vitest';
import { explain, instantiate, listWeights, type Row } from '../../../compiler/src/explain/index.js';
import type { Expression, GraphFunction, GraphModel, Node } from '../../../compiler/src/graph/graph.js';
import {
  apply,
  at,
  constant,
  dimension,
  float,
  graphFunction,
  local,
  model,
  operator,
  path,
  place,
  region,
  repeat,
  shared,
  token,
  weight,
} from '../emit/fixtures/build.js';

const [B, T] = [dimension('B'), dimension('T')];
const stream = float(B, T, 8);
const axis = (name: 'query' | 'key'): Expression => ({ kind: 'axis', axis: name });

/** A model of these nodes over one stream `x`. */
function modelOf(nodes: Node[], more: Partial<GraphModel> = {}, main: Partial<GraphFunction> = {}): GraphModel {
  const last = nodes.at(-1)!.outputs[0]!;
  return model('M', graphFunction('M', [['x', stream]], region(['x'], nodes, last.id), main), {
    dimensions: [{ name: 'B' }, { name: 'T' }],
    inputs: [{ name: 'x', type: stream, presence: false }],
    outputs: [{ name: 'y', type: last.type }],
    ...more,
  });
}

function explained(graph: GraphModel, sizes: Record<string, number> = { B: 2, T: 16 }) {
  return explain(graph, instantiate(graph).configuration!, new Map(Object.entries(sizes)));
}

const only = (graph: GraphModel, sizes?: Record<string, number>): Row => explained(graph, sizes).rows.at(-1)!;

describe('one operator, batch 2, 16 rows of 8', () => {
  const rows = 2 * 16;
  test.each<[string, number, Node, GraphFunction['weights']]>([
    [
      'linear with bias',
      rows * (2 * 8 * 12 + 12),
      operator('linear', 'y', float(B, T, 12), ['x'], { weights: { weight: path('w'), bias: path('b') } }),
      [weight(path('w'), [12, 8]), weight(path('b'), [12])],
    ],
    [
      'linear in 2 groups',
      rows * 2 * 8 * 4,
      operator('linear', 'y', stream, ['x'], { weights: { weight: path('w') }, attributes: { groups: 2 } }),
      [weight(path('w'), [8, 4])],
    ],
    [
      'layer norm',
      rows * 8 * 6,
      operator('layer_norm', 'y', stream, ['x'], { weights: { weight: path('w') } }),
      [weight(path('w'), [8])],
    ],
    ['softmax', rows * 8 * 3, operator('softmax', 'y', stream, ['x']), []],
    ['mean', rows * 8, operator('mean', 'y', float(B, T), ['x']), []],
    ['reshape', 0, operator('join_heads', 'y', stream, ['x']), []],
    [
      'a formula of two operators',
      rows * 8 * 2,
      operator('apply', 'y', stream, ['x'], {
        attributes: { formula: apply('tanh', apply('multiply', { kind: 'element', index: 0 }, 2)) },
      }),
      [],
    ],
    [
      'rotary on half of the features',
      (rows * 8 * 3) / 2,
      operator('rotary', 'y', stream, ['x'], { attributes: { share: 0.5 } }),
      [],
    ],
    [
      'gru of 4 units',
      rows * (2 * 12 * (8 + 4) + 2 * 12 + 10 * 4),
      operator('gru', 'y', float(B, T, 4), ['x'], {
        weights: {
          'input.weight': path('i'),
          'hidden.weight': path('h'),
          'input.bias': path('a'),
          'hidden.bias': path('c'),
        },
      }),
      [weight(path('i'), [12, 8]), weight(path('h'), [12, 4]), weight(path('a'), [12]), weight(path('c'), [12])],
    ],
  ])('%s', (_, flops, node, weights) => {
    expect(only(modelOf([node], {}, { weights })).prefill.flops).toBe(flops);
  });

  test('attention: keys have fewer heads, values another width', () => {
    const node = operator('attend', 'y', float(B, T, 4, 3), ['q', 'k', 'v'], { attributes: { scale: 1 } });
    const split = (id: string, heads: number, width: number) =>
      operator('reshape', id, float(B, T, heads, width), ['x'], { attributes: { shape: 0 } });
    const row = only(modelOf([split('q', 4, 2), split('k', 2, 2), split('v', 2, 3), node]));
    expect(row.prefill.flops).toBe(2 * 4 * 16 * 16 * (2 * 2 + 1 + 3 + 2 * 3));
    expect(row.prefill.needed).toBe(row.prefill.flops);
    expect(row.prefill.activations).toBe(4 * (2 * 16 * 4 * 3 + 2 * 4 * 16 * 16));
  });
});

describe('what masks need', () => {
  const share = (mask: Expression, length: number): number => {
    const { flops, needed } = only(
      modelOf([operator('attend', 'y', stream, ['x', 'x', 'x'], { attributes: { mask } })]),
      { B: 1, T: length },
    ).prefill;
    return needed / flops;
  };
  const causal = apply('less_equal', axis('key'), axis('query'));
  const window = (rows: number) => apply('less', apply('abs', apply('subtract', axis('query'), axis('key'))), rows);

  test.each<[string, Expression, number, number]>([
    ['causal', causal, 16, 17 / 32],
    ['causal, said the other way', apply('greater_equal', axis('query'), axis('key')), 16, 17 / 32],
    ['causal, long', causal, 4096, 4097 / 8192],
    ['a window', window(2), 16, (3 * 16 - 2) / 256],
    ['causal in a window', apply('and', causal, window(4)), 16, (4 * 16 - 6) / 256],
    [
      'what comes with the data counts as there',
      apply('and', causal, { kind: 'lookup', value: 'p', batched: true, indices: [axis('key')] }),
      16,
      17 / 32,
    ],
    ['everything', true, 16, 1],
  ])('%s', (_, mask, length, expected) => {
    expect(share(mask, length)).toBeCloseTo(expected, 12);
  });

  test('a long mask without a formula of its own is sampled', () => {
    expect(share(apply('and', causal, window(10_000)), 1000)).toBeCloseTo(0.5, 1);
  });
});

describe('structure', () => {
  const linear = (id: string, at_: ReturnType<typeof path>) =>
    operator('linear', id, stream, ['s'], { weights: { weight: at_ } });

  test('a scan takes its body for every row', () => {
    const cell = operator('linear', 'n', float(B, 8), ['r'], { weights: { weight: path('w') } });
    const scan: Node = {
      kind: 'scan',
      states: ['z'],
      sequences: ['x'],
      region: region(['state', 'r'], [cell, operator('add', 'm', float(B, 8), ['n', 'state'])], 'm', 'm'),
      outputs: [{ id: 'y', type: stream }],
      place,
    };
    const zero = operator('mean', 'z', float(B, 8), ['x'], {
      attributes: { axis: { kind: 'string', value: 'sequence' } },
    });
    const row = only(modelOf([zero, scan], {}, { weights: [weight(path('w'), [8, 8])] }));
    expect(row).toMatchObject({ kind: 'scan', parameters: 64 });
    expect(row.prefill.flops).toBe(16 * (2 * 2 * 64 + 2 * 8));
    expect(row.rows[0]!.prefill.flops).toBe(2 * 2 * 64);
  });

  test('copies that differ are shown apart, equal ones together', () => {
    const [even, i] = [apply('equal', apply('modulo', local('i'), 2), 0), local('i')];
    const choice: Node = {
      kind: 'if',
      condition: even,
      // biome-ignore lint/suspicious/noThenProperty: the graph's own name for the first branch
      then: region([], [operator('relu', 'a', stream, ['s'])], 'a'),
      else: region([], [linear('b', path('layers', { index: i }, 'w'))], 'b'),
      outputs: [{ id: 'c', type: stream }],
      place,
    };
    const loops = [{ index: 'i', count: 5 }];
    const main = {
      weights: [weight(path('layers', at('i'), 'w'), [8, 8], constant(0), { loops, when: apply('not', even) })],
    };
    const graph = modelOf([repeat('layers', stream, 'x', region(['s'], [choice], 'c'), 5)], {}, main);
    const row = only(graph);
    expect(row.rows.map(({ copies, rows }) => [copies, rows.map(({ kind }) => kind)])).toEqual([
      [[0, 2, 4], ['relu']],
      [[1, 3], ['linear']],
    ]);
    expect(row.parameters).toBe(2 * 64);
    expect(listWeights(graph, new Map()).map((w) => w.path)).toEqual(['layers[1].w', 'layers[3].w']);
  });

  test('a weight that copies share is counted once', () => {
    const body = region(['s'], [linear('l', shared('w'))], 'l');
    const graph = modelOf([repeat('layers', stream, 'x', body, 3)], {}, { weights: [weight(path('w'), [8, 8])] });
    const { totals, rows } = explained(graph);
    expect(totals.parameters).toBe(64);
    expect(rows[0]!.parameters).toBe(64);
    expect(totals.prefill.flops).toBe(3 * 2 * 32 * 64);
  });

  test('weights that are not trained are told apart', () => {
    const main = { weights: [weight(path('w'), [8, 8]), weight(path('fixed'), [3], constant(1), { trained: false })] };
    const { totals, weights } = explained(
      modelOf(
        [linear('y', path('w'))].map((n) => ({ ...n, inputs: ['x'] })),
        {},
        main,
      ),
    );
    expect(totals).toMatchObject({ parameters: 67, trained: 64, weightBytes: 4 * 67 });
    expect(weights.map((w) => w.path)).toEqual(['w', 'fixed']);
  });

  test('sizes change from copy to copy', () => {
    const halved = float(B, T, apply('divide', 8, apply('power', 2, apply('add', local('i'), 1))));
    const body = region(['s'], [operator('maxout', 'h', halved, ['s'], { attributes: { pieces: 2 } })], 'h');
    const row = only(modelOf([repeat('layers', halved, 'x', body, 3)]));
    expect(row.outputs[0]!.shape).toEqual([2, 16, 1]);
    expect(row.rows.map(({ rows }) => rows[0]!.prefill.flops)).toEqual([256, 128, 64]);
  });
});

describe('generation', () => {
  const generating = (nodes: Node[], capacity = 32): GraphModel =>
    modelOf(nodes, {
      inputs: [{ name: 'x', type: token(B, T), presence: false }],
      generate: { input: 'x', output: 'y', dimension: 'T', scores: 'next', capacity, prefix: 0, state: [] },
    });

  test('what does not grow costs nothing in a step; what grows costs its new rows', () => {
    const memory = operator('softmax', 'm', float(B, 5, 8), ['x'], { growth: 'constant' });
    const grown = operator('softmax', 'g', stream, ['x'], { growth: 'pointwise' });
    const joined = operator('concat', 'j', float(B, apply('add', T, 5), 8), ['m', 'g'], {
      growth: 'pointwise',
      attributes: { grows: true },
    });
    const after = operator('softmax', 'a', float(B, apply('add', T, 5), 8), ['j'], { growth: 'causal' });
    const { rows } = explained(generating([memory, grown, joined, after]));
    expect(rows.map((row) => row.decode!.flops)).toEqual([0, 2 * 8 * 3, 0, 2 * 8 * 3]);
    expect(rows.map((row) => row.prefill.flops)).toEqual([2 * 5 * 24, 2 * 16 * 24, 0, 2 * 21 * 24]);
  });

  test('a window bounds the keys of a step', () => {
    const mask = apply(
      'and',
      apply('less_equal', axis('key'), axis('query')),
      apply('less', apply('subtract', axis('query'), axis('key')), 4),
    );
    const node = operator('attend', 'y', stream, ['x', 'x', 'x'], {
      growth: 'causal',
      state: '',
      attributes: { mask, window: 4, grows: true },
    });
    const row = only(generating([node]), { B: 1, T: 16 });
    expect(row.decode!.flops).toBe(4 * (2 * 8 + 1 + 1 + 3 + 2 * 8));
    expect(row.decode!.needed).toBeCloseTo(row.decode!.flops, 9);
    expect(row.cachePerToken).toBe(2 * 8 * 4);
  });
});

test('sizes that nobody gave: one in a batch, 128 rows', () => {
  expect(explained(modelOf([operator('relu', 'y', stream, ['x'])]), {}).dimensions).toEqual({ B: 1, T: 128 });
});
