import type * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { disposeExplanation, useBackend } from '../../runtime/src/index.js';
import { normal } from '../support/cases/case.js';
import { build, get, mapRows, type Nd, nd } from '../support/reference/array.js';
import { elu, leakyRelu, sigmoid } from '../support/reference/elementwise.js';
import { embedding, linear, maxout, softmax } from '../support/reference/layers.js';
import { recurrent } from '../support/reference/recurrent.js';
import { largestDifference, output, perturbed, type SpecModel, taken, variables } from '../support/specs.js';

type Layer = { readonly weight: tf.Variable; readonly bias: tf.Variable };

/** A weight in float64; its numbers are those of float32. */
async function f64(variable: tf.Variable): Promise<Nd> {
  return nd(variable.shape, await variable.data());
}

const given = ({ data, shape }: Nd) => ({ values: Float32Array.from(data), shape });

describe.each(['cpu', 'wasm'] as const)('on %s', (backend) => {
  beforeAll(async () => void (await useBackend(backend)));

  test.each([
    { width: 8, halves: false, base: 10000 },
    { width: 8, halves: true, base: 10000 },
    { width: 7, halves: false, base: 500 },
    { width: 64, halves: true, base: 10000 },
  ])('sinusoidal positions are the formula: %j', async (config) => {
    const { width, halves, base } = config;
    const model = await perturbed('test/fixtures/specs/encoder.tfm', 'Positions', config);
    const found = await output(model, { x: given(nd([1, 300, width], new Float64Array(300 * width))) }, 'y');
    // Vaswani et al. 2017, section 3.5: sin and cos of p / base^(2i / width), by turns, or first all sines.
    const expected = build([300, width], (p, feature) => {
      const half = Math.ceil(width / 2);
      const [i, isSine] = halves ? [feature % half, feature < half] : [Math.floor(feature / 2), feature % 2 === 0];
      const angle = p / base ** ((2 * i) / width);
      return isSine ? Math.sin(angle) : Math.cos(angle);
    });
    model.dispose();
    // Tables are made in float64: what is left is the rounding of numbers up to 1 to float32, 2⁻²⁵.
    expect(largestDifference(found, expected.data)).toBeLessThan(1e-7);
  });

  test('graph attention is the formula of Veličković et al.', async () => {
    const [nodes, features, width, heads, classes] = [6, 5, 3, 2, 4];
    const model = await perturbed('specs/models/gat.tfm', 'Gat', { features, width, heads, classes });
    const x = normal([1, nodes, features], 5);
    const linked = Array.from({ length: nodes }, (_, q) =>
      Array.from({ length: nodes }, (_, k) => q === k || (q * 3 + k * 5) % 4 === 0),
    );
    const found = await output(model, { x: given(x), linked: [linked] });
    const { first, second } = model.weights as Record<'first' | 'second', GraphAttention>;
    const hidden = await graphAttention(x, linked, first, heads);
    const activated = mapRows(hidden, heads * width, (row) => row.map((value) => elu(value)));
    const expected = await graphAttention(activated, linked, second, 1);
    model.dispose();
    expect(expected.shape).toEqual([1, nodes, classes]);
    expect(largestDifference(found, expected.data)).toBeLessThan(1e-5); // float32, seen ≤ 1e-6
  });

  test('patches of an image stand row by row, their features by y, x and channel', async () => {
    const [size, patch, channels, width] = [6, 2, 3, 4];
    const model = await perturbed('specs/models/vit.tfm', 'Vit', {
      size,
      patch,
      channels,
      width,
      depth: 1,
      heads: 2,
      classes: 3,
    });
    const image = normal([2, size, size, channels], 3);
    const explanation = model.explain({ image: given(image) });
    const found = await explanation.values.projection!.data();
    disposeExplanation(explanation);
    const across = size / patch;
    const flat = build([2, across * across, patch * patch * channels], (b, p, f) => {
      const [channel, x, y] = [f % channels, Math.floor(f / channels) % patch, Math.floor(f / channels / patch)];
      return get(image, b, Math.floor(p / across) * patch + y, (p % across) * patch + x, channel);
    });
    const { projection } = model.weights as Record<'projection', Layer>;
    const expected = linear(flat, await f64(projection.weight), await f64(projection.bias));
    model.dispose();
    expect(largestDifference(found, expected.data)).toBeLessThan(1e-5); // float32, sums of 12 products
  });

  test('the recurrent encoder–decoder is the formulas of Bahdanau et al., with additive attention', async () => {
    const sizes = { vocab: 9, target_vocab: 11, context: 12, embed: 6, width: 5, align: 7, pool: 4 };
    const model = await perturbed('specs/models/seq2seq.tfm', 'Seq2Seq', sizes);
    const [source, target] = [
      [4, 7, 2, 8, 1],
      [1, 9, 4, 10],
    ];
    const found = await output(model, { source, target });
    const expected = await additiveDecoder(model, source, target);
    model.dispose();
    expect(largestDifference(found, expected.data)).toBeLessThan(1e-5); // float32, seen ≤ 1e-6
  });

  describe('label smoothing 0.1', () => {
    const config = { vocab: 13, context: 16, width: 8, depth: 1, heads: 2, hidden: 12 };
    const source = [[4, 5, 6]];

    test('scores that are all equal cost ln V', async () => {
      const model = await perturbed('specs/models/transformer.tfm', 'Transformer', config);
      for (const variable of variables(model.weights)) variable.assign(variable.mul(0));
      const [loss] = await taken(model.loss({ source, target: [[1, 4, 2]] }, { training: false }));
      model.dispose();
      expect(loss).toBeCloseTo(Math.log(13), 6); // 2.564949…
    });

    test('is 0.9 of the right token and 0.1 of all, over the real tokens', async () => {
      const model = await perturbed('specs/models/transformer.tfm', 'Transformer', config);
      const target = {
        values: [
          [1, 4, 2, 9],
          [1, 12, 0, 0],
        ],
        lengths: [4, 2],
      };
      const inputs = {
        source: [
          [4, 5, 6],
          [7, 8, 9],
        ],
        target,
      };
      const logProbabilities = mapRows(softmax(nd([2, 4, 13], await output(model, inputs))), 13, (row) =>
        row.map(Math.log),
      );
      const costs = [
        [0, 0, 4],
        [0, 1, 2],
        [0, 2, 9],
        [1, 0, 12],
      ].map(([b, row, token]) => {
        const all = Array.from({ length: 13 }, (_, v) => -get(logProbabilities, b!, row!, v));
        return 0.9 * all[token!]! + (0.1 * all.reduce((sum, cost) => sum + cost, 0)) / 13;
      });
      const [loss] = await taken(model.loss(inputs, { training: false }));
      model.dispose();
      expect(Math.abs(loss! - costs.reduce((sum, cost) => sum + cost, 0) / 4)).toBeLessThan(1e-5); // float32 of about 3
    });
  });
});

