import * as tf from '@tensorflow/tfjs';
import { corpusBleu, crossEntropy, meanSquaredError, noam, tokenize13a } from '@tfm-lang/runtime';
import { beforeAll, describe, expect, test } from 'vitest';

beforeAll(() => tf.setBackend('cpu'));

const number = (loss: tf.Scalar): number => loss.dataSync()[0] ?? Number.NaN;

describe('cross entropy', () => {
  // Two positions of three classes with probabilities that are easy by hand.
  const logits = tf.tensor3d([[[0.7, 0.2, 0.1].map(Math.log), [0.25, 0.25, 0.5].map(Math.log)]]);
  const values = tf.tensor2d([[0, 2]], [1, 2], 'int32');

  test('is the mean of −log p', () => {
    expect(number(crossEntropy(logits, { values }))).toBeCloseTo(-(Math.log(0.7) + Math.log(0.5)) / 2, 6);
  });

  test('label smoothing spreads ε over all classes', () => {
    const all = [Math.log(0.7) + Math.log(0.2) + Math.log(0.1), 2 * Math.log(0.25) + Math.log(0.5)];
    const expected =
      -[Math.log(0.7), Math.log(0.5)].reduce((sum, right, i) => sum + 0.9 * right + (0.1 / 3) * (all[i] ?? 0), 0) / 2;
    expect(number(crossEntropy(logits, { values }, { labelSmoothing: 0.1 }))).toBeCloseTo(expected, 6);
  });

  test('padding does not count', () => {
    const counts = tf.tensor2d([[true, false]], [1, 2], 'bool');
    expect(number(crossEntropy(logits, { values, counts }))).toBeCloseTo(-Math.log(0.7), 6);
    const none = tf.tensor2d([[false, false]], [1, 2], 'bool');
    expect(number(crossEntropy(logits, { values, counts: none }))).toBe(0);
  });

  test('shifted: row j is for token j + 1', () => {
    expect(number(crossEntropy(logits, { values }, { shifted: true }))).toBeCloseTo(-Math.log(0.1), 6);
  });

  test('its gradient is the softmax less the target, over the number of positions', () => {
    const gradient = tf
      .grad((x) => crossEntropy(x, { values }))(logits)
      .dataSync();
    const expected = [0.7 - 1, 0.2, 0.1, 0.25, 0.25, 0.5 - 1].map((value) => value / 2);
    expected.forEach((value, i) => {
      expect(gradient[i]).toBeCloseTo(value, 6);
    });
  });

  test('targets of another rank are refused', () => {
    expect(() => crossEntropy(logits, { values: tf.tensor1d([0, 2], 'int32') })).toThrow(
      expect.objectContaining({ code: 'TFM5303' }),
    );
  });
});

test('mean squared error', () => {
  expect(number(meanSquaredError(tf.tensor1d([1, 2, 3]), { values: tf.tensor1d([1, 4, 0]) }))).toBeCloseTo(13 / 3, 6);
});

describe('the learning rate of Vaswani et al. 2017, equation 3', () => {
  test.each([
    // 512^−0.5 · 4000^−1.5 · step up to the warm-up, 512^−0.5 · step^−0.5 from there.
    [1, 1.7469e-7],
    [2000, 3.4939e-4],
    [4000, 6.9877e-4],
    [100_000, 1.3975e-4],
  ])('step %i', (step, expected) => {
    expect(noam(step, { width: 512 }) / expected).toBeCloseTo(1, 4);
  });

  test('there is no step 0', () => {
    expect(() => noam(0, { width: 512 })).toThrow(RangeError);
  });
});

describe('BLEU', () => {
  test('clipped counts: the example of Papineni et al. 2002, section 2.1', () => {
    const references = ['the cat is on the mat', 'there is a cat on the mat'];
    expect(corpusBleu(['the the the the the the the'], [references]).precisions[0]).toBeCloseTo((100 * 2) / 7, 6);
  });

  test('by hand: four precisions and a brevity penalty', () => {
    // 8 tokens against 9; "quick brown" is turned around.
    const found = corpusBleu(
      ['the brown quick fox jumps over the dog'],
      [['the quick brown fox jumps over the lazy dog']],
    );
    expect(found.precisions.map((p) => Math.round(p * 1e4) / 1e4)).toEqual([100, 42.8571, 33.3333, 20]);
    expect(found.brevityPenalty).toBeCloseTo(Math.exp(1 - 9 / 8), 10);
    const mean = (1 * (3 / 7) * (2 / 6) * (1 / 5)) ** 0.25;
    expect(found.score).toBeCloseTo(100 * Math.exp(-1 / 8) * mean, 8);
  });

  test('counts are added over the corpus before they are divided', () => {
    const hypotheses = ['a b c d e', 'x y'];
    const references = [['a b c d e'], ['x z']];
    const { precisions, score } = corpusBleu(hypotheses, references);
    expect(precisions).toEqual([(100 * 6) / 7, (100 * 4) / 5, 100, 100]);
    expect(score).toBeCloseTo(100 * ((6 / 7) * (4 / 5)) ** 0.25, 8);
  });

  test('a perfect translation has 100, one without a common 4-gram 0', () => {
    expect(corpusBleu(['a b c d'], [['a b c d']]).score).toBeCloseTo(100, 10);
    expect(corpusBleu(['a b c x'], [['a b c d']]).score).toBe(0);
    expect(corpusBleu([''], [['a']]).score).toBe(0);
  });

  test('the nearest reference length counts, the shorter of two', () => {
    expect(corpusBleu(['a b c'], [['a b', 'a b c d']]).referenceLength).toBe(2);
  });

  test.each([
    ['Hello, world!', ['Hello', ',', 'world', '!']],
    ['3.5 and 1,000 stay; 5-6 splits.', ['3.5', 'and', '1,000', 'stay', ';', '5', '-', '6', 'splits', '.']],
    ['don\'t &amp; "quote"', ["don't", '&', '"', 'quote', '"']],
  ])('13a: %s', (text, tokens) => {
    expect(tokenize13a(text)).toEqual(tokens);
  });

  test('lists of different lengths are refused', () => {
    expect(() => corpusBleu(['a'], [])).toThrow(RangeError);
    expect(() => corpusBleu(['a'], [[]])).toThrow(RangeError);
  });
});
