import { expect, test } from 'vitest';
import { instantiate } from '../../../compiler/src/explain/index.js';
import { modelOf } from './kit.js';

/** What is wrong with a configuration of a model whose layer is that wide. */
function problems(size: string, settings: Record<string, unknown>): string[] {
  const parameters = 'width = 12, heads = 3, wide = false';
  const model = modelOf(
    `model M(${parameters}) { input x: float[B, width] output y = x -> linear(${size}) as first -> linear(heads) as last
       output z = x -> linear(if wide then width else heads) as third }`,
  );
  return instantiate(model, settings).problems.map(({ message }) => message);
}

test('a division in a size is whole, or the configuration is refused', () => {
  expect(problems('width / heads', { width: 9 })).toEqual([]);
  expect(problems('width / heads', { width: 10 })).toEqual([
    'width / heads must be whole; 10 / 3 is 3.3333333333333335',
  ]);
});

test('what is rounded need not be whole', () => {
  expect(problems('floor((floor(width / heads) + 7) / 8) * 8', { width: 10 })).toEqual([]);
});

test('nor what is in the arm that is not taken', () => {
  expect(problems('if wide then width / heads else width', { width: 10 })).toEqual([]);
  expect(problems('if wide then width / heads else width', { width: 10, wide: true })).toHaveLength(1);
});
