import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import * as ops from '../../../runtime/src/index.js';
import { f } from '../../../runtime/src/index.js';
import { scopeAt } from '../../support/cases/scope.js';

const zeros = (...shape: number[]) => tf.zeros(shape);

beforeAll(async () => {
  await ops.useBackend('cpu');
});

const mistakes: readonly [name: string, code: string, words: readonly string[], run: () => unknown][] = [
  [
    'an id past the vocabulary',
    'TFM5401',
    ['tokens[1][2] is 11', '11 entries', '0 to 10'],
    () =>
      ops.tokens(
        [
          [1, 2, 3],
          [4, 5, 11],
        ],
        { vocabulary: 11 },
      ),
  ],
  ['a negative id', 'TFM5401', ['source[0] is -1'], () => ops.tokens([-1], { vocabulary: 11, name: 'source' })],
  ['half an id', 'TFM5401', ['0.5'], () => ops.tokens([0.5], { vocabulary: 11 })],
  ['an id that is no number', 'TFM5401', ['NaN'], () => ops.tokens([Number.NaN], { vocabulary: 11 })],
  [
    'rows of different lengths',
    'TFM5402',
    ['tokens[1] has 1 ids', 'tokens[0] has 2'],
    () => ops.tokens([[1, 2], [3]], { vocabulary: 11 }),
  ],
  ['plain ids given to an embedding', 'TFM5401', ['tokens[0] is 5'], () => ops.embedding([5], { weight: zeros(5, 2) })],
  [
    'a sequence past its table',
    'TFM5403',
    ['position 4', '4 positions'],
    () => ops.learnedPositions(zeros(1, 5, 2), { weight: zeros(4, 2) }),
  ],
  [
    'a step past its table',
    'TFM5403',
    ['position 4'],
    () => ops.learnedPositions(zeros(1, 1, 2), { weight: zeros(4, 2) }, { grows: true }, scopeAt(4)),
  ],
  [
    'a grid that is too small',
    'TFM5403',
    ['position 6', '6 positions'],
    () => ops.axialPositions(zeros(1, 7, 2), { rows: zeros(2, 2), columns: zeros(3, 2) }),
  ],
  [
    'a linear layer of another width',
    'TFM5404',
    ['float[2, 3]', '4 features'],
    () => ops.linear(zeros(2, 3), { weight: zeros(5, 4) }),
  ],
  [
    'an unembedding of another width',
    'TFM5404',
    ['float[2, 3]', 'float[5, 4]'],
    () => ops.unembed(zeros(2, 3), { weight: zeros(5, 4) }),
  ],
  [
    'heads that do not divide',
    'TFM5404',
    ['float[1, 2, 7]', '2 heads'],
    () => ops.splitHeads(zeros(1, 2, 7), { heads: 2 }),
  ],
  [
    'key heads that do not divide the heads',
    'TFM5404',
    ['float[1, 2, 3, 4]', 'float[1, 2, 2, 4]'],
    () => ops.attend(zeros(1, 2, 3, 4), zeros(1, 2, 2, 4), zeros(1, 2, 2, 4)),
  ],
  ['queries without keys', 'TFM5404', ['both'], () => ops.attend(zeros(1, 2, 3, 4), null, zeros(1, 2, 3, 4))],
  ['an odd number of turning features', 'TFM5404', ['3 of 6'], () => ops.rotary(zeros(1, 2, 1, 6), { share: 0.5 })],
  ['parts that do not add up', 'TFM5404', ['2 + 3', 'float[1, 6]'], () => ops.split(zeros(1, 6), { sizes: [2, 3] })],
  ['a row that is not there', 'TFM5404', ['row 3', '3 rows'], () => ops.at(zeros(1, 3, 2), { index: 3 })],
  ['a head longer than the sequence', 'TFM5404', ['3 rows'], () => ops.head(zeros(1, 3, 2), { count: 4 })],
  [
    'an image that patches do not fill',
    'TFM5404',
    ['float[1, 5, 4, 3]', 'multiples of 2'],
    () => ops.patches(zeros(1, 5, 4, 3), { size: 2 }),
  ],
  [
    'a sequence that is no image',
    'TFM5404',
    ['crop_or_pad', 'float[1, 6, 3]'],
    () => ops.cropOrPad(zeros(1, 6, 3), { rows: 2, columns: 2 }),
  ],
  [
    'a table of another size than its grid',
    'TFM5404',
    ['resize', 'float[12, 3]', 'a grid of 3 × 5'],
    () => ops.resize(zeros(12, 3), { rows: 2, columns: 2, from: [3, 5] }),
  ],
  ['pieces that do not divide', 'TFM5404', ['multiple of 4'], () => ops.maxout(zeros(1, 6), { pieces: 4 })],
  [
    'a product that does not fit',
    'TFM5404',
    ['float[2, 3]', 'float[4, 2]'],
    () => ops.matmul(zeros(2, 3), zeros(4, 2)),
  ],
  ['a copy that is not there', 'TFM5404', ['item 2', 'list of 2'], () => ops.element([1, 2], { index: 2 })],
  [
    'a vector for a score',
    'TFM5406',
    ['vector'],
    () => ops.attend(zeros(1, 2, 1, 4), zeros(1, 2, 1, 4), zeros(1, 2, 1, 4), { score: f.score(({ query }) => query) }),
  ],
  [
    'a score in an elementwise function',
    'TFM5406',
    ['score so far'],
    () =>
      ops.apply(
        f.score(({ s }) => f.tanh(s)),
        zeros(2),
      ),
  ],
  [
    'too few indices',
    'TFM5406',
    ['1 indices', 'float[2, 2, 2]'],
    () =>
      ops.attend(zeros(1, 2, 1, 4), zeros(1, 2, 1, 4), zeros(1, 2, 1, 4), {
        score: f.score(({ q }) => f.lookup(zeros(2, 2, 2), [q])),
      }),
  ],
];

describe('mistakes are named', () => {
  test.each(mistakes)('%s', (_, code, words, run) => {
    expect(run).toThrow(ops.TfmError);
    try {
      run();
    } catch (error) {
      expect(error).toMatchObject({ code });
      for (const word of words) expect((error as Error).message).toContain(word);
    }
    expect.hasAssertions();
  });
});
