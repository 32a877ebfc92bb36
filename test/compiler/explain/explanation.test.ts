import { describe, expect, test } from 'vitest';
import { instantiate } from '../../../compiler/src/explain/configuration.js';
import { explain } from '../../../compiler/src/explain/explanation.js';
import { listWeights } from '../../../compiler/src/explain/weights.js';
import type { GraphModel } from '../../../compiler/src/graph/graph.js';
import { at, dimension, float, parameter, path } from '../emit/fixtures/build.js';
import { gpt2 as graph } from '../emit/fixtures/gpt2.js';

const base = graph.models[0]!;
const keys = float(dimension('B'), dimension('T'), parameter('heads'), 64);
const gpt2: GraphModel = {
  ...base,
  generate: {
    ...base.generate!,
    state: [
      {
        path: path('layers', at('i'), 'attention'),
        loops: [{ index: 'i', count: parameter('depth') }],
        kind: 'keys_values',
        types: [keys, keys],
      },
    ],
  },
};
const configured = (settings: Record<string, unknown> = {}, preset?: string) =>
  instantiate(gpt2, settings, preset).configuration!;

describe('GPT-2 small', () => {
  const configuration = configured();
  const explanation = explain(gpt2, configuration, new Map([['T', 128]]));

  test('has the 124,439,808 parameters of the paper, each counted once', () => {
    expect(explanation.totals.parameters).toBe(124_439_808);
    expect(explanation.totals.weightBytes).toBe(4 * 124_439_808);
  });

  test('lists its weights in the order of use, copy by copy', () => {
    const paths = listWeights(gpt2, configuration).map((weight) => weight.path);
    expect(paths.slice(0, 6)).toEqual([
      'wte.weight',
      'wpe.weight',
      'layers[0].ln_1.weight',
      'layers[0].ln_1.bias',
      'layers[0].attention.q.weight',
      'layers[0].attention.q.bias',
    ]);
    expect(paths.slice(-2)).toEqual(['ln_f.weight', 'ln_f.bias']);
    expect(paths).toHaveLength(2 + 12 * 16 + 2);
  });

  test('takes 2 FLOPs for each matrix weight and token, and the rectangle of attention', () => {
    const matrices = 12 * 12 * 768 ** 2 + 50257 * 768;
    const rectangle = 12 * 12 * 128 * 128 * 4 * 64;
    const products = 2 * 128 * matrices + rectangle;
    const { flops, needed } = explanation.totals.prefill;
    expect(flops).toBeGreaterThan(products);
    expect(flops).toBeLessThan(1.01 * products);
    const attend = explanation.rows
      .find((row) => row.kind === 'repeat')!
      .rows[0]!.rows[1]!.rows.find((row) => row.kind === 'attend')!;
    expect(attend.prefill.flops).toBe(12 * 128 * 128 * (4 * 64 + 1 + 1 + 3));
    expect(attend.prefill.needed / attend.prefill.flops).toBeCloseTo(129 / 256, 12);
    expect(flops - needed).toBeCloseTo(12 * (attend.prefill.flops - attend.prefill.needed), 0);
  });

  test('decodes one token over 129 keys', () => {
    expect(explanation.past).toBe(128);
    const attend = explanation.rows
      .find((row) => row.kind === 'repeat')!
      .rows[0]!.rows[1]!.rows.find((row) => row.kind === 'attend')!;
    expect(attend.decode!.flops).toBe(12 * 129 * (4 * 64 + 1 + 1 + 3));
    expect(attend.decode!.needed).toBe(attend.decode!.flops);
    const q = explanation.rows.find((row) => row.kind === 'repeat')!.rows[0]!.rows[1]!.rows[0]!;
    expect(q.decode!.flops).toBe(2 * 768 * 768 + 768);
  });

  test('keeps two vectors for each layer and token', () => {
    const perToken = 12 * 2 * 768 * 4;
    expect(explanation.totals.cache).toEqual({ perToken, capacity: 1024, bytes: 1024 * perToken });
    expect(explanation.rows.reduce((sum, row) => sum + row.cachePerToken, 0)).toBe(perToken);
  });

  test('shows equal layers once', () => {
    const layers = explanation.rows.find((row) => row.path === 'layers')!;
    expect(layers.rows).toHaveLength(1);
    expect(layers.rows[0]!.copies).toHaveLength(12);
    expect(layers.parameters).toBe(12 * layers.rows[0]!.parameters);
    expect(layers.rows[0]!.parameters).toBe(7_087_872);
  });

  test('a step at the end of the context is the last one', () => {
    expect(explain(gpt2, configuration, new Map([['T', 1024]])).past).toBe(1023);
  });
});

describe('instantiate', () => {
  test('a preset, and a setting over it', () => {
    const medium = instantiate(gpt2, { depth: 2 }, 'Gpt2Medium').configuration!;
    expect(Object.fromEntries(medium)).toEqual({
      vocab: 50257,
      context: 1024,
      width: 1024,
      depth: 2,
      heads: 16,
      drop: 0.1,
    });
  });

  test.each([
    [{ widht: 8 }, undefined, "Gpt2 has no parameter 'widht'", "did you mean 'width'?"],
    [{ width: 8.5 }, undefined, "'width' of Gpt2 is a whole number; found 8.5", undefined],
    [{ drop: 'much' }, undefined, `'drop' of Gpt2 is a number; found "much"`, undefined],
    [{}, 'Gpt2Medum', "Gpt2 has no preset 'Gpt2Medum'", "did you mean 'Gpt2Medium'?"],
    [{ width: 100 }, undefined, 'heads must divide width; 100 % 12 is 4', 'required: width % heads == 0'],
  ])('refuses %j %s', (settings, preset, message, help) => {
    const { configuration, problems } = instantiate(gpt2, settings, preset);
    expect(configuration).toBeUndefined();
    expect(problems.map(({ message: text, help: fix }) => [text, fix])).toEqual([[message, help]]);
  });

  test('says what must be given', () => {
    const needy = { ...gpt2, parameters: [{ name: 'vocab', type: 'integer' as const }, ...gpt2.parameters.slice(1)] };
    expect(instantiate(needy).problems).toEqual([
      {
        message: "Gpt2 needs a value for 'vocab' (a whole number)",
        help: '--set vocab=…, or take a preset: Gpt2Medium',
      },
    ]);
    expect(instantiate(needy, { vocab: 10 }).configuration?.get('vocab')).toBe(10);
  });

  test('a default may use other parameters, a preset later ones', () => {
    const derived: GraphModel = {
      ...gpt2,
      parameters: [
        ...gpt2.parameters,
        { name: 'list', type: 'integers', default: { kind: 'list', items: [parameter('width'), 1] } },
      ],
      presets: [{ name: 'Small', values: { vocab: parameter('width'), width: 12 } }],
    };
    const configuration = instantiate(derived, {}, 'Small').configuration!;
    expect(configuration.get('vocab')).toBe(12);
    expect(configuration.get('list')).toEqual([12, 1]);
  });
});
