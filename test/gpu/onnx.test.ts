import { beforeAll, expect, test } from 'vitest';
import { useBackend } from '../../runtime/src/index.js';
import { onnxCases } from '../support/onnx.js';
import { isCovered, onnxOutcome } from '../support/onnx-operators.js';
import { keptAside } from '../support/onnx-variants.js';

beforeAll(async () => {
  expect(await useBackend('webgpu')).toBe('webgpu');
});

test.each([...onnxCases().filter(isCovered), ...keptAside()])('$case', async (of) => {
  const { shapes, expectedShapes, error, limit } = await onnxOutcome(of, 1e-4);
  expect(shapes).toEqual(expectedShapes);
  expect(error).toBeLessThan(limit);
});