type GraphAttention = { readonly project: Layer; readonly left: tf.Variable; readonly right: tf.Variable };

/** Equations 1 to 5 of the paper, the heads side by side: h = W x; softmax over the neighbours of LeakyReLU(aᵀ[h_q ‖ h_k]). */
async function graphAttention(x: Nd, linked: boolean[][], weights: GraphAttention, heads: number): Promise<Nd> {
  const h = linear(x, await f64(weights.project.weight));
  const [left, right] = [await f64(weights.left), await f64(weights.right)];
  const [nodes, d] = [h.shape[1]!, h.shape[2]! / heads];
  const part = (vector: Nd, node: number, head: number) =>
    Array.from({ length: d }, (_, f) => get(vector, head, f) * get(h, 0, node, head * d + f)).reduce((a, b) => a + b);
  return build(h.shape, (_, q, feature) => {
    const head = Math.floor(feature / d);
    const neighbours = Array.from({ length: nodes }, (_, k) => k).filter((k) => linked[q]![k]);
    const powers = neighbours.map((k) => Math.exp(leakyRelu(part(left, q, head) + part(right, k, head), 0.2)));
    const total = powers.reduce((a, b) => a + b);
    return neighbours.reduce((sum, k, i) => sum + (powers[i]! / total) * get(h, 0, k, feature), 0);
  });
}

