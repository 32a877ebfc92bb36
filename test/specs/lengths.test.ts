import { beforeAll, describe, expect, test } from 'vitest';
import { compile } from '../../compiler/src/compile.js';
import { memoryHost } from '../../compiler/src/source/host.js';
import { useBackend } from '../../runtime/src/index.js';
import { generated } from '../compiler/emit/generated.js';
import { type GoldenRun, readJson } from '../support/golden.js';
import {
  largestDifference,
  output,
  perturbedOf,
  type SpecClass,
  type SpecModel,
  taken,
  tokensOf,
} from '../support/specs.js';

const text = `
import { dynamic } from "std/rotary"

model Dynamic(width = 8, theta = 10000, factor = 4, original = 8) {
  input x: float[B, T, width]
  output y: float[B, T, width] =
    x -> split_heads(1)
      -> rotary(theta: theta, frequency: (f, length) => dynamic(f, length, theta, width, factor, original)) -> join_heads
}

model Decoder(vocab = 13, width = 8, theta = 50, original = 6, context = 64) {
  input tokens: token[B, T <= context] of vocab
  let embed = embedding(vocab, width)

  fn slower(f, length) = if length > original then f / 3 else f

  /// Of a function of the configuration, which all layers share, and of one that is another in each copy.
  block Layer(i) =
    residual { attention(2, mask: causal, positions: rotary(theta: theta, frequency: slower)) as turned }
    -> residual {
      attention(
        2, mask: causal,
        positions: rotary(theta: theta, frequency: (f, length) => if length > 11 then f / (i + 2) else f)
      ) as other
    }

  output logits: float[B, T, vocab] = tokens -> embed -> repeat(2, i) as layers { Layer(i) } -> unembed(embed)
  generate tokens from logits
}

model Keeping(vocab = 13, width = 8, theta = 50, original = 6, context = 64) {
  input tokens: token[B, T <= context] of vocab
  let embed = embedding(vocab, width)
  output logits: float[B, T, vocab] =
    tokens -> embed
      -> repeat(2, i) as layers {
        residual {
          attention(
            2, mask: causal, positions: rotary(theta: theta, frequency: (f, n) => f * (original / max(n, original)), past: kept)
          )
        }
      }
      -> unembed(embed)
  generate tokens from logits
}
`;

async function specClass(name: string): Promise<SpecClass> {
  const { graph, diagnostics } = compile(memoryHost({ 'm.tfm': text }), 'm.tfm');
  expect(diagnostics.map(({ message }) => message)).toEqual([]);
  return (await generated<Readonly<Record<string, SpecClass>>>(graph!))[name]!;
}

const compiled = new Map<string, Promise<SpecClass>>();
const modelOf = async (name: string): Promise<SpecModel> => {
  const of = compiled.get(name) ?? specClass(name);
  compiled.set(name, of);
  return perturbedOf(await of, {}, 3);
};

const prompt = [4, 9, 1, 7];

beforeAll(async () => void (await useBackend('wasm')));

describe('frequencies that depend on the length of the sequence', () => {
  test('dynamic scaling: those of the original library', async () => {
    const model = (await specClass('Dynamic')).init({ config: {} });
    const { frequencies } = readJson<GoldenRun>('test/fixtures/hf-families/llama_dynamic/io.json');
    for (const [length, expected] of Object.entries(frequencies!)) {
      // (1, 0) for each pair: its second row holds the cosines and sines of the frequencies.
      const rows = Array.from({ length: Number(length) }, () => [1, 1, 1, 1, 0, 0, 0, 0]);
      const turned = (await output(model, { x: [rows] }, 'y')).slice(8, 16);
      const found = expected.map((_, i) => Math.atan2(turned[i + 4]!, turned[i]!));
      expect(largestDifference(found, expected), `length ${length}`).toBeLessThan(1e-7);
    }
    model.dispose();
  });

  test('steps over two lengths that change them give the scores of full passes, and compute the past twice', async () => {
    const model = await modelOf('Decoder');
    const { logits, state } = model.prefill({ tokens: prompt });
    logits.dispose();
    const kinds: string[] = [];
    for (let i = 0; i < 10; i++) {
      const before = state.replay.kernels;
      const found = await taken(model.step(i, state));
      const full = await output(model, { tokens: state.tokens! });
      expect(largestDifference(found, full.slice(-13)), `step ${i}`).toBeLessThan(1e-5);
      kinds.push(state.replay.kernels === before ? 'of another kind' : 'recorded');
    }
    expect(state.tokens).toEqual([[...prompt, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9]]);
    // What is recorded serves behind a prompt that was computed again.
    expect(kinds.filter((kind) => kind === 'recorded').length).toBeLessThanOrEqual(2);
    state.dispose();
    model.dispose();
  });

  test('samples and beams go over them as one sequence does', async () => {
    const model = await modelOf('Decoder');
    const options = { maxNewTokens: 12, temperature: 0 };
    const alone = await tokensOf(model.generate({ tokens: prompt }, options));
    const [samples] = await model.complete({ tokens: prompt }, { ...options, samples: 2 });
    expect(samples!.map(({ tokens }) => tokens)).toEqual([alone, alone]);
    const [found] = await model.complete({ tokens: prompt }, { maxNewTokens: 12, beams: 3 });
    const { tokens, logProbability } = found![0]!;
    const each = await Promise.all(
      tokens.map(async (token, i) => {
        const row = (await output(model, { tokens: [...prompt, ...tokens.slice(0, i)] })).slice(-13);
        return row[token]! - Math.log(row.reduce((sum, value) => sum + Math.exp(value), 0));
      }),
    );
    expect(Math.abs(each.reduce((sum, value) => sum + value, 0) - logProbability)).toBeLessThan(1e-4);
    model.dispose();
  });

  test.each(['Decoder', 'Keeping'])(
    '%s: a state serves a prompt as far as its keys are turned for it',
    async (name) => {
      const model = await modelOf(name);
      const turn = [...prompt, 3, 8, 2, 5];
      for (const [first, second] of [
        [prompt, turn],
        [turn, prompt.concat(5)],
        [prompt, prompt.concat(5)],
        [turn, turn.concat(1)],
      ]) {
        const fresh = model.prefill({ tokens: second });
        const { logits, state } = model.prefill({ tokens: first });
        logits.dispose();
        model.step(12, state).dispose();
        const { logits: again } = model.prefill({ tokens: second }, { state });
        expect(largestDifference(await taken(again), await taken(fresh.logits))).toBeLessThan(1e-5);
        const next = [model.step(2, state), model.step(2, fresh.state)] as const;
        expect(largestDifference(await taken(next[0]), await taken(next[1]))).toBeLessThan(1e-5);
        state.dispose();
        fresh.state.dispose();
      }
      model.dispose();
    },
  );

  test('scores are those of a pass over the whole text, however it is cut', async () => {
    const model = await modelOf('Keeping');
    const long = Array.from({ length: 60 }, (_, i) => (i * 5) % 13);
    const logits = await output(model, { tokens: long });
    const expected = long.slice(1).map((token, i) => {
      const row = logits.slice(i * 13, (i + 1) * 13);
      return row[token]! - Math.log(row.reduce((sum, value) => sum + Math.exp(value), 0));
    });
    const { logProbabilities } = await model.score({ tokens: long });
    expect(largestDifference(logProbabilities[0]!, expected)).toBeLessThan(1e-5);
    model.dispose();
  });
});
