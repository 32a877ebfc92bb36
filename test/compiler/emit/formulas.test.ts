import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { inlined } from '../../../compiler/src/emit/typescript/expressions.js';
import { emitTypeScript } from '../../../compiler/src/emit/typescript/index.js';
import type { Expression, FormulaDeclaration, Graph } from '../../../compiler/src/graph/graph.js';
import type { SpecClass } from '../../support/specs.js';
import { graphOf } from '../../support/specs.js';
import { formulas } from './fixtures/formulas.js';
import { generated } from './generated.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** The same graph with every formula written out where it is used. */
function writtenOut(graph: Graph): Graph {
  const models = graph.models.map((model) => {
    const byName = new Map(model.formulas.map((formula) => [formula.name, formula]));
    const replace = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(replace);
      if (typeof value !== 'object' || value === null) return value;
      const copy = Object.fromEntries(Object.entries(value).map(([key, each]) => [key, replace(each)]));
      if (copy.kind !== 'apply') return copy;
      const formula = byName.get(copy.formula as string) as FormulaDeclaration;
      return replace(inlined(formula, copy.arguments as Expression[]));
    };
    return { ...(replace({ main: model.main, functions: model.functions }) as object), rest: model };
  });
  return { ...graph, models: models.map(({ rest, ...own }) => ({ ...rest, ...own, formulas: [] })) };
}

const lines = async (graph: Graph): Promise<string[]> =>
  (await emitTypeScript(graph, { toolVersion: '0.1.0' })).text.split('\n').map((line) => line.trim());

describe('formulas keep the names of the spec', () => {
  test('DALL·E: masks that read the configuration are methods, and attention reads as in the spec', async () => {
    const text = await lines(graphOf('specs/models/dalle.tfm'));
    expect(text).toContain('{ mask: f.and(causal, this.inImage(), this.sparse(i)), grows: true },');
    expect(text).toContain('/** `mask row = (q, k) => k in text or q.row == k.row` */');
    const sparse = text.indexOf('private sparse(i: number): Formula {');
    expect(text.slice(sparse + 1, sparse + 4)).toEqual([
      'if (i % 4 === 0 || i % 4 === 2) return this.row();',
      'if (i % 4 === 1) return this.column();',
      'return this.neighbours();',
    ]);
  });

  test('without the configuration they are constants and functions of the file', async () => {
    const text = await lines(formulas());
    expect(text).toContain('const window = (n: number) => f.mask(({ q, k }) => f.less(f.subtract(q, k), n));');
    expect(text).toContain('* The last n positions.');
    expect(text).toContain(
      'const softcap = (x: FormulaLike, limit: FormulaLike) => f.multiply(limit, f.tanh(f.divide(x, limit)));',
    );
  });

  test('a parameter that is called like a leaf is not hidden by it', async () => {
    const text = await lines(formulas());
    const close = text.indexOf('private close(): Formula {');
    expect(text.slice(close + 1, close + 3)).toEqual([
      'const { k: k_2 } = this.config;',
      'return f.mask(({ q }) => f.less(q, k_2));',
    ]);
  });

  test.each([
    [
      'Dalle',
      graphOf('specs/models/dalle.tfm'),
      { text_vocab: 9, image_vocab: 13, text_length: 4, grid: 3, width: 8, depth: 5, heads: 2, near: 3 },
      { text: [[3, 1, 8, 2]], image: [[1, 9, 4, 4, 0, 12, 3, 5]] },
    ],
    ['Formulas', formulas(), {}, { tokens: [[3, 1, 8, 2, 0, 7, 9, 9, 4, 10]] }],
    ['Formulas', formulas(), { odd: false, k: 5, limit: 0.5 }, { tokens: [[3, 1, 8, 2, 0, 7, 9, 9, 4, 10]] }],
  ] as const)('%s computes what it computes with every formula written out', async (name, graph, config, inputs) => {
    const [named, plain] = await Promise.all(
      [graph, writtenOut(graph)].map(async (each) => {
        const made = (await generated<Record<string, SpecClass>>(each))[name]!.init({ config, seed: 3 });
        return Array.from(await made.forward(inputs).logits!.data());
      }),
    );
    expect(named!.length).toBeGreaterThan(50);
    expect(named).toEqual(plain);
  });
});
