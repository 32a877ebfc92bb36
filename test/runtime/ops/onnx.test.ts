import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../../../runtime/src/index.js';
import { onnxCases } from '../../support/onnx.js';
import { isCovered, onnxOutcome, uncovered } from '../../support/onnx-operators.js';
import { keptAside } from '../../support/onnx-variants.js';

test('every case is run, but for operators that are listed with the reason', () => {
  const left = onnxCases().filter((of) => !isCovered(of));
  expect(new Set(left.map(({ op }) => op))).toEqual(new Set(Object.keys(uncovered)));
  expect(left).toHaveLength(7);
  expect(onnxCases().length - left.length).toBe(165);
});

describe.each(['cpu', 'wasm'] as const)('%s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
  });

  test.each([...onnxCases().filter(isCovered), ...keptAside()])('$case', async (of) => {
    const { shapes, expectedShapes, error, limit } = await onnxOutcome(of, 1e-5);
    expect(shapes).toEqual(expectedShapes);
    expect(error).toBeLessThan(limit);
  });
});