type Recurrent = { readonly input: Layer; readonly hidden: Layer };
interface Seq2SeqWeights {
  readonly source_words: Layer;
  readonly forward: Recurrent;
  readonly backward: Recurrent;
  readonly keys: Layer;
  readonly start: Layer;
  readonly v: tf.Variable;
  readonly readout: Layer;
  readonly head: Layer;
  readonly decoder: { readonly query: Layer; readonly next: Recurrent };
  readonly target_words: Layer;
}

/** Logits [1, T, V] of one sequence, in float64. */
async function additiveDecoder(model: SpecModel, source: number[], target: number[]): Promise<Nd> {
  const w = model.weights as Seq2SeqWeights;
  const dense = async (x: Nd, { weight, bias }: Layer) => linear(x, await f64(weight), bias && (await f64(bias)));
  const gru = async (x: Nd, { input, hidden }: Recurrent, reverse = false) => {
    const gates = {
      inputWeight: await f64(input.weight),
      inputBias: await f64(input.bias),
      hiddenWeight: await f64(hidden.weight),
      hiddenBias: await f64(hidden.bias),
    };
    return recurrent('gru', x, gates, reverse);
  };
  const words = embedding(nd([1, source.length], source), await f64(w.source_words.weight));
  const [forward, backward] = [await gru(words, w.forward), await gru(words, w.backward, true)];
  const memory = beside(forward, backward);
  const keys = await dense(memory, w.keys);
  const v = await f64(w.v);
  let s = mapRows(await dense(rowOf(backward, 0), w.start), 5, (row) => row.map(Math.tanh));
  const emitted: Nd[] = [];
  for (const token of target) {
    const word = embedding(nd([1, 1], [token]), await f64(w.target_words.weight));
    const query = await dense(s, w.decoder.query);
    const scores = build([1, 1, source.length], (_b, _t, j) =>
      v.data.reduce((sum, weight, f) => sum + weight * Math.tanh(get(query, 0, 0, f) + get(keys, 0, j, f)), 0),
    );
    const probabilities = softmax(scores);
    const context = build([1, 1, memory.shape[2]!], (_b, _t, f) =>
      source.reduce((sum, _, j) => sum + get(probabilities, 0, 0, j) * get(memory, 0, j, f), 0),
    );
    emitted.push(beside(beside(s, word), context));
    s = await gruFrom(s, beside(word, context), w.decoder.next);
  }
  const states = nd(
    [1, target.length, emitted[0]!.shape[2]!],
    emitted.flatMap(({ data }) => [...data]),
  );
  return dense(maxout(await dense(states, w.readout), 2), w.head);
}

/** One step of a GRU from state s: gates r, z, n as in PyTorch. */
async function gruFrom(s: Nd, x: Nd, { input, hidden }: Recurrent): Promise<Nd> {
  const fromInput = linear(x, await f64(input.weight), await f64(input.bias));
  const fromState = linear(s, await f64(hidden.weight), await f64(hidden.bias));
  const n = s.shape[2]!;
  return build(s.shape, (_b, _t, i) => {
    const of = (gate: number): [number, number] => [
      get(fromInput, 0, 0, gate * n + i!),
      get(fromState, 0, 0, gate * n + i!),
    ];
    const [[ir, hr], [iz, hz], [inew, hnew]] = [of(0), of(1), of(2)];
    const z = sigmoid(iz + hz);
    return (1 - z) * Math.tanh(inew + sigmoid(ir + hr) * hnew) + z * get(s, 0, 0, i!);
  });
}

/** [1, T, a] and [1, T, b] side by side. */
function beside(a: Nd, b: Nd): Nd {
  const split = a.shape[2]!;
  return build([1, a.shape[1]!, split + b.shape[2]!], (_, t, f) =>
    f! < split ? get(a, 0, t!, f!) : get(b, 0, t!, f! - split),
  );
}

const rowOf = (x: Nd, row: number): Nd => build([1, 1, x.shape[2]!], (_b, _t, f) => get(x, 0, row, f!));
